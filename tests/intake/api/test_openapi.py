"""The document of intake's doors against the doors themselves; `python -m tests.load.schemathesis` is the long way round."""

import copy
from typing import Any

import pytest

from services.intake.api.door import SHORTEST_KEY
from shared.contracts.topics import SERVICES
from shared.http import key_form
from tests.conftest import NewApi
from tests.load.answered import Found
from tests.load.reaching import OF
from tests.load.reaching.fitting import ROOT
from tests.load.schemathesis import knocked
from tests.load.standing import registered


async def test_no_request_made_from_the_document_breaks_a_door_or_gets_an_answer_it_does_not_tell_of(
    new_api: NewApi,
) -> None:
    api = await new_api("intake", CHALLENGE_BITS="1")
    await registered(api, 4)
    found = await knocked(api, 200, at=11)
    assert found.requests >= 180
    assert (dict(found.server_errors), dict(found.undocumented)) == ({}, {})


def test_a_run_fails_when_it_reaches_too_little_or_sees_what_must_not_be() -> None:
    found = Found()
    for door, status in (("GET /a", 200), ("GET /a", 418), ("POST /b", 409)):
        found.saw(door, status)
    assert found.faults(1) == []
    assert found.faults(2) == ["1 operations did what was asked, must be 2; never: ['POST /b']"]
    assert [line.split() for line in found.table()[1:]] == [["1", "1", "GET", "/a"], ["1", "POST", "/b"]]
    for seen in (found.server_errors, found.undocumented):
        seen["500 POST /b"] += 1
    assert found.faults(1) == ["2 x 500 POST /b"]


async def test_an_answer_that_the_document_does_not_tell_of_is_seen(new_api: NewApi) -> None:
    api = await new_api("intake", CHALLENGE_BITS="1")
    document = copy.deepcopy(api.app.openapi())
    path = "/intake/v1/codes"
    document["paths"] = {path: document["paths"][path]}
    document["paths"][path]["get"]["responses"]["200"]["content"] = {"application/json": {"schema": {"type": "array"}}}
    found = await knocked(api, 10, at=1, document=document)
    assert set(found.undocumented) == {f"body of 200 GET {path}"}
    del document["paths"][path]["get"]["responses"]["200"]
    assert set((await knocked(api, 10, at=1, document=document)).undocumented) == {f"status 200 GET {path}"}


def references(part: Any) -> set[str]:
    """All that it refers to."""
    inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    own = {part["$ref"]} if isinstance(part, dict) and isinstance(part.get("$ref"), str) else set[str]()
    return own.union(*map(references, inner))


@pytest.mark.parametrize("service", SERVICES)
async def test_what_the_document_refers_to_is_in_it_and_each_door_to_which_something_is_sent(
    new_api: NewApi, service: str
) -> None:
    document = (await new_api(service)).app.openapi()
    found = references(document)
    assert found
    for reference in found:
        part = document
        for name in reference.removeprefix("#/").split("/"):
            part = part[name]
    paths = document["paths"].items()
    doors = {f"{method.upper()} {path.removeprefix(ROOT)}" for path, operations in paths for method in operations}
    assert set(OF.get(service, {})) - doors == set(), (
        "no such doors: what they were sent goes to another now, or nowhere"
    )


async def test_the_pages_tell_how_long_a_key_and_which_parts_a_code_must_have(new_api: NewApi) -> None:
    document = (await new_api("intake")).app.openapi()

    def key(path: str) -> str:
        parameters = document["paths"][f"/intake/v1/{path}"]["post"]["parameters"]
        return str(next(one["schema"]["pattern"] for one in parameters if one["name"] == "Idempotency-Key"))

    slips = ("reports", "counter-reports", "rewards/{reward_id}/handing", "reports/reward/claim")
    assert {key(path) for path in slips} == {key_form(SHORTEST_KEY)}, "it opens the answer that is kept"
    assert key("leads") == key_form(1)
    for name in ("StatusOrder", "MessageOrder"):
        ways = [way["required"] for way in document["components"]["schemas"][name]["anyOf"]]
        assert ways == [["query_code"], ["lead_no", "own_code"]], name
