"""Every door of verification that shows text of a lead or of persons asks what for and puts the reading on record (G11, G12)."""

from uuid import uuid4

import pytest

from tests.conftest import NewApi
from tests.support.hearing import Hearing
from tests.support.reading_doors import given_out, read_each, shown
from tests.verification.api.test_follow_lead import assigned, sealed, work
from tests.verification.api.test_works import ON, order

WHY_NOT = {
    "/read-alerts": "the readings themselves, for those who look after them",
    "/review-draws": "seed, list and beacons of a draw, published; names nothing and nobody",
}
"""A door with texts that asks no purpose → why not."""


@pytest.mark.rule("G11")
async def test_each_door_with_text_of_a_lead_asks_what_for_or_is_named_with_a_reason(new_api: NewApi) -> None:
    api = await new_api("verification")
    silent, asking = shown(api)
    assert silent.keys() == WHY_NOT.keys(), silent
    assert asking == {"/works/{work_id}", "/reviews/{work_id}"}
    assert given_out(api) == {}


@pytest.mark.rule("G11")
async def test_each_door_that_asks_turns_away_who_does_not_say_and_puts_the_others_on_record(new_api: NewApi) -> None:
    api, lead = await new_api("verification"), uuid4()
    hearing = Hearing(api, "verification")
    await hearing.tell(assigned(lead), sealed(hearing, lead))
    path = await work(api, lead)
    for door, body in (("acceptance", order("GA-101", "P002")), ("conclusion", {"conclusion": "C3"})):
        assert (await api.post(f"{path}/{door}", body, by="unl", **ON)).status_code == 200
    assert await read_each(api, {"work_id": path.rsplit("/", 1)[1]}) == set()
