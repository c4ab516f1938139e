"""Legs that a restore forgot stand again under their ids, and the outcome that no event carries is recorded once more. What was expunged
since the backup is destroyed once more."""

from pathlib import Path
from uuid import UUID, uuid4

import pytest

from shared.contracts.discipline import LegEnded, LegOpened, LegReceived
from shared.contracts.intake import After, DisciplineFactsSealed, DualAssignmentCreated
from tests.conftest import NewApi
from tests.discipline.api.test_legs import FACTS, created
from tests.support.builders import NOON
from tests.support.hearing import Hearing
from tests.support.kafka import Broker
from tests.support.restored import facts_gone_again, relearn, silence

LEGS = "/discipline/v1/legs"


async def test_a_forgotten_leg_stands_again_and_is_not_opened_twice(new_api: NewApi) -> None:
    api, lead = await new_api("discipline"), uuid4()
    legs = {status: (uuid4(), uuid4()) for status in ("opened", "received", "ended")}

    def said(steps: int, leg: UUID, dual: UUID) -> list[LegOpened | LegReceived | LegEnded]:
        kinds = (LegOpened, LegReceived, LegEnded)[:steps]
        return [kind(leg_id=leg, dual_assignment_id=dual, lead_id=lead, effective_at=NOON) for kind in kinds]

    for steps, ids in enumerate(legs.values(), 1):
        await relearn(api, "discipline", *said(steps, *ids))
    hearing = Hearing(api, "discipline")
    await hearing.tell(
        *(
            DualAssignmentCreated(lead_id=lead, dual_assignment_id=dual, effective_at=NOON)
            for dual in (*(dual for _, dual in legs.values()), uuid4())
        )
    )
    stands = dict(await api.rows("select id, status from legs"))
    assert {status: stands.pop(leg) for status, (leg, _) in legs.items()} == {status: status for status in legs}
    assert list(stands.values()) == ["opened"], "the one that nobody had heard of is opened as ever"
    assert await api.rows("select count(*) from outbox where topic = 'discipline.legs'") == [(1 + 2 + 3 + 1,)]

    ended = f"{LEGS}/{legs['ended'][0]}"
    assert (await api.get(ended, by="dhd")).json()["outcome"] == "lost"
    for leg in legs.values():
        refused = await api.post(f"{LEGS}/{leg[0]}/outcome", {"outcome": "lost"}, by="dhd")
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "outcome")
    again = await api.post(f"{ended}/outcome", {"outcome": "four_forms"}, by="dhd")
    assert (again.status_code, again.json()["outcome"]) == (200, "four_forms")
    # the others know that it ended
    assert await api.rows("select count(*) from outbox where topic = 'discipline.legs'") == [(7,)]
    twice = await api.post(f"{ended}/outcome", {"outcome": "shelved"}, by="dhd")
    assert twice.status_code == 409


@pytest.mark.rule("G14", "G24")
async def test_facts_that_were_expunged_after_the_backup_are_gone_again_once_the_restored_database_hears_everything(
    new_api: NewApi, broker: Broker, tmp_path: Path
) -> None:
    api, backup = await new_api("discipline"), tmp_path / "backup.dump"
    await silence(broker, "discipline")
    hearing = Hearing(api, "discipline")
    lead, waiting, kept = uuid4(), uuid4(), uuid4()

    def box(of: UUID) -> DisciplineFactsSealed:
        after = After(topic=DualAssignmentCreated.TOPIC, subject=str(of), sequence=1)
        return DisciplineFactsSealed(
            lead_id=of, dual_assignment_id=of, after=after, sealed=hearing.seal(FACTS), effective_at=NOON
        )

    opens = (created(lead, lead), created(kept, kept))
    await facts_gone_again(api, broker, backup, hearing, opens=opens, box=box, lead=lead, waiting=waiting, kept=kept)
    assert await api.rows("select count(box) from leg_facts where lead_id = $1", lead) == [(0,)]
    for one, gone in ((lead, True), (kept, False)):
        [(leg,)] = await api.rows("select id::text from legs where lead_id = $1", one)
        assert ((await api.get(f"{LEGS}/{leg}", by="dhd")).json()["facts"] is None) == gone
