"""What cannot be read as HTTP is answered as a problem, too (RFC 9457): uvicorn would say so in plain text before any app is asked. It has
no setting for its words, nor for how much a head may hold or how long it may take, nor does it miss a Host, but takes a class for its
protocol."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from shared.errors import Malformed, Refused

MOST_HEAD = 64 * 1024
"""Bytes that a request may have beside its body: request line, headers, trailers. A longer one is kept in memory for nobody."""
A_BYTE = 8
"""So many more for each byte of the body, for who sends it in very small chunks."""

PATIENCE = 30.0
"""Seconds until a head is whole, and between two parts of a body: who sends slower would keep a place for ever."""


class HeadTooLarge(Refused):
    """Nobody's headers are that long."""

    status, code, zh, en = 431, "head-too-large", "请求头过大", "The headers are too large"


class TooSlow(Refused):
    """What began to be sent did not come on."""

    status, code, zh, en = 408, "too-slow", "请求超时", "The request came too slowly"


_UNREADABLE = Malformed(
    "请求不是有效的HTTP,例如请求行有误、网址中的中文未作百分号编码或请求头含有控制字符 / "
    "not valid HTTP: a broken request line, Chinese in an address that is not percent-encoded, control characters in a header, "
    "for example"
)
_TOO_LARGE = HeadTooLarge(f"请求头超过{MOST_HEAD // 1024}KB / the headers hold more than {MOST_HEAD // 1024} KB")
_TOO_SLOW = TooSlow(f"{PATIENCE:.0f}秒内未收到请求的后续内容 / no more of the request came in {PATIENCE:.0f} seconds")
_NOT_ADDRESSED = Malformed("请求头Host应有且只有一个 / there must be one Host header, and only one")
_PHRASES = {400: b"Bad Request", 408: b"Request Timeout", 431: b"Request Header Fields Too Large"}


class Protocol(HttpToolsProtocol):
    """HTTP/1.1 as uvicorn reads it, with an answer of our own to what it cannot read."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._came, self._body = 0, 0
        self._begun, self._in_head, self._since = False, True, 0.0
        self._watch: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """From here on something is to come."""
        super().connection_made(transport)
        self._since = self.loop.time()
        self._watch = self.loop.call_later(PATIENCE, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is waited for any more."""
        if self._watch is not None:
            self._watch.cancel()
        super().connection_lost(exc)

    def _look(self) -> None:
        """One timer a connection, wound up anew when it was not the client that kept us waiting: none for each request."""
        now = self.loop.time()
        cycle: RequestResponseCycle | None = self.cycle
        answering = cycle is not None and not cycle.response_complete and not cycle.more_body
        between = cycle is not None and cycle.response_complete and not self._in_head
        if self.transport.is_closing():
            return
        # a body that is not read on waits for us; between two requests the server's own limit counts
        if answering or between or self.flow.read_paused:
            self._since = now
        left = self._since + PATIENCE - now
        if left > 0:
            self._watch = self.loop.call_later(left, self._look)
        elif self._begun:
            self._refuse(_TOO_SLOW)
        else:
            self.transport.close()

    def data_received(self, data: bytes) -> None:
        """What a request brings beside its body is counted before it is kept."""
        self._came += len(data)
        if not self._in_head:
            self._since = self.loop.time()
        super().data_received(data)
        if self._came - self._body > MOST_HEAD + A_BYTE * self._body and not self.transport.is_closing():
            self._refuse(_TOO_LARGE)

    def on_message_begin(self) -> None:
        """The next request is counted from here; what came with it in one read is not."""
        super().on_message_begin()
        self._came, self._body = 0, 0
        self._begun, self._in_head, self._since = True, True, self.loop.time()

    def on_headers_complete(self) -> None:
        """Who does not say once whom the request is for is answered in its turn, in place of the app (RFC 9112 §3.2)."""
        self._in_head = False
        served = self.app
        if self.parser.get_http_version() == "1.1" and sum(name == b"host" for name, _ in self.headers) != 1:
            self.app = _not_addressed
        super().on_headers_complete()
        self.app = served

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self._body += len(body)
        super().on_body(body)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - the library's signature
        """`msg`: uvicorn's own words."""
        self._refuse(_UNREADABLE)

    def _refuse(self, refused: Refused) -> None:
        """Answer and hang up; where the next request would begin is not known. What came whole before is answered first, and nothing
        else then: that it was refused would be said of what is done."""
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_complete:
            if not cycle.more_body:
                cycle.keep_alive = False  # hangs up by itself behind its answer
                self.flow.pause_reading()
                return
            if cycle.response_started or self.pipeline:
                self.transport.close()
                return
        body = _problem(refused)
        headers = [*self.server_state.default_headers, *_headers(body), (b"connection", b"close")]
        lines = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
        self.transport.write(
            b"HTTP/1.1 %d %s\r\n" % (refused.status, _PHRASES[refused.status]) + lines + b"\r\n" + body
        )
        self.transport.close()


async def _not_addressed(_: Any, __: Any, send: Callable[[Any], Awaitable[None]]) -> None:
    body = _problem(_NOT_ADDRESSED)
    await send({"type": "http.response.start", "status": 400, "headers": _headers(body)})
    await send({"type": "http.response.body", "body": body})


def _headers(body: bytes) -> list[tuple[bytes, bytes]]:
    return [(b"content-type", b"application/problem+json"), (b"content-length", str(len(body)).encode())]


def _problem(refused: Refused) -> bytes:
    problem = {
        "type": "about:blank",
        "title": refused.title,
        "status": refused.status,
        "detail": refused.detail,
        "code": refused.code,
        "errors": [],
    }
    return json.dumps(problem, ensure_ascii=False, separators=(",", ":")).encode()
