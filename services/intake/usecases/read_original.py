"""The original of what shows who reported (scan of a letter, recording of a call, a reporter's file) or was blackened: for the keeper to
whom the vault granted it, while the time lasts; each reading is on record with the opening (G1, G10, G11)."""

from collections.abc import AsyncIterator
from datetime import date, datetime
from uuid import UUID

from services.intake.db import attachments, leads, openings, redactions
from services.intake.domain.attachment import REPORTERS, Attachment, State
from services.intake.domain.lead import Lead
from services.intake.domain.opening import Opening
from services.intake.domain.redaction import replaced
from services.intake.usecases.attachments import Store
from services.intake.usecases.stay_away import must_stay_away
from shared import audit
from shared.auth import Principal
from shared.db import Transaction
from shared.errors import NotFound


async def originals_of(
    tx: Transaction, opening_id: UUID, *, by: Principal, at: datetime
) -> tuple[Lead, list[tuple[Attachment, date, UUID | None]]]:
    """The lead, and which there are, each with the day that it came and the blackened copy in its place. Raises `NotFound`, `Forbidden`,
    `NotAllowed`."""
    opening = await _granted(tx, opening_id, by=by, at=at)
    found = await attachments.of_lead(tx, opening.lead_id)
    place = replaced(await redactions.of_lead(tx, opening.lead_id))
    return await leads.get(tx, opening.lead_id), [
        (each, on, place.get(each.id))
        for each, on in found
        if (each.door in REPORTERS or each.id in place) and each.state is State.KEPT
    ]


async def read_original(
    tx: Transaction, store: Store, opening_id: UUID, attachment_id: UUID, *, by: Principal, at: datetime
) -> tuple[Attachment, AsyncIterator[bytes]]:
    """One of them, as it came. Raises `NotFound`, `Forbidden`, `NotAllowed`."""
    await must_stay_away(tx, {"opening_id": opening_id}, by)
    opening, attachment = await original_for(tx, opening_id, attachment_id, by=by, at=at, lock=True)
    number = await openings.add_reading(tx, opening.id, reader=by.sub, at=at)
    detail = {"attachment": str(attachment.id), "opening": str(opening.id), "reading": number, "original": True}
    purpose = opening.purpose.value
    await audit.record(tx, by, "attachment.read", opening.lead_id, at=at, purpose=purpose, detail=detail)
    return attachment, store.read(attachment, attachment.pieces)


async def original_for(
    tx: Transaction, opening_id: UUID, attachment_id: UUID, *, by: Principal, at: datetime, lock: bool
) -> tuple[Opening, Attachment]:
    """One of them, and the opening that lets them have it. `lock`: its lead is held. Raises `NotFound`, `Forbidden`, `NotAllowed`."""
    opening = await _granted(tx, opening_id, by=by, at=at, lock=lock)
    attachment = await attachments.get(tx, attachment_id)
    withheld = attachment.door in REPORTERS or attachment.id in replaced(await redactions.of_lead(tx, opening.lead_id))
    if attachment.lead_id != opening.lead_id or not withheld:
        raise NotFound("没有该附件 / no such file")
    return opening, attachment.readable()


async def _granted(tx: Transaction, opening_id: UUID, *, by: Principal, at: datetime, lock: bool = True) -> Opening:
    """The opening, when it was granted to them for this and its time runs. Its lead is held, so that readings count one after another."""
    opening = await openings.for_originals(tx, opening_id)
    opening.must_be_of(originals=True)
    opening.must_be_readable(await openings.matter(tx, opening.lead_id), by=by, at=at)
    (await leads.get(tx, opening.lead_id, lock=lock)).must_be_used()
    return opening
