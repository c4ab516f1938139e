"""Readings of legs about the reader's own circle: what lies in the box for it raises alerts and is shown to nobody (G12)."""

from datetime import date
from uuid import uuid4

import pytest

from deploy.local import issuer
from shared.contracts.directory import StaffRecorded
from shared.contracts.intake import After, BoxedFacts, DisciplineFactsSealed, DualAssignmentCreated
from tests.conftest import NewApi
from tests.discipline.api.test_legs import FACTS, LEGS, ON, created
from tests.support.builders import NOON
from tests.support.hearing import Hearing

OWN = StaffRecorded(staff="JW-7", home_unit="JW", account="dhd", from_on=date(2018, 3, 1), effective_at=NOON)


@pytest.mark.rule("G12")
@pytest.mark.parametrize(("own", "staff"), [(True, "JW-9"), (False, "JW-7"), (True, "JW-7"), (False, "JW-9")])
async def test_a_leg_about_ones_unit_or_relatives_raises_alerts_and_shows_nobody_who_is_near(
    new_api: NewApi, own: bool, staff: str
) -> None:
    api = await new_api("discipline")
    hearing, lead, dual = Hearing(api, "discipline"), uuid4(), uuid4()
    unit = str(issuer.accounts()["dhd"]["unit"])
    box = BoxedFacts(**FACTS.model_dump(), near_units=(unit if own else "GA",), near_staff=(staff,))
    after = After(topic=DualAssignmentCreated.TOPIC, subject=str(dual), sequence=1)
    values = {"lead_id": lead, "dual_assignment_id": dual, "after": after, "effective_at": NOON}
    await hearing.tell(OWN, created(lead, dual), DisciplineFactsSealed(**values, sealed=hearing.seal(box)))
    [(leg,)] = await api.rows("select id::text from legs where lead_id = $1", lead)
    read = await api.get(f"{LEGS}/{leg}", by="dhd", **ON)
    assert read.json()["facts"] == FACTS.model_dump(mode="json")
    alerts = (await api.get("/discipline/v1/read-alerts", by="aud")).json()["items"]
    assert {each["kind"] for each in alerts} - {"out-of-hours"} == {
        *(["colleague"] if own else []),
        *(["relative"] if staff == OWN.staff else []),
    }
