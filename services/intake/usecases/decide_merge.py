"""The second person decides on a merge (§4.2, G10). Merged, the lead's facts are read with the master's; the master's clock runs on."""

from datetime import datetime
from uuid import UUID

from services.intake.db import deadlines, leads, life, merges, notices, repeats
from services.intake.domain.conclusion import PENDING
from services.intake.domain.conflict import ConflictOfInterest
from services.intake.domain.lead import Lead
from services.intake.domain.lead_states import AT_WORK, ITS_UNITS, MOVES, Action, Status
from services.intake.domain.merge import IN_REVIEW, UNFOUNDED, Merge, ReExamination
from services.intake.usecases.ask_of_repeats import stop_merged, tell_urgency
from services.intake.usecases.check_unit import touched
from services.intake.usecases.deliver_feedback import begin_to_tell, tell_declined
from services.intake.usecases.letters import Letters
from services.intake.usecases.look_again import NEW_REPEAT, wake_by_news
from services.intake.usecases.make_searchable import learn_words
from services.intake.usecases.reply_upstream import begin_to_answer
from services.intake.usecases.subject_store import FactsSealer
from services.intake.usecases.tell_anew import tell_anew
from shared import audit, outbox
from shared.auth import Principal
from shared.contracts.intake import DeadlineKind
from shared.db import Transaction

HAS_RESULT = frozenset({Status.CONCLUDED, Status.TRANSFERRED, Status.FED_BACK, Status.CLOSED})


async def decide_merge(
    tx: Transaction,
    merge_id: UUID,
    *,
    confirm: bool,
    region: str,
    sealer: FactsSealer,
    letters: Letters,
    by: Principal,
    at: datetime,
) -> Merge:
    """Confirm or refuse. Not confirmed while the master is with a unit that the repeat is about, or with one near to that (G2, G-CONF):
    each is handled by itself, or another unit gets the master first. A master that has a conclusion is put before the director with what is
    new (found unfounded, 查否, for another team); of one that has ended the repeat's reporter is told.

    Raises `NotFound`, `NotAllowed`, `ConflictOfInterest`, `Forbidden` for the one who proposed it.
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
    # its reporter is met for himself, and what it claims is answered, else it waits for nobody any more; an undo lets its limits run on
    asked = await stop_merged(tx, lead, master, at=at)
    await repeats.decide(tx, lead.id, master.id, "merged", by=by.sub, at=at)
    await learn_words(tx, master)
    await outbox.put(tx, said, at=at)
    await _must_not_be_touched(tx, master, at=at)
    await tell_anew(tx, master, grounds=bool(lead.grounds), region=region, sealer=sealer, at=at)
    if asked:
        await tell_urgency(tx, master, at=at)
    concluded = await merges.conclusion_of(tx, master.id)
    if master.status is Status.IN_REVIEW and master.assignment:
        concluded = (IN_REVIEW, master.assignment.unit)
    # a unit that is at work already looks at this, too
    re_examine = bool(concluded and concluded[0] == UNFOUNDED and master.status not in AT_WORK)
    # so does whoever is charged anew with what could not be verified yet (C4): it is woken
    woken = bool(concluded and concluded[0] == PENDING and master.standing in MOVES[Action.TAKE_UP])
    if concluded and not woken and master.status not in AT_WORK:
        code, unit = concluded
        entry = ReExamination(
            merge_id=merge.id, lead_id=master.id, repeat_id=lead.id, earlier_unit=unit, opened_at=at, conclusion=code
        )
        await merges.add_re_examination(tx, entry)
    days = await notices.calendar(tx)
    await wake_by_news(tx, master, NEW_REPEAT, by=by, at=at)
    if concluded and concluded[0] != PENDING and master.status in HAS_RESULT and not re_examine:
        await begin_to_tell(tx, lead, days=days, at=at)
    if master.status is Status.NOT_ACCEPTED:
        await deadlines.stop(tx, lead.id, DeadlineKind.MEET, at=at)
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


async def _must_not_be_touched(tx: Transaction, master: Lead, *, at: datetime) -> None:
    """Raises `ConflictOfInterest` when the unit that has the matter, or treats it, is touched by it as it is now."""
    if master.status is Status.REDIRECTED:
        unit = (await life.last_redirect(tx, master.id)).regulator
    elif master.status in ITS_UNITS and master.assignment:
        unit = master.assignment.unit
    else:
        return
    _, findings = await touched(tx, master, unit, at=at)
    if findings and findings.obstacles:
        zh, en = ";".join(one.zh for one in findings.obstacles), "; ".join(one.en for one in findings.obstacles)
        raise ConflictOfInterest(
            f"主线索在{unit}办理,与并案后的举报存在利害关系:{zh}。请单独办理该举报,或待主线索改由其他单位办理后再并入"
            f" / the master is with {unit}, too near to what would be merged: {en}. Handle the report by itself, or merge it when "
            "another unit has the master"
        )
