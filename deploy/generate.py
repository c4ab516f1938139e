"""`python -m deploy.generate [--check]`: JSON Schemas, docs/events.md and docs/asyncapi.yaml, made from the contracts and the topic matrix.

With `--check` nothing is written; exit 1 names what is stale.
"""

import inspect
import json
import sys
from pathlib import Path
from typing import Any

import yaml

from deploy.kafka.rights import rights
from shared.contracts.catalogue import EVENT_CLASSES
from shared.contracts.envelope import Envelope, Event, SealedEvent, schema_of
from shared.contracts.topics import SERVICES, TOPICS, Topic

ROOT = Path(__file__).resolve().parents[1]
CONTRACTS = Path("shared/contracts")
_GENERATED = "Made by `make generate` from shared/contracts; do not edit."


def generated() -> dict[Path, str]:
    """Path (relative to the project) → text, of every generated file."""
    files = {CONTRACTS / "schemas" / "envelope.v1.json": _json(_strict(Envelope.model_json_schema()))}
    for event in EVENT_CLASSES:
        files[CONTRACTS / schema_of(event.TYPE)] = _json(schema(event))
    files[Path("docs/events.md")] = _events_page()
    files[Path("docs/asyncapi.yaml")] = f"# {_GENERATED}\n" + yaml.safe_dump(
        asyncapi(), allow_unicode=True, sort_keys=False, width=140
    )
    return files


def schema(event: type[Event]) -> dict[str, Any]:
    """The JSON Schema of an event's `data`."""
    found = _strict(event.model_json_schema(mode="serialization"))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": schema_of(event.TYPE), **found}


def _strict(found: Any) -> Any:
    """Without the titles that pydantic makes of names; they say nothing."""
    if isinstance(found, dict):
        return {key: _strict(value) for key, value in found.items() if key != "title" or not isinstance(value, str)}
    return [_strict(value) for value in found] if isinstance(found, list) else found


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI 3 document: one channel a topic, one operation a writer or reader."""
    channels = {
        topic.name: {
            "address": topic.name,
            "description": topic.about,
            "messages": {_name(event): {"$ref": f"#/components/messages/{_name(event)}"} for event in _on(topic)},
            "bindings": {
                "kafka": {
                    "partitions": topic.partitions,
                    "topicConfiguration": {"retention.ms": topic.retention_days * 86_400_000},
                    "bindingVersion": "0.5.0",
                }
            },
        }
        for topic in TOPICS.values()
    }
    operations = {}
    for topic in TOPICS.values():
        channel = {"$ref": f"#/channels/{topic.name}"}
        operations[f"{topic.writer}.send.{topic.name}"] = {"action": "send", "channel": channel}
        for reader in topic.readers:
            operations[f"{reader}.receive.{topic.name}"] = {"action": "receive", "channel": channel}
    messages = {
        _name(event): {
            "name": event.TYPE,
            "summary": _says(event),
            "contentType": "application/cloudevents+json",
            "payload": {
                "allOf": [
                    {"$ref": "../shared/contracts/schemas/envelope.v1.json"},
                    {"properties": {"data": {"$ref": f"../shared/contracts/{schema_of(event.TYPE)}"}}},
                ]
            },
        }
        for event in EVENT_CLASSES
    }
    info = {"title": "线索管理平台 lead events", "version": "1", "description": "CloudEvents 1.0, structured JSON."}
    return {
        "asyncapi": "3.0.0",
        "info": info,
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages},
    }


def _events_page() -> str:
    lines = [
        "# Events: who says what, and who hears it",
        "",
        _GENERATED,
        "",
        "Every record is a CloudEvent 1.0 in structured JSON. `subject` is the aggregate's id, `sequence` counts its events from 1",
        "without a gap, `partitionkey` (the Kafka key) is the lead's id. A service's consumer group has the service's name.",
        "",
        "## Topics",
        "",
        "| topic | says | hear | partitions | days kept | holds |",
        "|---|---|---|---|---|---|",
        *(
            f"| `{t.name}` | {t.writer} | {', '.join(t.readers)} | {t.partitions} | {t.retention_days} | {t.about} |"
            for t in TOPICS.values()
        ),
        "",
        "## Events",
    ]
    for topic in TOPICS.values():
        for event in _on(topic):
            lines += ["", f"### {_name(event)}", "", f"`{event.TYPE}` on `{topic.name}`. {_says(event)}", ""]
            lines += [f"- subject: `{event.SUBJECT}`"]
            if event.DAY_PRECISION:
                lines.append("- times are cut to the day in China, the record's timestamp on the broker too")
            lines += [_field(event, name) for name in event.model_fields]
    lines += ["", "## Rights on Kafka", "", "What is not listed is denied.", ""]
    lines += ["| service | writes | reads | consumer group |", "|---|---|---|---|"]
    for service in SERVICES:
        own = [right for right in rights() if right.principal == service and right.kind == "topic"]
        writes = ", ".join(f"`{right.name}`" for right in own if right.operation == "WRITE") or "–"
        reads = ", ".join(f"`{right.name}`" for right in own if right.operation == "READ") or "–"
        lines.append(f"| {service} | {writes} | {reads} | `{service}` |")
    return "\n".join(lines) + "\n"


def _field(event: type[Event], name: str) -> str:
    field = event.model_fields[name]
    kind = "sealed box for one receiver" if issubclass(event, SealedEvent) and name == "sealed" else _kind(event, name)
    return f"- `{name}`: {kind}" + ("" if field.is_required() else ", optional")


def _kind(event: type[Event], name: str) -> str:
    found = event.model_json_schema(mode="serialization")["properties"][name]
    options = [option for option in found.get("anyOf", [found]) if option.get("type") != "null"]
    first = options[0]
    if "$ref" in first:
        return str(first["$ref"].rsplit("/", 1)[-1])
    if "enum" in first:
        return " / ".join(map(str, first["enum"]))
    if first.get("type") == "array":
        return "list of " + str(first["items"].get("type", "values"))
    return str(first.get("format", first.get("type", "value")))


def _on(topic: Topic) -> list[type[Event]]:
    return [event for event in EVENT_CLASSES if topic.name == event.TOPIC]


def _name(event: type[Event]) -> str:
    return event.__name__


def _says(event: type[Event]) -> str:
    return " ".join((inspect.getdoc(event) or "").split())


def _json(content: dict[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def main() -> int:
    """Write, or with `--check` compare."""
    files = generated()
    here = {path.relative_to(ROOT) for path in (ROOT / CONTRACTS / "schemas").glob("*.json")}
    stale = [path for path, text in files.items() if not _same(ROOT / path, text)]
    left = sorted(here - set(files))
    if "--check" in sys.argv[1:]:
        for path in stale + left:
            print(f"{path}: stale; run `make generate`")
        return 1 if stale or left else 0
    for path in stale:
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(files[path], "utf-8")
        print(path)
    for path in left:
        (ROOT / path).unlink()
    return 0


def _same(path: Path, text: str) -> bool:
    return path.exists() and path.read_text("utf-8") == text


if __name__ == "__main__":
    sys.exit(main())
