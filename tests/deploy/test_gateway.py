"""The one origin of the one machine: what it refuses itself is a problem too, and what it passes on arrives."""

import asyncio
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from deploy.local.gateway import create


async def _keys(_: Request) -> JSONResponse:
    return JSONResponse({})


def door(**services: str) -> httpx.AsyncClient:
    issuer = Starlette(routes=[Route("/keys", _keys)])
    app = create(services, {}, issuer)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://gateway")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("TRACE", "/intake/v1/leads", 405),
        ("POST", "/healthz", 405),
        ("POST", "/", 405),
        ("POST", "/issuer/keys", 405),
        ("GET", "/issuer/none", 404),
        ("GET", "/none", 404),
    ],
)
async def test_what_the_gateway_itself_refuses_is_a_problem(method: str, path: str, status: int) -> None:
    async with door(intake="http://127.0.0.1:9") as client:
        answer = await client.request(method, path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.json()["status"] == status
    assert " / " in answer.json()["title"]
    assert ("Allow" in answer.headers) == (status == 405)


async def test_blanks_around_a_header_value_are_no_fault_of_the_service() -> None:
    heard: list[bytes] = []

    async def service(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(service, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    app = create({"intake": f"http://127.0.0.1:{port}"}, {})
    async with server, app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            answer = await client.get("/intake/v1/codes", headers={"X-Probe": "\t value \t"})
    assert answer.status_code == 204, answer.text
    assert b"x-probe: value\r\n" in heard[0].lower()


@pytest.mark.parametrize("fault", [httpx.ConnectError("refused"), AttributeError("getpeername")], ids=["away", "lost"])
async def test_a_service_that_dies_while_it_is_asked_is_away(fault: Exception) -> None:
    async def ask(_: httpx.Request) -> httpx.Response:
        raise fault

    app = create({"intake": "http://127.0.0.1:9"}, {})
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://gateway") as client,
    ):
        app.state.client = httpx.AsyncClient(transport=httpx.MockTransport(ask))
        answer = await client.get("/intake/v1/codes")
    assert (answer.status_code, answer.headers.get("retry-after")) == (503, "2"), answer.text
    assert answer.json()["code"] == "unavailable"


async def test_who_hangs_up_within_the_body_is_no_fault_of_the_gateway() -> None:
    """Nobody reads the answer; the log is spared."""
    app = create({"intake": "http://127.0.0.1:9"}, {})
    said: list[str] = []

    async def take(request: httpx.Request) -> httpx.Response:
        await request.aread()
        raise AssertionError("it is not passed on")

    async def receive() -> dict[str, str]:
        return {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        said.append(str(message.get("status", "")))

    path = "/intake/v1/leads"
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [],
    }
    async with app.router.lifespan_context(app):
        app.state.client = httpx.AsyncClient(transport=httpx.MockTransport(take))
        await app(scope, receive, send)
    assert said[:1] == ["400"]


async def test_a_full_disk_is_not_ready_and_is_named(tmp_path: Path) -> None:
    app = create({}, {"disk": f"disk:0:{tmp_path}", "other disk": f"disk:{2**40}:{tmp_path}"})
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://gateway")
    async with app.router.lifespan_context(app), client:
        answer = await client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["not_ready"] == ["other disk"]
    assert answer.json()["parts"]["other disk"].startswith("full: ")
