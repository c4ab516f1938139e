"""What an older release left in clear is taken apart as the doors do it now: by the owner, after an upgrade; again it changes nothing."""

from uuid import UUID

from services.intake.db import attachments, mailbox, stored_texts, subjects
from services.intake.domain.restricted import numbers_apart
from services.intake.usecases.attachments import Store
from services.intake.usecases.subject_store import SubjectKeys
from shared.db import Transaction

AT_ONCE = 200
"""Leads or files that are looked for at a time."""


async def telling(tx: Transaction, *, after: UUID | None) -> tuple[UUID | None, int, list[UUID]]:
    """Some leads after this one; → the last of them (None: there was none left), how many were looked at, which of them tell numbers."""
    ids = await stored_texts.following(tx, after, limit=AT_ONCE)
    there = await stored_texts.told(tx, ids) if ids else {}
    found = [lead_id for lead_id, parts in there.items() if any(numbers_apart(said)[1] for said in parts.values())]
    return (ids[-1] if ids else None), len(ids), found


async def seal_stored(tx: Transaction, keys: SubjectKeys, lead_id: UUID) -> None:
    """One of them, looked at again under its lock: whoever writes meanwhile is not written over. One lead a transaction: no other waits for
    it, in whatever order others hold several. Raises `CannotRead` when a box is there that no key opens: its texts stay as they are."""
    for parts in (await stored_texts.told(tx, [lead_id], lock=True)).values():
        boxes = await subjects.of_lead(tx, lead_id)
        for part, said in parts.items():
            kept, apart = numbers_apart(said)
            if apart:
                # what was sealed of it before is the whole text
                whole = apart | keys.open(lead_id, boxes.get(part), part)
                await stored_texts.keep(tx, lead_id, part, kept, keys.seal(lead_id, whole, part))


async def seal_file(tx: Transaction, store: Store, file_id: UUID) -> bool:
    """A file that a reporter and the office exchange and that a key of the service opens alone is from now on sealed for these two, also
    one that still comes; → whether it was there to be. One a transaction, as of leads. Raises `CannotRead` when a key is missing."""
    file = await attachments.get(tx, file_id, lock=True)
    if file.lead_id is None or file.boxes or file.wrapped_key is None:
        return False
    public_key = (await mailbox.box_of(tx, file.lead_id)).public_key
    await attachments.save(tx, file.seal(store.boxes(store.key_of(file), public_key)))
    return True
