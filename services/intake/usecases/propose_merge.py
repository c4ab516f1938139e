"""Someone holds that a lead repeats another: proposed here, decided by a second person (decide_merge)."""

from datetime import datetime
from uuid import UUID, uuid4

from services.intake.db import merges, repeats
from services.intake.domain.merge import Merge, check_mergeable
from services.intake.usecases.stay_away import must_not_be_concerned
from shared import audit
from shared.auth import Principal
from shared.db import Transaction
from shared.errors import NotAllowed
from shared.secrecy import refuse_marked

CROSSING = (
    "主线索已被提议并入其他线索,或已有线索被提议并入本线索,请先复核该并案({0}) / "
    "the master is proposed to go into another lead, or another into this one: decide that merge first ({0})"
)


async def propose_merge(
    tx: Transaction, lead_id: UUID, master_id: UUID, reason: str, *, region: str, by: Principal, at: datetime
) -> Merge:
    """Propose it; the suggestion that stood then is kept with it. Raises `NotFound`, `NotAllowed`, `Invalid`."""
    refuse_marked("reason", [reason])
    lead, master = await merges.lock_both(tx, lead_id, master_id)
    await must_not_be_concerned(tx, master_id, by)  # the door names the other
    check_mergeable(lead, master, has_repeats=await merges.has_repeats(tx, lead_id))
    if await merges.open_of(tx, lead_id):
        raise NotAllowed("该线索已有待复核的并案 / a merge of this lead is proposed already")
    if crossing := await merges.proposed_beside(tx, lead_id, master_id):
        raise NotAllowed(CROSSING.format(crossing.id))
    suggestion = await repeats.suggestion(tx, lead_id, master_id)
    merge = Merge(
        id=uuid4(),
        lead_id=lead_id,
        master_id=master_id,
        proposed_by=by.sub,
        proposed_at=at,
        reason=reason,
        likelihood=suggestion.likelihood if suggestion else None,
        features=suggestion.features if suggestion else None,
    )
    await merges.add(tx, merge, region=region)
    await audit.record(
        tx,
        by,
        "merge.propose",
        lead_id,
        at=at,
        purpose=reason,
        detail={"merge": str(merge.id), "master": str(master_id)},
    )
    return merge
