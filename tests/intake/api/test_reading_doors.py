"""Every door of intake that shows text of a lead or of persons asks what for, puts the reading on record and counts it (G11, G12); the
document of the doors is walked, so that one that is added later is noticed."""

import json
import re
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from fastapi.routing import RouteContext

from shared import reads
from shared.audit import PURPOSE_HEADER
from shared.http.callers import api_routes
from tests.conftest import NewApi
from tests.intake.directory.test_stay_away import call, caller, filled
from tests.support.api import Api
from tests.support.vault import VaultApi, start_vault

CODES = {
    *("next", "lead_no", "upstream_no", "number", "receipt_no", "reply_no", "letter_no", "external_no", "limit_id"),
    *("street", "area_codes", "manifestation_codes", "source_l2", "unit", "earlier_unit", "regulator", "codes_version"),
    *(
        "conclusions",
        "conclusion",
        "basis_no",
        "rule_version",
        "profile_version",
        "version",
        "region",
        "key_id",
        "what",
    ),
    *("actor", "by", "asked_by", "decided_by", "proposed_by", "given_by", "set_by", "sent_by", "closed_by", "reader"),
    *("approved_by", "checked_by", "refused_by", "answered_by", "recorded_by", "corrected_by", "redacted_by", "token"),
    *("sha256", "original_sha256", "digest", "signature", "accepted_at", "media_type", "officers", "zh", "en", "rows"),
}
"""Texts that are codes of lists and of units, numbers of papers, accounts of staff, digests, and words of the platform's own."""
WHY_NOT = {
    "/ledgers/{ledger_id}": "what could not be read of a clerk's own file: row, column and why, not the cell",
    "/police-calls/refused": "what could not be read of a call: field and why, not what it says",
    "/gateway-messages/refused": "what could not be read of a message: field and why, not what it says; its number as a keyed hash",
    "/codes": "code lists, published among the offices",
    "/codes/versions": "code lists, published among the offices",
    "/reward-rules": "rules of the house",
    "/retention": "rules of the house",
    "/impact-assessments": "about the platform's own processing",
    "/directory/units": "names of units, published among the offices",
    "/directory/units/{code}/history": "the register of units, by its keeper",
    "/directory/staff": "the register of staff, by its keeper; of no lead",
    "/directory/staff/{staff}": "the register of staff, by its keeper; of no lead",
    "/directory/staff/{staff}/history": "the register of staff, by its keeper; of no lead",
    "/searches": "the caller's own words, and none that he searches for",
    "/screenings": "an order to comb a place and that it is done; what was found is a lead and is read there",
    "/read-alerts": "the readings themselves, for those who look after them",
    "/originals/{opening_id}": "under an opening that two persons granted for a purpose on record",
}
"""A door with texts that asks no purpose → why not."""
GIVEN_OUT = {
    "/leads/{lead_id}/sheet": "header",
    "/leads/{lead_id}/attachments/{attachment_id}/download": "body",
    "/ledgers/replies": "body",
    "/originals/{opening_id}/{attachment_id}/reading": "under an opening for a purpose on record",
}
"""What POST prints or gives out as a file → where it says what for."""
EMPTY = {"/leads/{lead_id}/police-call", "/leads/{lead_id}/messages"}
"""A lead of a superior has neither."""


@pytest_asyncio.fixture
async def both(new_api: NewApi, tmp_path: Path) -> AsyncIterator[tuple[Api, VaultApi]]:
    api = await new_api("intake")
    vault = start_vault(api, tmp_path / "keys.sqlite")
    yield api, vault
    await vault.close()


def short(path: str) -> str:
    return path.removeprefix("/intake/v1")


def texts(part: Any, known: dict[str, Any], name: str = "", *, inside: tuple[str, ...] = ()) -> Iterator[str]:
    """Names of fields that hold a text of no fixed form, or whatever."""
    if "$ref" in part:
        title = part["$ref"].rpartition("/")[2]
        if title not in inside:
            yield from texts(known[title], known, name, inside=(*inside, title))
    for inner in (*part.get("anyOf", ()), *part.get("allOf", ()), *part.get("oneOf", ()), *part.get("prefixItems", ())):
        yield from texts(inner, known, name, inside=inside)
    for field, inner in part.get("properties", {}).items():
        yield from texts(inner, known, field, inside=inside)
    if isinstance(part.get("items"), dict):
        yield from texts(part["items"], known, name, inside=inside)
    more = part.get("additionalProperties")
    if more is True:
        yield name
    elif isinstance(more, dict):
        yield from texts(more, known, name, inside=inside)
    if part.get("type") == "string" and not {"enum", "const", "format"} & part.keys():
        yield name


