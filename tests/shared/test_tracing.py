"""Tracing: nothing when off, and on, only what is allowed leaves the process."""

import json
import subprocess
import sys
from contextlib import suppress
from uuid import uuid4

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Status, StatusCode

from shared.contracts.envelope import decode, encode
from shared.contracts.intake import LeadClassified
from shared.tracing_export import OnlyAllowed
from tests.support.builders import NOON, envelope
from tests.support.postgres import ROOT

SECRET = "张三 13800000000"
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def in_another_process(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout


def test_off_nothing_of_the_sdk_is_imported_and_no_call_does_anything() -> None:
    told = in_another_process("""
import sys
import services.intake.app, services.intake.worker
from shared import tracing
tracing.configure(service="intake", role="api", endpoint=None)
with tracing.within("x"), tracing.continued("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "x", {}):
    print(tracing.on, tracing.traceparent(), tracing.fastapi("/intake")["tracing"])
print([name for name in sys.modules if name.startswith(("opentelemetry.sdk", "opentelemetry.exporter", "requests"))])
""")
    assert told == "False None False\n[]\n"


def test_only_allowed_attributes_leave_and_no_exception_description_link_or_state() -> None:
    wire = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(OnlyAllowed(wire)))
    tracer = provider.get_tracer("any library")
    asked = {"db.statement": SECRET, "url.query": SECRET, "http.route": "/leads/{lead_id}"}
    with suppress(ValueError), tracer.start_as_current_span("statement", attributes=asked) as span:
        span.set_attribute("http.request.header.x", SECRET)
        span.add_event(SECRET)
        span.set_status(Status(StatusCode.ERROR, SECRET))
        raise ValueError(SECRET)
    [seen] = wire.get_finished_spans()
    assert dict(seen.attributes or {}) == {"http.route": "/leads/{lead_id}"}
    assert (seen.events, seen.links, seen.status.description) == ((), (), None)
    assert not seen.status.is_ok
    assert "张三" not in seen.to_json(indent=None)


def test_what_happens_inside_a_continued_trace_belongs_to_it_and_is_marked_when_it_fails() -> None:
    told = in_another_process(f"""
import json
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from shared import telemetry, tracing
wire = InMemorySpanExporter()
tracing.configure(service="intake", role="worker", endpoint=None, exporter=wire)
telemetry.configure(service="intake", role="worker")
import structlog
try:
    with tracing.continued("{PARENT}", "apply intake.leads", {{"messaging.destination.name": "intake.leads"}}):
        print(tracing.traceparent())
        structlog.get_logger("x").info("told", count=1)
        raise KeyError("{SECRET}")
except KeyError:
    pass
with tracing.within("nothing"):
    structlog.get_logger("x").info("told", count=2)
tracing.close()
print(json.dumps([json.loads(span.to_json()) for span in wire.get_finished_spans()]))
""")
    inside, first, second, spans = told.splitlines()
    assert inside[3:35] == PARENT[3:35]
    assert inside[36:52] != PARENT[36:52]
    assert json.loads(first)["trace_id"] == PARENT[3:35]
    assert "trace_id" not in json.loads(second)
    [span] = json.loads(spans)
    assert span["parent_id"] == "0x" + PARENT[36:52]
    assert span["attributes"] == {"messaging.destination.name": "intake.leads", "error.type": "KeyError"}
    assert "张三" not in spans


@pytest.mark.parametrize(
    "broken", ["", "x", 7, None, PARENT.upper(), PARENT + "\n", "00-" + "0" * 32 + PARENT[35:], SECRET]
)
def test_a_trace_that_cannot_be_read_is_forgotten_and_never_parks_an_event(broken: object) -> None:
    event = LeadClassified(
        lead_id=uuid4(), tier="evil", level="key", area_codes=("site",), manifestation_codes=(), effective_at=NOON
    )
    read = decode(envelope(event, 1, traceparent=broken))
    assert read.traceparent is None
    assert "traceparent" not in json.loads(encode(read))
    assert decode(envelope(event, 1, traceparent=PARENT)).traceparent == PARENT
