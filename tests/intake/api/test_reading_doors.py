"""Every door of intake that shows text of a lead or of persons asks what for, puts the reading on record and counts it (G11, G12); the
document of the doors is walked, so that one that is added later is noticed."""

import json
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio

from shared import reads
from tests.conftest import NewApi
from tests.intake.directory.test_stay_away import filled
from tests.support.api import Api
from tests.support.reading_doors import given_out, read_each, shown
from tests.support.vault import VaultApi, start_vault

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


@pytest.mark.rule("G11")
async def test_each_door_with_text_of_a_lead_asks_what_for_or_is_named_with_a_reason(
    both: tuple[Api, VaultApi],
) -> None:
    silent, asking = shown(*both)
    assert {path: names for path, names in silent.items() if path not in WHY_NOT} == {}
    assert WHY_NOT.keys() - silent.keys() == set(), "reasons for what needs none"
    assert len(asking) > 25
    found = given_out(*both)
    assert found.keys() == GIVEN_OUT.keys()
    assert {path for path, says in found.items() if says == "-"} == {"/originals/{opening_id}/{attachment_id}/reading"}
    assert all(GIVEN_OUT[path] == says for path, says in found.items() if says != "-")


@pytest.mark.rule("G11")
async def test_each_door_that_asks_turns_away_who_does_not_say_and_puts_the_others_on_record(
    both: tuple[Api, VaultApi],
) -> None:
    """And counts them: by an action that is a reading's, and a purpose."""
    _, _, ids = await filled(both[0])
    empty = set()
    for api in both:
        empty |= await read_each(api, ids, log=both[0], optional={"/search", "/gateway-messages"})
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