def operations(api: Api, method: str) -> Iterator[tuple[RouteContext, dict[str, Any], dict[str, Any]]]:
    """Route, operation and schemas of whatever somebody who is signed in may call."""
    document = api.app.openapi()
    for route in api_routes(api.app):
        if method in (route.methods or ()) and caller(route):
            yield route, document["paths"][route.path][method.lower()], document["components"]["schemas"]


def asks(operation: dict[str, Any]) -> bool:
    return any(told["name"] == PURPOSE_HEADER for told in operation.get("parameters", ()))


def answers(operation: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = operation["responses"].get("200", {}).get("content", {})
    return found


@pytest.mark.rule("G11")
async def test_each_door_with_text_of_a_lead_asks_what_for_or_is_named_with_a_reason(
    both: tuple[Api, VaultApi],
) -> None:
    open_doors, asking = dict[str, set[str]](), set[str]()
    for api in both:
        for route, operation, known in operations(api, "GET"):
            path = short(route.path or "")
            shown = {name for each in answers(operation).values() for name in texts(each.get("schema", {}), known)}
            if asks(operation):
                asking.add(path)
            elif shown - CODES:
                open_doors[path] = shown - CODES
    assert {path: shown for path, shown in open_doors.items() if path not in WHY_NOT} == {}
    assert WHY_NOT.keys() - open_doors.keys() == set(), "reasons for what needs none"
    assert len(asking) > 25
    found = dict[str, str]()
    for api in both:
        for route, operation, known in operations(api, "POST"):
            if answers(operation).keys() - {"application/json"}:
                body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
                fields = known.get(body.get("$ref", "").rpartition("/")[2], {}).get("properties", {})
                says = "header" if asks(operation) else "body" if "purpose" in fields else "-"
                found[short(route.path or "")] = says
    assert found.keys() == GIVEN_OUT.keys()
    assert {path for path, says in found.items() if says == "-"} == {"/originals/{opening_id}/{attachment_id}/reading"}
    assert all(GIVEN_OUT[path] == says for path, says in found.items() if says != "-")


@pytest.mark.rule("G11")
async def test_each_door_that_asks_turns_away_who_does_not_say_and_puts_the_others_on_record(
    both: tuple[Api, VaultApi],
) -> None:
    """And counts them: by an action that is a reading's, and a purpose."""
    _, _, ids = await filled(both[0])
    kept = (
        "select count(*) from audit_log where purpose = 'handle' and (action like '%.read%' or action like '%.search')"
    )
    empty = set()
    for api in both:
        for route, operation, _ in operations(api, "GET"):
            if not asks(operation):
                continue
            [(before,)] = await both[0].rows(kept)
            path, by = re.sub(r"\{(\w+)\}", lambda name: str(ids[name[1]]), route.path or ""), caller(route) or ""
            answer = await call(api, "GET", route, ids)
            [(after,)] = await both[0].rows(kept)
            optional = short(route.path or "") in {"/search", "/gateway-messages"}
            if answer.status_code in (404, 409):
                empty.add(short(route.path or ""))
            elif not optional:
                assert (answer.status_code, after - before) == (200, 1), (path, answer.text)
            wrong = await api.client.get(path, headers=api.as_(by, **{PURPOSE_HEADER: "curiosity"}))
            assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (400, PURPOSE_HEADER), path
            without = await api.client.get(path, headers=api.as_(by))
            assert without.status_code == (200 if optional else 400), path
            assert await both[0].rows(kept) == [(after,)], path
    assert empty == EMPTY


@pytest.mark.rule("G12")
async def test_pages_of_lists_and_what_is_printed_count_among_what_one_reads_in_an_hour(
    both: tuple[Api, VaultApi], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reads, "MOST_AN_HOUR", 3)
    api = both[0]
    lead, _, _ = await filled(api)
    on = {"X-Local-Clock": "2018-06-04T10:00:00+08:00"}

    async def mass() -> int:
        [(found,)] = await api.rows("select count(*) from read_alerts where kind = 'mass'")
        return int(found)

    for path in (
        "merges",
        f"merges?lead_id={lead}",
        f"leads/{lead}/redirects",
        f"extensions?lead_id={lead}",
        "decisions",
    ):
        assert (await api.get(f"/intake/v1/{path}", by="ofd", **on)).status_code == 200, path
    assert await mass() == 0, "of one lead is one thing, however often"
    after = urlsafe_b64encode(json.dumps(["2018-06-01T00:00:00+00:00", str(uuid4())]).encode()).decode()
    assert (await api.get(f"/intake/v1/merges?after={after}", by="ofd", **on)).status_code == 200
    assert await mass() == 1, "each page is a thing"
