"""Every door of discipline that shows text of a lead, of a report or of persons asks what for and puts the reading on record (G11, G12)."""

from uuid import uuid4

import pytest

from tests.conftest import NewApi
from tests.discipline.api.test_legs import created
from tests.discipline.api.test_report_letters import case
from tests.discipline.api.test_report_openings import OPENINGS
from tests.support.hearing import Hearing
from tests.support.reading_doors import given_out, read_each, shown

WHY_NOT = {
    "/read-alerts": "the readings themselves, for those who look after them",
    "/retention": "rules of the house",
}
"""A door with texts that asks no purpose → why not."""


@pytest.mark.rule("G11")
async def test_each_door_with_text_of_a_lead_asks_what_for_or_is_named_with_a_reason(new_api: NewApi) -> None:
    api = await new_api("discipline")
    silent, asking = shown(api)
    assert {path: names for path, names in silent.items() if path not in WHY_NOT} == {}
    assert WHY_NOT.keys() - silent.keys() == set(), "reasons for what needs none"
    assert len(asking) >= 6
    assert given_out(api) == {"/openings/{opening_id}/files/{number}": "-"}, "under an opening, for a purpose on record"


@pytest.mark.rule("G11")
async def test_each_door_that_asks_turns_away_who_does_not_say_and_puts_the_others_on_record(new_api: NewApi) -> None:
    one, lead = await case(new_api), uuid4()
    api = one.both.discipline
    await Hearing(api, "discipline").tell(created(lead, uuid4()))
    [(leg,)] = await api.rows("select id from legs")
    # a list, of one report and the pages after the first are each a thing of their own
    ids = {"leg_id": leg, "report_id": one.id, "number": 1}
    assert await read_each(api, ids) == {"/reports/{report_id}/letters/{number}/file"}, "no letter has come"
    assert (await api.get(f"{OPENINGS}?report_id={one.id}", by="dld")).status_code == 200
    rows = await api.rows("select subject from audit_log where action = 'openings.read' order by position")
    assert rows == [("openings",), (one.id,)]
