"""The office's side of the mailbox: what it writes is sealed for the reporter, what it reads is put on record (G11)."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from services.intake.db import leads, mailbox
from services.intake.domain.attachment import Door
from services.intake.domain.lead import Lead
from services.intake.domain.mailbox import Kind, Message, Writer
from services.intake.usecases.attachments import Store
from services.intake.usecases.letter_files import Enclosed, content, enclosed, must_be_sent_by
from services.intake.usecases.letters import Letters
from services.intake.usecases.read_attachment import name_of
from shared import audit, reads
from shared.auth import Principal
from shared.db import Transaction
from shared.deadlines import china_date
from shared.secrecy import refuse_marked


async def write_to_reporter(
    tx: Transaction,
    letters: Letters,
    lead_id: UUID,
    kind: Kind,
    text: str,
    *,
    files: Sequence[UUID],
    by: Principal,
    at: datetime,
) -> Message:
    """Write to the holder of the code. Raises `NotFound`, `NotAllowed` without a mailbox, `Invalid` for a secrecy mark or a file that the
    office did not send for this."""
    refuse_marked("text", [text])
    lead = await leads.get(tx, lead_id, lock=True)
    await must_be_sent_by(tx, lead_id, files, Door.MAILBOX)
    return await put_letter(tx, letters, lead, kind, text, files=files, by=by, at=at)


async def put_letter(
    tx: Transaction,
    letters: Letters,
    lead: Lead,
    kind: Kind,
    text: str,
    *,
    files: Sequence[UUID] = (),
    by: Principal,
    at: datetime,
) -> Message:
    """Put a letter into the mailbox of a lead whose lock the caller holds. Raises `NotAllowed` without a mailbox."""
    lead.must_be_used()
    box = await mailbox.box_of(tx, lead.id)
    message = letters.put(
        content(text, files),
        box.public_key,
        number=await mailbox.last_number(tx, lead.id) + 1,
        writer=Writer.OFFICE,
        kind=kind,
        about=lead.assignment.number if lead.assignment else 0,
        on=china_date(at),
    )
    await mailbox.add(tx, lead.id, message, by=by.sub)
    detail = {"number": message.number, "kind": kind.value}
    await audit.record(tx, by, "mailbox.write", lead.id, at=at, detail=detail)
    return message


async def read_mailbox(
    tx: Transaction,
    letters: Letters,
    store: Store,
    lead_id: UUID,
    *,
    after: int,
    limit: int,
    by: Principal,
    at: datetime,
) -> list[tuple[Message, dict[str, Any], list[Enclosed]]]:
    """The thread as the office reads it, with the files of each letter, one more than `limit` where more follow. Raises `NotFound`,
    `NotAllowed`."""
    lead = await leads.get(tx, lead_id)
    lead.must_be_used()
    await mailbox.box_of(tx, lead_id)
    found = await mailbox.page(tx, lead_id, after=after, limit=limit + 1)
    if shown := found[:limit]:
        first, last = shown[0].number, shown[-1].number
        await mailbox.mark_read(tx, lead_id, Writer.REPORTER, first=first, last=last, on=china_date(at))
    await reads.note(tx, by, "mailbox.read", lead_id, at=at, detail={"after": after, "messages": len(shown)})
    told = [letters.for_office(message) for message in found]
    return list(zip(found, told, await enclosed(tx, told, partial(name_of, store)), strict=True))
