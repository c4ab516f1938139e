"""What is sent in at an open door goes a short way; what is not ordinary goes the framework's, with the same answer and counted once."""

import json
from collections import Counter
from typing import Any
from uuid import uuid4

import pytest
from fastapi.routing import iter_route_contexts

from services.intake.api.door import Door, PublicRoute
from services.intake.api.door import _Sending as Sending
from services.intake.app import ROUTERS
from tests.conftest import NewApi
from tests.support.reporting import REPORT, REPORTS, work

JSON = "application/json"


def test_every_open_door_that_takes_something_in_has_the_short_way() -> None:
    found = [each.original_route for router in ROUTERS for each in iter_route_contexts(router.routes)]
    takes_in = {route.path: route.takes_in for route in found if isinstance(route, PublicRoute)}
    asked = {
        route.path
        for route in found
        if isinstance(route, PublicRoute) and any(isinstance(d.call, Sending) for d in route.dependant.dependencies)
    }
    assert len(asked) >= 5
    assert {path for path in asked if takes_in[path] is None} == set()


@pytest.mark.parametrize(
    ("headers", "body", "answer"),
    [
        ([("content-type", JSON)], REPORT, (201, None)),
        ([("content-type", f"{JSON}; charset=utf-8")], REPORT, (201, None)),
        ([("content-type", JSON), ("content-type", JSON)], REPORT, (201, None)),
        ([("content-type", "text/plain")], REPORT, (422, "body")),
        ([], REPORT, (422, "body")),
        ([("content-type", JSON)], REPORT | {"naming": "known"}, (422, "naming")),
        ([("content-type", JSON)], [REPORT], (422, "body")),
        ([("content-type", JSON)], b"{", (400, None)),
        ([("content-type", JSON)], b"\xff", (400, None)),
    ],
)
async def test_both_ways_answer_and_count_alike(
    new_api: NewApi, monkeypatch: pytest.MonkeyPatch, headers: list[tuple[str, str]], body: Any, answer: tuple[int, Any]
) -> None:
    api = await new_api("intake", CHALLENGE_BITS="1")
    counted: Counter[str] = Counter()
    enter, solved = Door.enter, Door.solved

    async def entered(door: Door, name: str) -> None:
        counted["enter"] += 1
        await enter(door, name)

    async def looked_at(door: Door, *given: Any) -> Any:
        counted["solved"] += 1
        return await solved(door, *given)

    solution = await work(api.client)
    monkeypatch.setattr(Door, "enter", entered)
    monkeypatch.setattr(Door, "solved", looked_at)
    content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    key = str(uuid4())
    sent = [("Proof-Of-Work", solution), ("Idempotency-Key", key), *headers]
    seen = []
    for through_framework in (False, True):
        if through_framework:
            [route] = [r for router in ROUTERS for r in router.routes if getattr(r, "path", "") == "/reports"]
            monkeypatch.setattr(route, "takes_in", None)
        counted.clear()
        got = await api.client.post(REPORTS, content=content, headers=sent)
        fields = [each["field"] for each in got.json().get("errors", [])]
        seen.append((got.status_code, got.headers["content-type"], got.json(), fields, dict(counted)))
    short, framework = seen
    assert short == framework, "the second is the same answer again, or the same error"
    assert (short[0], (short[3] or [None])[0]) == answer
    assert short[4]["enter"] == 1
