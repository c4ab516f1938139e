"""Readings of works about the reader's own circle: what lies in the box for it raises alerts and is shown to nobody (G12)."""

from datetime import date
from unittest.mock import patch
from uuid import uuid4

import pytest

from deploy.local import issuer
from shared.contracts.directory import StaffRecorded
from shared.contracts.intake import After, BoxedFacts, LeadAssigned, VerificationFactsSealed
from tests.conftest import NewApi
from tests.support.builders import NOON
from tests.support.hearing import Hearing
from tests.verification.api.test_reviews import BACK, REVIEWS, concluded, decide
from tests.verification.api.test_works import FACTS, ON, WORKS, assigned

OWN = StaffRecorded(staff="QT-7", home_unit="GA", account="unl", from_on=date(2018, 3, 1), effective_at=NOON)


@pytest.mark.rule("G12")
@pytest.mark.parametrize(
    ("units", "staff", "kinds"),
    [
        (("GA",), (), ["colleague"]),
        (("JS",), ("QT-7",), ["relative"]),
        (("JS", "GA"), ("QT-9", "QT-7"), ["colleague", "relative"]),
        (("JS", "GAXZ"), ("QT-9",), []),
        ((), (), []),
    ],
)
async def test_a_work_about_ones_unit_or_relatives_raises_alerts_and_shows_nobody_who_is_near(
    new_api: NewApi, units: tuple[str, ...], staff: tuple[str, ...], kinds: list[str]
) -> None:
    api = await new_api("verification")
    hearing, lead = Hearing(api, "verification"), uuid4()
    box = BoxedFacts(**FACTS.model_dump(), near_units=units, near_staff=staff)
    after = After(topic=LeadAssigned.TOPIC, subject=str(lead), sequence=1)
    sealed = VerificationFactsSealed(lead_id=lead, after=after, sealed=hearing.seal(box), effective_at=NOON)
    await hearing.tell(OWN, assigned(lead), sealed)
    [(work,)] = await api.rows("select id::text from works where lead_id = $1", lead)
    for _ in range(2):
        read = await api.get(f"{WORKS}/{work}", by="unl", **ON)
        assert read.json()["facts"] == FACTS.model_dump(mode="json")
    alerts = (await api.get("/verification/v1/read-alerts", by="aud")).json()["items"]
    assert sorted(each["kind"] for each in alerts) == kinds
    assert {(each["actor"], each["subject"]) for each in alerts} == ({("unl", work)} if kinds else set())


@pytest.mark.rule("G12")
async def test_who_reviews_is_a_reader_like_others(new_api: NewApi) -> None:
    api = await new_api("verification")
    hearing = Hearing(api, "verification")
    work = await concluded(api, hearing, "C1", level="major")
    [(lead,)] = await api.rows("select lead_id from works where id = $1", work)
    after = After(topic=LeadAssigned.TOPIC, subject=str(lead), sequence=1)
    box = BoxedFacts(**FACTS.model_dump(), near_units=("ZF",))
    await hearing.tell(VerificationFactsSealed(lead_id=lead, after=after, sealed=hearing.seal(box), effective_at=NOON))
    known = issuer.accounts()
    with patch.object(issuer, "accounts", lambda: known | {"qrv": known["qrv"] | {"unit": "ZF"}}):
        read = await api.get(f"{REVIEWS}/{work}", by="qrv", **ON)
        assert (read.status_code, "near_units" in read.text) == (200, False)
        assert (await decide(api, work, BACK)).status_code == 200
    alerts = (await api.get("/verification/v1/read-alerts", by="aud")).json()["items"]
    assert [(each["kind"], each["actor"]) for each in alerts] == [("colleague", "qrv")]
