"""OpenTelemetry traces, off unless an OTLP endpoint is set; off, each call here is one look at a boolean and nothing is imported.

A trace holds names of ours (a route's pattern, a topic, a service), numbers and times. Everything else is taken out on its way to the
exporter, whoever put it there: attributes that are not on the list, events (which quote exceptions), descriptions, trace state.
"""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

on = False
"""Whether this process traces."""
_provider: Any = None
_tracer: Any = None
_NOTHING = nullcontext()


def configure(*, service: str, role: str, endpoint: str | None, exporter: Any = None) -> None:
    """Trace this process to the OTLP/HTTP collector at `endpoint` (its base address); None leaves tracing off."""
    global on, _provider, _tracer  # noqa: PLW0603 - a process traces or does not
    if endpoint is None and exporter is None:
        return
    from opentelemetry import propagate
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    from shared.tracing_export import OfCallers, OnlyAllowed

    wire = exporter or OTLPSpanExporter(endpoint=f"{str(endpoint).rstrip('/')}/v1/traces", timeout=5)
    resource = Resource({"service.name": f"xiansuo-{service}", "service.namespace": "xiansuo", "xiansuo.role": role})
    with _unknown_to_children():
        _provider = TracerProvider(resource=resource)
        _provider.add_span_processor(BatchSpanProcessor(OnlyAllowed(wire), schedule_delay_millis=1000))
    _tracer = _provider.get_tracer("xiansuo")
    propagate.set_global_textmap(OfCallers())
    on = True


@contextmanager
def _unknown_to_children() -> Iterator[None]:
    """What is made inside does nothing in a child. It would begin a thread there; uvloop's child, between fork and exec, would wait for
    that thread for ever, and the whole process for the child. No child of ours goes on without exec."""
    register = os.register_at_fork
    os.register_at_fork = lambda **_: None
    try:
        yield
    finally:
        os.register_at_fork = register


def fastapi(root: str) -> dict[str, Any]:
    """What FastAPI's own tracing is told: one span a request of the service's API, nothing else, never from its environment variables."""
    quiet = {"metrics": False, "logs": False, "operation_spans": False, "auto_configure": False}
    if not on:
        return {**quiet, "tracing": False}
    return {**quiet, "tracer_provider": _provider, "exclude": lambda scope: not scope["path"].startswith(f"{root}/v1/")}


def traceparent() -> str | None:
    """The current span as W3C Trace Context, to be kept with what is said now; None when there is none, or it is not sampled."""
    if not on:
        return None
    from opentelemetry.trace import get_current_span

    context = get_current_span().get_span_context()
    if not context.is_valid or not context.trace_flags.sampled:
        return None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-01"


def trace_id() -> str | None:
    """The current trace, for log lines."""
    parent = traceparent()
    return parent[3:35] if parent else None


def within(name: str) -> AbstractContextManager[Any]:
    """A part of the current trace; nothing when there is none (the worker's own polling makes no traces)."""
    if not on or traceparent() is None:
        return _NOTHING
    span: AbstractContextManager[Any] = _tracer.start_as_current_span(
        name, record_exception=False, set_status_on_exception=False
    )
    return span


def continued(parent: str | None, name: str, attributes: Mapping[str, str | int]) -> AbstractContextManager[None]:
    """Go on with a trace that came with an event; what is said inside carries it further."""
    return _continued(parent, name, attributes) if on and parent is not None else _NOTHING


@contextmanager
def _continued(parent: str, name: str, attributes: Mapping[str, str | int]) -> Iterator[None]:
    from opentelemetry.trace import SpanKind, StatusCode

    with _tracer.start_as_current_span(
        name, _context(parent), SpanKind.CONSUMER, attributes, record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield
        except Exception as fault:
            span.set_attribute("error.type", type(fault).__name__)
            span.set_status(StatusCode.ERROR)
            raise


def now() -> int:
    """The instant as spans count it, in nanoseconds."""
    return time.time_ns()


def published(parents: Sequence[tuple[str, str, int]], began: int) -> None:
    """Put on record that events (traceparent, topic, partition) were sent since `began` and are acknowledged now."""
    from opentelemetry.trace import SpanKind

    for parent, topic, partition in parents:
        attributes = {
            "messaging.system": "kafka",
            "messaging.operation.type": "send",
            "messaging.destination.name": topic,
            "messaging.destination.partition.id": str(partition),
        }
        _tracer.start_span(f"publish {topic}", _context(parent), SpanKind.PRODUCER, attributes, start_time=began).end()


def _context(parent: str) -> Any:
    from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

    _, trace, span, flags = parent.split("-")
    return set_span_in_context(
        NonRecordingSpan(
            SpanContext(int(trace, 16), int(span, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16)))
        )
    )


def close() -> None:
    """Send what is left, within a few seconds; called when the process ends."""
    if on:
        _provider.shutdown()
