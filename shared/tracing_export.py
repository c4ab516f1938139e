"""What comes into a trace from outside, and the last step before a span leaves the process: a copy that holds only what is allowed."""

from collections.abc import Sequence
from typing import Any

from opentelemetry.context import Context
from opentelemetry.propagators.textmap import CarrierT, Getter, default_getter
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import SpanContext, Status
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

ALLOWED = frozenset(
    [
        "http.request.method",
        "http.route",
        "http.response.status_code",
        "error.type",
        "messaging.system",
        "messaging.operation.type",
        "messaging.destination.name",
        "messaging.destination.partition.id",
        "messaging.consumer.group.name",
        "xiansuo.event_type",
    ]
)
"""Attributes that a span may carry: names of ours and numbers. Paths, query strings, headers, statements and ids are not among them."""


class OfCallers(TraceContextTextMapPropagator):
    """Goes on with the trace of a request that shows a token. Whoever shows none may be a reporter; the number of a trace that his device
    began is known to its maker's servers, too, and would tell who he is (G1)."""

    def extract(
        self, carrier: CarrierT, context: Context | None = None, getter: Getter[CarrierT] = default_getter
    ) -> Context:
        if not getter.get(carrier, "authorization"):
            return context or Context()
        return super().extract(carrier, context, getter)


class OnlyAllowed(SpanExporter):
    """Passes spans on without what is not on the list, whichever library wrote it."""

    def __init__(self, wire: SpanExporter) -> None:
        self.wire = wire

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return self.wire.export([_bare(span) for span in spans])

    def shutdown(self) -> None:
        self.wire.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self.wire.force_flush(timeout_millis)


def _bare(span: ReadableSpan) -> ReadableSpan:
    kept: dict[str, Any] = {name: value for name, value in (span.attributes or {}).items() if name in ALLOWED}
    return ReadableSpan(
        name=span.name,
        context=_stateless(span.get_span_context()),
        parent=_stateless(span.parent),
        resource=span.resource,
        attributes=kept,
        kind=span.kind,
        # without its description, which quotes an exception; events do the same and are left out whole, as are links
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _stateless(context: SpanContext | None) -> SpanContext | None:
    """Trace state comes from a caller's header and can hold anything."""
    if context is None:
        return None
    return SpanContext(context.trace_id, context.span_id, context.is_remote, context.trace_flags)
