"""A lead that belongs to another organ goes there with a letter (C5, §4.2): it is told and closed when that organ's receipt is on file;
without one it is back where it was after the limit (D05)."""

from datetime import date, datetime
from uuid import UUID

from services.intake.db import handovers, leads, merges, notices
from services.intake.domain.conclusion import must_be_handed_on
from services.intake.domain.handover import Handover
from services.intake.domain.lead import Lead
from services.intake.domain.lead_states import Action, Status
from services.intake.usecases.check_unit import check_unit
from shared import audit, outbox
from shared.auth import Principal
from shared.contracts.ends import LeadTransferReceived, LeadTransferred, LeadTransferUndone
from shared.db import Transaction
from shared.deadlines import china_date, profile_of
from shared.errors import NotFound

AT_ONCE = 200
RECEIPT = "D05"
"""Working days for the organ's receipt (§4.2: "else back to concluded after D05")."""


async def hand_over(tx: Transaction, lead_id: UUID, organ: str, letter_no: str, *, by: Principal, at: datetime) -> Lead:
    """The letter goes out. Raises `NotFound`, `NotAllowed`, `Invalid` for no such organ, `ConflictOfInterest` (G-CONF)."""
    lead = await leads.get(tx, lead_id, lock=True)
    earlier = await handovers.of_lead(tx, lead_id)
    found = await merges.conclusion_of(tx, lead_id)
    if lead.standing is Status.TRANSFERRED and not any(each.undone_at is None for each in earlier):
        # verification said so; the letter is put on file
        lead = lead.corrected()
    else:
        lead = lead.step(Action.TRANSFER)
    must_be_handed_on(found and found[0])
    await check_unit(tx, lead, organ, by=by, at=at, as_="organ")
    await leads.save(tx, lead, Action.TRANSFER, by=by, effective_at=at, at=at)
    sent = Handover(
        lead_id=lead_id, number=len(earlier) + 1, organ=organ, letter_no=letter_no, sent_by=by.sub, sent_at=at
    )
    await handovers.add(tx, sent)
    said = LeadTransferred(lead_id=lead_id, organ=organ, number=sent.number, effective_at=at)
    await outbox.put(tx, said, at=at)
    await audit.record(tx, by, "lead.transfer", lead_id, at=at, detail={"organ": organ, "number": sent.number})
    return lead


async def receive_handover(
    tx: Transaction, lead_id: UUID, receipt_no: str, on: date, *, by: Principal, at: datetime
) -> Lead:
    """The organ's receipt came. Raises `NotFound`, `NotAllowed`, `Invalid`."""
    lead = (await leads.get(tx, lead_id, lock=True)).step(Action.RECEIPT_OF_TRANSFER)
    earlier = await handovers.of_lead(tx, lead_id)
    if not earlier:
        raise NotFound("该线索没有移交函 / no letter of transfer is on file")
    sent = earlier[-1].receive(receipt_no, on, today=china_date(at))
    await handovers.save(tx, sent)
    said = LeadTransferReceived(lead_id=lead_id, number=sent.number, receipt_on=on, effective_at=at)
    await outbox.put(tx, said, at=at)
    await leads.save(tx, lead, Action.RECEIPT_OF_TRANSFER, by=by, effective_at=at, at=at)
    await audit.record(tx, by, "lead.receive-transfer", lead_id, at=at, detail={"number": sent.number})
    return lead


async def take_back_untaken(tx: Transaction, at: datetime) -> int:
    """What an organ has given no receipt for in time is back where it was; → how many."""
    days, today, back = await notices.calendar(tx), china_date(at), 0
    found = await handovers.waiting(tx, limit=AT_ONCE)
    await leads.hold(tx, found)
    for lead_id in found:
        lead = await leads.get(tx, lead_id, lock=True)
        sent = (await handovers.of_lead(tx, lead_id))[-1]
        limit = profile_of(lead.profile_version)[RECEIPT]
        if lead.standing is not Status.TRANSFERRED or not sent.is_over(limit, days, today=today):
            continue
        await take_back(tx, lead_id, effective_at=at, at=at)
        await leads.save(tx, lead.step(Action.UNDO_TRANSFER), Action.UNDO_TRANSFER, by=None, effective_at=at, at=at)
        await audit.record(tx, None, "lead.undo-transfer", lead_id, at=at, detail={"number": sent.number})
        back += 1
    return back


async def take_back(tx: Transaction, lead_id: UUID, *, effective_at: datetime, at: datetime) -> None:
    """The letter that waits for a receipt, if one does, waits no longer; the caller holds the lead's lock."""
    for sent in await handovers.of_lead(tx, lead_id):
        if sent.is_open:
            await handovers.save(tx, sent.take_back(at=effective_at))
            said = LeadTransferUndone(lead_id=lead_id, number=sent.number, effective_at=effective_at)
            await outbox.put(tx, said, at=at)
