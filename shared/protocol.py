"""What cannot be read as HTTP is answered as a problem, too (RFC 9457): uvicorn would say so in plain text before any app is asked. It has
no setting for its words, but takes a class for its protocol."""

import json

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from shared.errors import Malformed

_UNREADABLE = Malformed(
    "请求不是有效的HTTP,例如请求行有误或请求头含有控制字符 / "
    "not valid HTTP: a broken request line, or control characters in a header, for example"
)
_BODY = json.dumps(
    {
        "type": "about:blank",
        "title": _UNREADABLE.title,
        "status": _UNREADABLE.status,
        "detail": _UNREADABLE.detail,
        "code": _UNREADABLE.code,
        "errors": [],
    },
    ensure_ascii=False,
    separators=(",", ":"),
).encode()


class Protocol(HttpToolsProtocol):
    """HTTP/1.1 as uvicorn reads it, with an answer of our own to what it cannot read."""

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - the library's signature
        """Answer and hang up; where the next request would begin is not known. `msg`: uvicorn's own words."""
        headers = [
            *self.server_state.default_headers,
            (b"content-type", b"application/problem+json"),
            (b"content-length", str(len(_BODY)).encode()),
            (b"connection", b"close"),
        ]
        lines = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
        self.transport.write(b"HTTP/1.1 400 Bad Request\r\n" + lines + b"\r\n" + _BODY)
        self.transport.close()
