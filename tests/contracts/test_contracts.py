"""The contracts as others rely on them: examples on file, schemas that never break a reader, nothing personal, documents fresh."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from deploy.generate import ROOT, generated, schema
from shared.contracts.catalogue import BY_TYPE, EVENT_CLASSES
from shared.contracts.envelope import Event, decode, encode, parse, schema_of
from shared.contracts.topics import TOPICS

HERE = Path(__file__).parent
GOLDEN = {path.stem: path for path in (HERE / "golden").glob("*.json")}
PUBLISHED = {path.stem: path for path in (HERE / "published").glob("*.json")}
Schema = dict[str, Any]


def test_every_event_has_an_example_and_a_published_schema() -> None:
    assert set(GOLDEN) == set(PUBLISHED) == set(BY_TYPE)


@pytest.mark.parametrize("kind", sorted(GOLDEN))
def test_an_example_is_read_and_written_unchanged_and_fits_its_schema(kind: str) -> None:
    text = json.loads(GOLDEN[kind].read_text("utf-8"))
    envelope = decode(json.dumps(text).encode())
    event = parse(BY_TYPE, envelope)
    assert event is not None
    assert event.model_dump(mode="json") == text["data"]
    assert json.loads(encode(envelope)) == text
    for name, body in (("envelope.v1.json", text), (Path(schema_of(kind)).name, text["data"])):
        found = json.loads((ROOT / "shared/contracts/schemas" / name).read_text("utf-8"))
        Draft202012Validator.check_schema(found)
        Draft202012Validator(found, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(body)
    if type(event).DAY_PRECISION:
        assert text["time"].endswith("T16:00:00Z"), "midnight in China: the hour could tell who reported"


@pytest.mark.parametrize("event", EVENT_CLASSES, ids=lambda event: event.TYPE)
def test_names_follow_one_pattern(event: type[Event]) -> None:
    _, service, aggregate, verb, version = event.TYPE.split(".")
    assert TOPICS[event.TOPIC].writer == service
    assert event.TOPIC.startswith(f"{service}.")
    assert aggregate
    assert verb
    assert version == "v1"
    assert event.SUBJECT in event.model_fields


def plain(part: Any, defs: Schema) -> Any:
    """A schema without descriptions and references, so that only its meaning is compared."""
    if isinstance(part, list):
        return [plain(value, defs) for value in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        return plain(defs[part["$ref"].rsplit("/", 1)[1]], defs)
    return {key: plain(value, defs) for key, value in part.items() if key not in ("description", "$defs", "$id")}


def breaks(old: Schema, new: Schema) -> list[str]:
    """Why readers of `old` could not read what a writer of `new` says, or the other way round. New optional fields break nobody."""
    before, after = plain(old, old.get("$defs", {})), plain(new, new.get("$defs", {}))
    found = [f"{name} is no longer always there" for name in set(before["required"]) - set(after["required"])]
    found += [f"{name} is newly required" for name in set(after["required"]) - set(before["required"])]
    for name, meaning in before["properties"].items():
        if name not in after["properties"]:
            found.append(f"{name} is gone")
        elif after["properties"][name] != meaning:
            found.append(f"{name} means something else")
    return sorted(set(found))


@pytest.mark.parametrize("event", EVENT_CLASSES, ids=lambda event: event.TYPE)
def test_no_published_event_changes_under_its_readers(event: type[Event]) -> None:
    published = json.loads(PUBLISHED[event.TYPE].read_text("utf-8"))
    assert breaks(published, schema(event)) == [], "make a .v2 beside it"


def test_a_change_that_breaks_readers_is_noticed_and_an_addition_is_not() -> None:
    old: Schema = {
        "required": ["a"],
        "properties": {"a": {"enum": ["x"]}, "b": {"$ref": "#/$defs/B"}},
        "$defs": {"B": {"type": "string"}},
    }
    added = old | {"properties": {**old["properties"], "c": {"type": "string"}}}
    assert breaks(old, added) == []
    assert breaks(old, old | {"required": []}) == ["a is no longer always there"]
    assert breaks(old, added | {"required": ["a", "c"]}) == ["c is newly required"]
    assert breaks(old, old | {"properties": {"a": {"enum": ["x", "y"]}, "b": {"type": "string"}}}) == [
        "a means something else"
    ]
    assert breaks(old, old | {"properties": {"a": {"enum": ["x"]}}}) == ["b is gone"]


def free_texts(part: Any, path: str = "") -> Iterator[str]:
    """Places of a schema where any text could stand, a name or a telephone number too."""
    if isinstance(part, list):
        for value in part:
            yield from free_texts(value, path)
    elif isinstance(part, dict):
        bound = {"pattern", "enum", "const", "format"} & set(part)
        if (part.get("type") == "string" and not bound) or part.get("additionalProperties") is True:
            yield path
        for key, value in part.items():
            yield from free_texts(value, f"{path}/{key}")


def test_no_event_can_carry_a_text_that_a_person_typed() -> None:
    assert {event.TYPE: list(free_texts(schema(event))) for event in EVENT_CLASSES} == {kind: [] for kind in BY_TYPE}
    assert list(free_texts({"properties": {"name": {"type": "string"}}})) == ["/properties/name"]


@pytest.mark.parametrize("hostile", ["张三", "13800000000 张三", "a b", "<b>", "x" * 65, ""])
def test_a_code_takes_no_name_and_no_sentence(hostile: str) -> None:
    kind = "xiansuo.intake.lead.assigned.v1"
    text = json.loads(GOLDEN[kind].read_text("utf-8"))
    text["data"]["unit"] = hostile
    with pytest.raises(ValueError, match="unit: string_pattern_mismatch") as refused:
        parse(BY_TYPE, decode(json.dumps(text).encode()))
    assert hostile == "" or hostile not in str(refused.value)


def test_generated_files_are_fresh() -> None:
    stale = [str(path) for path, text in generated().items() if (ROOT / path).read_text("utf-8") != text]
    assert stale == []
