"""What is no HTTP is told as a problem, on the wire."""

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
import uvicorn

from shared import protocol
from shared.errors import Malformed
from shared.http.problems import Problem
from shared.protocol import MOST_HEAD, HeadTooLarge, Protocol

HOST = b"GET / HTTP/1.1\r\nHost: x\r\n"
GET = HOST + b"\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
GARBAGE = b"garbage\r\n\r\n"


async def _app(_scope: object, _receive: object, _send: object) -> None:
    raise AssertionError("no app is asked")


class _Desk:
    """An app that does what it is asked when its whole body is here, in two parts."""

    def __init__(self) -> None:
        self.done = 0

    async def __call__(self, _: Any, receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
        while (asked := await receive())["type"] == "http.request" and asked["more_body"]:
            pass
        if asked["type"] == "http.disconnect":
            return
        self.done += 1
        await send({"type": "http.response.start", "status": 201, "headers": [(b"content-length", b"4")]})
        await asyncio.sleep(0)
        await send({"type": "http.response.body", "body": b"do", "more_body": True})
        await asyncio.sleep(0)
        await send({"type": "http.response.body", "body": b"ne"})


class _Line:
    """One connection to a server: what the server reads is given to its protocol as it would come."""

    def __init__(self, app: Any) -> None:
        config = uvicorn.Config(app, http=Protocol, lifespan="off", log_config=None, server_header=False)
        config.load()
        self.protocol = Protocol(config=config, server_state=uvicorn.Server(config).server_state, app_state={})
        self._connected = asyncio.Event()

    def __call__(self) -> Protocol:
        """For the server, which asks when somebody connects; the protocol has its transport a turn later."""
        asyncio.get_running_loop().call_soon(self._connected.set)
        return self.protocol

    async def told(self, *sent: bytes) -> bytes:
        """All that is answered until the server hangs up."""
        listening = await asyncio.get_running_loop().create_server(self, "127.0.0.1", 0)
        async with listening:
            reader, writer = await asyncio.open_connection(*listening.sockets[0].getsockname())
            await self._connected.wait()
            for each in sent:
                self.protocol.data_received(each)
            found = await reader.read()
            writer.close()
        return found


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
    head, _, body = (await _Line(_app).told(sent)).partition(b"\r\n\r\n")
    status, *headers = head.decode().lower().split("\r\n")
    assert status == "http/1.1 400 bad request"
    assert {"content-type: application/problem+json", f"content-length: {len(body)}", "connection: close"} <= {*headers}
    told = json.loads(body)
    assert (told["title"], told["code"], told["errors"]) == (Malformed().title, "malformed", [])
    assert told == Problem.model_validate(told).model_dump()


@pytest.mark.parametrize(
    ("sent", "answers", "done"),
    [
        ([GET + GARBAGE], [b"201"], 1),
        ([GET + GET + GARBAGE], [b"201", b"201"], 2),
        ([POST + b"2\r\n{}\r\n0\r\n\r\n" + GARBAGE], [b"201"], 1),
        ([POST + b"2\r\n{}\r\nx\r\n"], [b"400"], 0),
        ([GET + POST + b"2\r\n{}\r\nx\r\n"], [], 1),
    ],
    ids=["behind one", "behind two", "behind a body", "in a body", "in a body behind one"],
)
async def test_what_came_whole_is_not_answered_as_broken(
    sent: list[bytes], answers: list[bytes], done: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    desk = _Desk()
    found = await _Line(desk).told(*sent)
    assert [each[:3] for each in found.split(b"HTTP/1.1 ")[1:]] == answers
    assert found.count(b"done") == answers.count(b"201")
    assert desk.done == done


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nhost: y\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHosts: x\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", b"400"),
        (b"GET / HTTP/1.1\r\nHOST: x\r\n\r\n", b"201"),
        (b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", b"201"),
    ],
    ids=["none", "two", "another", "none, with a body", "one", "before there was one"],
)
async def test_a_request_says_once_whom_it_is_for_and_the_ones_beside_it_are_answered(
    head: bytes, status: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    desk = _Desk()
    found = (await _Line(desk).told(GET + head + GET + GARBAGE)).split(b"HTTP/1.1 ")[1:]
    keeps = b"HTTP/1.0" not in head
    assert [each[:3] for each in found] == [b"201", status, b"201"][: 3 if keeps else 2]
    assert desk.done == sum(each.startswith(b"201") for each in found)
    if status == b"400":
        lines, _, body = found[1].partition(b"\r\n\r\n")
        assert b"content-type: application/problem+json" in lines
        told = json.loads(body)
        assert (told["code"], "Host" in told["detail"]) == ("malformed", True)
        assert told == Problem.model_validate(told).model_dump()


@pytest.mark.parametrize(
    "before",
    [HOST + b"X-A: ", HOST, POST + b"2\r\n{}\r\n0\r\nX-A: "],
    ids=["a header", "many headers", "a trailer"],
)
async def test_headers_without_end_are_refused_before_they_fill_the_memory(before: bytes) -> None:
    some = b"X-A: a\r\n" * 1024 if before == HOST else b"a" * 8192
    needed = MOST_HEAD // len(some) + 1
    head, _, body = (await _Line(_Desk()).told(before, *[some] * needed)).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 431 "), head
    told = json.loads(body)
    assert (told["code"], told) == (HeadTooLarge.code, Problem.model_validate(told).model_dump())
    line = _Line(_Desk())
    within = await line.told(before, *[some] * (needed - 2), b"\r\n\r\n", GARBAGE)
    assert within.startswith(b"HTTP/1.1 201 "), "a long one is no endless one"


async def test_a_large_body_in_small_chunks_is_no_endless_head() -> None:
    chunks = [b"4\r\nabcd\r\n"] * (2 * MOST_HEAD // 5)
    assert (await _Line(_Desk()).told(POST, *chunks, b"0\r\n\r\n", GARBAGE)).startswith(b"HTTP/1.1 201 ")


@pytest.mark.parametrize(
    ("sent", "answers", "done"),
    [
        ([], [], 0),
        ([HOST], [b"408"], 0),
        ([b"P", b"OST / HTTP/1.1\r\n"], [b"408"], 0),
        ([POST], [b"408"], 0),
        ([POST + b"2\r\n{}\r\n"], [b"408"], 0),
        ([GET + HOST], [b"201", b"408"], 1),
    ],
    ids=["nothing", "in a head", "in a first line", "in front of a body", "in a body", "in a head behind one"],
)
async def test_who_sends_nothing_more_is_waited_for_within_a_limit(
    monkeypatch: pytest.MonkeyPatch,
    sent: list[bytes],
    answers: list[bytes],
    done: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.CRITICAL)
    monkeypatch.setattr(protocol, "PATIENCE", 0.3)
    desk = _Desk()
    found = await asyncio.wait_for(_Line(desk).told(*sent), 10)
    assert [each[:3] for each in found.split(b"HTTP/1.1 ")[1:]] == answers
    assert desk.done == done
    if answers[-1:] == [b"408"]:
        assert json.loads(found.rpartition(b"\r\n\r\n")[2])["code"] == "too-slow"


async def test_a_body_that_comes_on_and_an_answer_that_takes_long_are_waited_for(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    monkeypatch.setattr(protocol, "PATIENCE", 1.5)

    class Slow(_Desk):
        async def __call__(self, scope: Any, receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
            async def after_a_while(message: Any) -> None:
                await asyncio.sleep(0.7)
                await send(message)

            await super().__call__(scope, receive, after_a_while)

    desk = Slow()
    line = _Line(desk)
    listening = await asyncio.get_running_loop().create_server(line, "127.0.0.1", 0)
    async with listening:
        reader, writer = await asyncio.open_connection(*listening.sockets[0].getsockname())
        for each in (POST, *[b"2\r\n{}\r\n"] * 4, b"0\r\n\r\n"):
            writer.write(each)
            await asyncio.sleep(0.4)
        found = await asyncio.wait_for(reader.readuntil(b"done"), 10)
        writer.close()
    assert found.startswith(b"HTTP/1.1 201")
    assert desk.done == 1
