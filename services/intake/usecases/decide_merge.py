"""The second person decides on a merge (§4.2, G10). Merged, the lead's facts are read with the master's; the master's clock runs on."""

from datetime import datetime
from uuid import UUID

from services.intake.db import deadlines, leads, merges, notices, repeats
from services.intake.domain.lead_states import WITH_UNIT, Status
from services.intake.domain.merge import UNFOUNDED, Merge, ReExamination
from services.intake.usecases.deliver_feedback import begin_to_tell, tell_declined
from services.intake.usecases.letters import Letters
from services.intake.usecases.reply_upstream import begin_to_answer
from services.intake.usecases.subject_store import FactsSealer
from services.intake.usecases.tell_anew import tell_anew
from shared import audit, outbox
from shared.auth import Principal
from shared.contracts.intake import DeadlineKind
from shared.db import Transaction


async def decide_merge(
    tx: Transaction,
    merge_id: UUID,
    *,
    confirm: bool,
    sealer: FactsSealer,
    letters: Letters,
    by: Principal,
    at: datetime,
) -> Merge:
    """Confirm or refuse. A master that was found unfounded (查否) goes on the list for another team; of one that has ended the repeat's
    reporter is told.

    Raises `NotFound`, `NotAllowed`, `Forbidden` for the one who proposed it.
    """
    merge = await merges.get(tx, merge_id)
    lead, master = await merges.lock_both(tx, merge.lead_id, merge.master_id)
    merge = await merges.get(tx, merge_id, lock=True)
    if not confirm:
        merge = merge.refuse(by=by, at=at)
        await merges.save(tx, merge)
        await repeats.decide(tx, lead.id, master.id, "dismissed", by=by.sub, at=at)
        await audit.record(tx, by, "merge.refuse", lead.id, at=at, detail={"merge": str(merge.id)})
        return merge
    merge, lead, said = merge.confirm(
        lead,
        master,
        repeats=await merges.repeats_of(tx, master.id),
        has_repeats=await merges.has_repeats(tx, lead.id),
        by=by,
        at=at,
    )
    await merges.save(tx, merge)
    await leads.save(tx, lead, "merge", by=by, effective_at=at, at=at, reason=merge.reason)
    # it waits for nobody any more; an undo lets its limits run on
    await deadlines.stop(tx, lead.id, *DeadlineKind, at=at)
    await repeats.decide(tx, lead.id, master.id, "merged", by=by.sub, at=at)
    await outbox.put(tx, said, at=at)
    await tell_anew(tx, master, sealer=sealer, at=at)
    concluded = await merges.conclusion_of(tx, master.id)
    # a unit that is at work already looks at this, too
    re_examine = bool(concluded and concluded[0] == UNFOUNDED and master.status not in WITH_UNIT)
    if concluded and re_examine:
        entry = ReExamination(
            merge_id=merge.id, lead_id=master.id, repeat_id=lead.id, earlier_unit=concluded[1], opened_at=at
        )
        await merges.add_re_examination(tx, entry)
    days = await notices.calendar(tx)
    if master.status is Status.CLOSED and not re_examine:
        await begin_to_tell(tx, lead, days=days, at=at)
    if master.status is Status.NOT_ACCEPTED:
        why = await leads.last_reason(tx, master.id, "decline")
        await tell_declined(tx, letters, lead, why, days=days, by=by, at=at)
    if master.status in (Status.CLOSED, Status.NOT_ACCEPTED):
        await begin_to_answer(tx, lead, days=days, at=at)
    detail = {
        "merge": str(merge.id),
        "master": str(master.id),
        "repeats": said.repeat_count,
        "suggested_level": merge.suggested_level,
        "re_examine": re_examine,
    }
    await audit.record(tx, by, "merge.confirm", lead.id, at=at, detail=detail)
    return merge
