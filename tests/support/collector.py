"""A little OTLP/HTTP collector on loopback: takes what processes export and shows it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


@dataclass(frozen=True, slots=True)
class Seen:
    """One span as it arrived."""

    service: str
    name: str
    trace: str
    id: str
    parent: str
    attributes: dict[str, str]


class Collector:
    """What has arrived so far: the raw bodies and their spans."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.paths: set[str] = set()
        self.endpoint = ""

    def spans(self) -> list[Seen]:
        """All spans."""
        return [span for body in list(self.bodies) for span in _spans(body)]

    def text(self) -> str:
        """Everything that arrived, for searching; ids as they are written."""
        ids = [f"{span.trace} {span.parent}" for span in self.spans()]
        whole = [
            str(ExportTraceServiceRequest.FromString(body)) + body.decode("utf-8", "replace") for body in self.bodies
        ]
        return "\n".join(whole + ids)

    def raw(self) -> bytes:
        """The same as it came, which is quicker to search."""
        ids = " ".join(f"{span.trace} {span.parent}" for span in self.spans())
        return b"\n".join([*self.bodies, ids.encode()])


def _spans(body: bytes) -> Iterator[Seen]:
    for group in ExportTraceServiceRequest.FromString(body).resource_spans:
        resource = {item.key: item.value.string_value for item in group.resource.attributes}
        for scope in group.scope_spans:
            for span in scope.spans:
                attributes = {
                    item.key: item.value.string_value or str(item.value.int_value) for item in span.attributes
                }
                yield Seen(
                    resource["service.name"],
                    span.name,
                    span.trace_id.hex(),
                    span.span_id.hex(),
                    span.parent_span_id.hex(),
                    attributes,
                )


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector at work on a free port."""
    collector = Collector()

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.headers["Content-Type"] == "application/x-protobuf"
            collector.paths.add(self.path)
            collector.bodies.append(body)
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Silence."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        collector.endpoint = f"http://127.0.0.1:{server.server_port}"
        yield collector
        server.shutdown()
        thread.join()
