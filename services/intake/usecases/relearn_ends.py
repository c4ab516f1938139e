"""After a restore: what intake said of conclusions that are no end by themselves and then forgot (C4, C5; docs/operations.md). What
verification said before that is heard again afterwards and finds the lead beyond it. Numbers of letters are lost: no event carries them."""

from dataclasses import replace

from services.intake.db import deadlines, handovers, leads, life, notices
from services.intake.domain.deadline import to_look_again, to_tell
from services.intake.domain.handover import Handover
from services.intake.domain.lead import LOST, Lead
from services.intake.domain.lead_states import MOVES, Action, Status
from services.intake.usecases.deliver_feedback import begin_to_tell_repeats
from shared.contracts.ends import LeadReviewDateSet, LeadTransferReceived, LeadTransferred, LeadTransferUndone
from shared.contracts.intake import DeadlineKind
from shared.db import Transaction
from shared.deadlines import china_date, start_of
from shared.inbox import Received


async def relearn_review_date(tx: Transaction, event: LeadReviewDateSet, received: Received) -> None:
    """The day to look again is the one that was set; what is missing until then is lost."""
    lead = await leads.get(tx, event.lead_id, lock=True)
    await _save(
        tx, lead if lead.status in MOVES[Action.SET_REVIEW] else replace(lead, status=Status.CONCLUDED), event, received
    )
    await deadlines.stop(tx, lead.id, DeadlineKind.ASSIGN, at=event.effective_at)
    days = await notices.calendar(tx)
    await deadlines.start_anew(tx, to_look_again(lead, days=days, at=start_of(event.since), on=event.review_on))


async def relearn_transfer(tx: Transaction, event: LeadTransferred, received: Received) -> None:
    """The letter went out. Where the conclusion was forgotten, too, the limit to tell who reported (D11) runs from here."""
    lead = await leads.get(tx, event.lead_id, lock=True)
    await _save(tx, replace(lead, status=Status.TRANSFERRED), event, received)
    sent = Handover(
        lead_id=lead.id,
        number=event.number,
        organ=event.organ,
        letter_no=LOST,
        sent_by="system:restore",
        sent_at=event.effective_at,
    )
    await handovers.add(tx, sent)
    if await deadlines.runs_since(tx, lead.id, DeadlineKind.FEEDBACK) is None:
        days = await notices.calendar(tx)
        await deadlines.start_anew(tx, to_tell(lead, days=days, at=event.effective_at))
        await begin_to_tell_repeats(tx, lead, days=days, at=event.effective_at)


async def relearn_transfer_received(tx: Transaction, event: LeadTransferReceived, received: Received) -> None:
    """The organ gave its receipt."""
    lead = await leads.get(tx, event.lead_id, lock=True)
    sent = (await handovers.of_lead(tx, lead.id))[-1]
    await handovers.save(tx, sent.receive(LOST, event.receipt_on, today=china_date(event.effective_at)))
    await _save(tx, lead, event, received)


async def relearn_transfer_undone(tx: Transaction, event: LeadTransferUndone, received: Received) -> None:
    """No receipt came."""
    lead = await leads.get(tx, event.lead_id, lock=True)
    sent = (await handovers.of_lead(tx, lead.id))[-1]
    await handovers.save(tx, sent.take_back(at=event.effective_at))
    await _save(tx, replace(lead, status=Status.CONCLUDED), event, received)


async def _save(
    tx: Transaction,
    lead: Lead,
    event: LeadReviewDateSet | LeadTransferred | LeadTransferReceived | LeadTransferUndone,
    received: Received,
) -> None:
    lead = replace(lead, version=lead.version + 1)
    await leads.save(tx, lead, life.RELEARN, by=None, effective_at=event.effective_at, at=received.at)
