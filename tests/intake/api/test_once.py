"""Whatever creates something asks for an Idempotency-Key; every other POST is here with the reason why it needs none."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI

from shared.http.callers import api_routes
from tests.conftest import NewApi
from tests.support.vault import start_vault

STEP = frozenset({
    "acceptance", "answer", "assignment", "classification", "closing", "closure", "confirmation", "decision", "decline",
    "departure", "discipline", "discipline-grounds", "dismissal", "end", "feedback", "identity", "notice", "objection",
    "recall", "receipt", "redirect", "refusal", "release", "result", "resumption", "return", "review", "ruling", "seen", "suspension",
    "note", "review-date", "take-back", "take-up", "told", "transfer", "undo", "undo-decision",
})  # fmt: skip
"""A step of something that is there: the second one finds another state, and is refused or changes nothing."""
READS = frozenset({"download", "read-back", "reading", "replies", "search", "status", "verification", "files"})
"""Shows something; a body keeps what is asked for out of addresses."""
OTHERWISE = {
    "/intake/v1/police-calls": "a call is known by its number",
    "/intake/v1/gateway-messages": "a message is known by its number",
    "/intake/v1/gateway-messages/set-aside": "what was put aside does not wait any more",
    "/intake/v1/leads/{lead_id}/urgency": "what is so already stays so",
    "/intake/v1/leads/{lead_id}/children": "it is put down once",
    "/intake/v1/passed-reports/{report_id}/files": "its key is in the answer alone: what was handed over twice nobody opens",
    "/intake/v1/leads/{lead_id}/attachments": "tus: what was begun twice expires",
    "/intake/v1/reports/attachments": "tus",
    "/intake/v1/reports/challenges": "each is another",
    "/intake/v1/reports/reward": "shows what may be claimed by the code",
    "/intake/v1/dual-assignments/{dual_assignment_id}/contacts": "names one who replaces the one before",
    "/intake/v1/leads/{lead_id}/sheet": "each print is a print, with a number of its own",
}


def creating(app: FastAPI) -> tuple[set[str], set[str]]:
    """Addresses of POST that ask for an Idempotency-Key, and the others."""
    with_key: set[str] = set()
    without: set[str] = set()
    for route in api_routes(app):
        if "POST" in (route.methods or ()):
            operation = app.openapi()["paths"][route.path_format]["post"]
            asks = any(
                each["name"] == "Idempotency-Key" and each["required"] for each in operation.get("parameters", ())
            )
            (with_key if asks else without).add(str(route.path_format))
    return with_key, without


async def test_each_post_asks_for_a_key_or_has_a_reason_not_to(new_api: NewApi, tmp_path: Path) -> None:
    api = await new_api("intake")
    vault = start_vault(api, tmp_path / "vault" / "keys.sqlite")
    found = [creating(app) for app in (api.app, vault.app)]
    await vault.close()
    with_key, without = found[0][0] | found[1][0], found[0][1] | found[1][1]
    unexplained = {path for path in without - OTHERWISE.keys() if path.rsplit("/", 1)[-1] not in STEP | READS}
    assert unexplained == set()
    assert OTHERWISE.keys() <= without, "a reason for what asks for a key or is not there"
    assert len(with_key) > 25


@pytest.mark.rule("M17", "G22")
async def test_what_a_clerk_types_of_shielding_officials_goes_to_discipline_alone_and_is_registered_once(
    new_api: NewApi,
) -> None:
    api = await new_api("intake")
    official = {"name": "虚构丙", "employer": "示例局", "act": "通风报信CANARYumb"}
    order: dict[str, Any] = {"source": "M", "summary": "反映有人强收费用", "area_codes": ["market"]}
    told = order | {"umbrella": {"involved": True, "officials": [official]}}
    both = [api.post("/intake/v1/leads", told, by="icl", key="umb") for _ in range(2)]
    twins = await asyncio.gather(*both)
    assert [one.status_code for one in twins] == [201, 201]
    assert twins[0].json() == twins[1].json()
    lead = twins[0].json()["id"]
    assert await api.rows("select count(*) from leads") == [(1,)]
    [(kept,)] = await api.rows("select told from lead_umbrellas where lead_id = $1", lead)
    assert "通风报信CANARYumb" in kept
    for by in ("ana", "ofd", "sup"):
        shown = await api.get(f"/intake/v1/leads/{lead}", by=by)
        assert "CANARYumb" not in shown.text
    assert (await api.get(f"/intake/v1/leads/{lead}", by="ofd")).json()["discipline_grounds"] == ["umbrella"]
    # and those that come with it in a batch are registered as ever, with numbers that follow
    many = await asyncio.gather(
        *(api.post("/intake/v1/leads", told if n % 3 == 0 else order, by="icl", key=uuid4().hex) for n in range(9))
    )
    assert [one.status_code for one in many] == [201] * 9
    assert len({one.json()["lead_no"] for one in many}) == 9
    marked = order | {"umbrella": {"description": "【机密】x"}}
    refused = await api.post("/intake/v1/leads", marked, by="icl", key=uuid4().hex)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "umbrella")


async def test_faults_of_headers_and_of_the_body_are_told_apart(new_api: NewApi) -> None:
    api = await new_api("intake")
    both = await api.post("/intake/v1/leads", {"source": "M"}, by="icl")
    assert (both.status_code, {one["field"] for one in both.json()["errors"]}) == (400, {"Idempotency-Key", "summary"})
    header, body = both.json()["detail"].split(";")
    assert ("Idempotency-Key" in header, "summary" in header) == (True, False)
    assert ("summary" in body, "Idempotency-Key" in body) == (True, False)
    alone = await api.post("/intake/v1/leads", {"source": "M", "summary": "x"}, by="icl")
    assert ";" not in alone.json()["detail"]
