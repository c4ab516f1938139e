"""Two matters after all: undoing a merge takes two people again, and both leads stand as they would without it (§4.2)."""

from datetime import datetime
from uuid import UUID

from services.intake.db import deadlines, leads, merges, objections, repeats
from services.intake.domain.merge import Merge
from services.intake.usecases.ask_of_repeats import stand_alone, tell_urgency
from services.intake.usecases.give_re_examination import OBJECTED
from services.intake.usecases.invite_reporter import meet_again
from services.intake.usecases.make_searchable import learn_words
from services.intake.usecases.subject_store import FactsSealer
from services.intake.usecases.tell_anew import tell_anew
from shared import audit, outbox
from shared.auth import Principal
from shared.contracts.intake import DeadlineKind
from shared.db import Transaction
from shared.errors import NotAllowed
from shared.secrecy import refuse_marked


async def propose_undo(tx: Transaction, merge_id: UUID, reason: str, *, by: Principal, at: datetime) -> Merge:
    """Propose to undo a merge that stands. Raises `NotFound`, `NotAllowed`, also while the objection of the repeat's reporter is open."""
    refuse_marked("reason", [reason])
    merge = (await merges.get(tx, merge_id, lock=True)).propose_undo(reason, by=by.sub, at=at)
    await _must_not_be_objected_to(tx, merge)
    await merges.save(tx, merge)
    await audit.record(
        tx, by, "merge.propose-undo", merge.lead_id, at=at, purpose=reason, detail={"merge": str(merge.id)}
    )
    return merge


async def decide_undo(
    tx: Transaction, merge_id: UUID, *, confirm: bool, region: str, sealer: FactsSealer, by: Principal, at: datetime
) -> Merge:
    """The second person decides. Raises `NotFound`, `NotAllowed`, `Forbidden` for the one who proposed it."""
    merge = await merges.get(tx, merge_id)
    lead, master = await merges.lock_both(tx, merge.lead_id, merge.master_id)
    merge = await merges.get(tx, merge_id, lock=True)
    if not confirm:
        merge = merge.refuse_undo(by=by)
        await merges.save(tx, merge)
        await audit.record(tx, by, "merge.refuse-undo", lead.id, at=at, detail={"merge": str(merge.id)})
        return merge
    await _must_not_be_objected_to(tx, merge)
    left = await merges.count_repeats(tx, master.id) - 1
    merge, lead, said = merge.confirm_undo(lead, left=left, by=by, at=at)
    await merges.save(tx, merge)
    await leads.save(tx, lead, "unmerge", by=by, effective_at=at, at=at, reason=merge.undo_reason)
    await deadlines.stop(tx, lead.id, DeadlineKind.FEEDBACK, DeadlineKind.CONCLUDE, at=at)
    if merge.decided_at:
        await deadlines.resume(tx, lead.id, stopped_at=merge.decided_at, at=at)
    asked = await stand_alone(tx, lead, at=at)
    await meet_again(tx, lead, at=at)
    await repeats.decide(tx, lead.id, master.id, "dismissed", by=by.sub, at=at)
    if entry := await merges.re_examination_of(tx, merge.id):
        await merges.save_re_examination(tx, entry.withdraw())
    await learn_words(tx, master)
    await outbox.put(tx, said, at=at)
    await tell_anew(tx, master, grounds=False, region=region, sealer=sealer, at=at)
    if asked:
        await tell_urgency(tx, master, at=at)
    detail = {"merge": str(merge.id), "master": str(master.id), "repeats": left}
    await audit.record(tx, by, "merge.undo", lead.id, at=at, detail=detail)
    return merge


async def _must_not_be_objected_to(tx: Transaction, merge: Merge) -> None:
    """What is objected to as a repeat is decided as one. Raises `NotAllowed`."""
    if await objections.open_of(tx, merge.lead_id) is not None:
        raise NotAllowed(OBJECTED)
