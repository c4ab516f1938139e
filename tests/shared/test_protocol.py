"""What is no HTTP is told as a problem, on the wire."""

import asyncio
import json
import logging

import pytest
import uvicorn

from shared.errors import Malformed
from shared.http.problems import Problem
from shared.protocol import Protocol


async def _app(_scope: object, _receive: object, _send: object) -> None:
    raise AssertionError("no app is asked")


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\nIdempotency-Key: a\x00b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nAccess-Purpose: \x01\r\n\r\n",
        "举报\r\n\r\n".encode(),
        b"GET /\x7f HTTP/9.9\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n",
    ],
)
async def test_a_broken_request_is_a_problem_and_repeats_nothing(sent: bytes, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    config = uvicorn.Config(_app, http=Protocol, lifespan="off", log_config=None, server_header=False)
    config.load()
    server = uvicorn.Server(config)
    listening = await asyncio.get_running_loop().create_server(
        lambda: Protocol(config=config, server_state=server.server_state, app_state={}), "127.0.0.1", 0
    )
    async with listening:
        reader, writer = await asyncio.open_connection(*listening.sockets[0].getsockname())
        writer.write(sent)
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
    status, *headers = head.decode().lower().split("\r\n")
    assert status == "http/1.1 400 bad request"
    assert {"content-type: application/problem+json", f"content-length: {len(body)}", "connection: close"} <= {*headers}
    told = json.loads(body)
    assert (told["title"], told["code"], told["errors"]) == (Malformed().title, "malformed", [])
    assert told == Problem.model_validate(told).model_dump()
