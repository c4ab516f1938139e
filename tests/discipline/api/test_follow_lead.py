"""What intake decides of a lead reaches its leg: it stands still, its facts are hidden when sealed and destroyed when expunged."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from services.discipline.usecases.follow_lead import destroy_late
from shared.contracts.intake import (
    After,
    DisciplineFactsSealed,
    DualAssignmentCreated,
    LeadExpunged,
    LeadMerged,
    LeadResumed,
    LeadSealed,
    LeadSuspended,
    LeadUnmerged,
)
from tests.conftest import NewApi
from tests.discipline.api.test_legs import FACTS, LEGS, ON, created
from tests.support.builders import NOON
from tests.support.hearing import Hearing


@pytest.mark.rule("G14", "M17")
async def test_a_leg_stands_still_is_hidden_and_destroyed_with_its_lead(new_api: NewApi) -> None:
    api, lead, dual = await new_api("discipline"), uuid4(), uuid4()
    hearing = Hearing(api, "discipline")
    after = After(topic=DualAssignmentCreated.TOPIC, subject=str(dual), sequence=1)

    def box() -> DisciplineFactsSealed:
        return DisciplineFactsSealed(
            lead_id=lead, dual_assignment_id=dual, after=after, sealed=hearing.seal(FACTS), effective_at=NOON
        )

    # heard before the leg is there: it counts all the same
    await hearing.tell(LeadSuspended(lead_id=lead, effective_at=NOON), created(lead, dual), box())
    [(leg,)] = await api.rows("select id::text from legs")
    path = f"{LEGS}/{leg}"
    assert (await api.get(path, by="dhd")).json()["suspended"] is True
    refused = await api.post(f"{path}/receipt", None, by="dcm", **ON)
    assert (refused.status_code, "中止" in refused.json()["detail"]) == (409, True)
    await hearing.tell(LeadResumed(lead_id=lead, effective_at=NOON))
    assert (await api.post(f"{path}/receipt", None, by="dcm", **ON)).status_code == 200
    assert (await api.get(path, by="dhd")).json()["facts"]["summary"] == FACTS.summary
    await hearing.tell(LeadSealed(lead_id=lead, effective_at=NOON))
    assert (await api.get(path, by="dhd")).json()["facts"] is None
    assert await api.rows("select count(box) from leg_facts") == [(1,)]
    await hearing.tell(LeadExpunged(lead_id=lead, effective_at=NOON), box())
    assert await api.rows("select count(*), count(box) from leg_facts") == [(2, 0)]
    assert await api.rows("select count(*) from audit_log where action = 'leg.destroy-facts'") == [(1,)]
    assert len((await api.get(LEGS, by="dld")).json()["items"]) == 1, "counts stay"
    repeat, merge_id = uuid4(), uuid4()
    merged = LeadMerged(lead_id=repeat, merge_id=merge_id, master_id=lead, repeat_count=1, effective_at=NOON)
    await hearing.tell(merged)
    assert await api.rows("select merged_into from lead_standings where lead_id = $1", repeat) == [(lead,)]
    undone = LeadUnmerged(lead_id=repeat, merge_id=merge_id, master_id=lead, repeat_count=0, effective_at=NOON)
    await hearing.tell(undone)
    assert await api.rows("select merged_into from lead_standings where lead_id = $1", repeat) == [(None,)]


@pytest.mark.rule("G14")
async def test_a_box_that_waits_in_the_inbox_is_destroyed_with_its_lead_now_or_at_the_next_look(
    new_api: NewApi,
) -> None:
    api, lead, other = await new_api("discipline"), uuid4(), uuid4()
    hearing = Hearing(api, "discipline")
    query = (
        "select subject, sequence from held where position('\"box\"' in convert_from(value, 'utf8')) > 0 order by 1, 2"
    )

    def box(of: UUID) -> DisciplineFactsSealed:
        after = After(topic=DualAssignmentCreated.TOPIC, subject=str(of), sequence=1)
        values: dict[str, Any] = {"lead_id": of, "dual_assignment_id": of, "after": after, "effective_at": NOON}
        return DisciplineFactsSealed(sealed=hearing.seal(FACTS), **values)

    first, _, third = hearing.number(*(box(lead) for _ in range(3)))
    await hearing.take([first])
    await hearing.tell(box(other))
    assert await api.rows(query) == sorted([(str(lead), 1), (str(other), 1)]), "control: both wait for their legs"
    await hearing.tell(LeadExpunged(lead_id=lead, effective_at=NOON))
    assert await api.rows(query) == [(str(other), 1)]
    await hearing.take([third])
    assert (str(lead), 3) in await api.rows(query)
    async with api.app.state.database.transaction() as tx:
        await destroy_late(tx, NOON)
    assert await api.rows(query) == [(str(other), 1)]
    await hearing.tell(created(lead, lead))
    assert await api.rows("select count(*), count(box) from leg_facts where lead_id = $1", lead) == [(1, 0)]
