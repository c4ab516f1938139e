"""What an older release left in clear is taken apart as the doors do it now: by the owner, after an upgrade; again it changes nothing."""

from uuid import UUID

from services.intake.db import stored_texts, subjects
from services.intake.domain.restricted import numbers_apart
from services.intake.usecases.subject_store import SubjectKeys
from shared.db import Transaction

AT_ONCE = 200
"""Leads a transaction: what is locked of them is free again within a tenth of a second."""


async def seal_stored(tx: Transaction, keys: SubjectKeys, *, after: UUID | None) -> tuple[UUID | None, int, int]:
    """Some leads after this one; → the last of them (None: there was none left), how many were looked at, and how many told numbers.
    Raises `CannotRead` for one of which a box is there that no key opens: its texts stay as they are."""
    ids = await stored_texts.following(tx, after, limit=AT_ONCE)
    there = await stored_texts.told(tx, ids) if ids else {}
    telling = [lead_id for lead_id, parts in there.items() if any(numbers_apart(said)[1] for said in parts.values())]
    # looked at again under a lock: whoever writes meanwhile is not written over
    held = await stored_texts.told(tx, telling, lock=True) if telling else {}
    for lead_id, parts in held.items():
        boxes = await subjects.of_lead(tx, lead_id)
        for part, said in parts.items():
            kept, apart = numbers_apart(said)
            if apart:
                # what was sealed of it before is the whole text
                whole = apart | keys.open(lead_id, boxes.get(part), part)
                await stored_texts.keep(tx, lead_id, part, kept, keys.seal(lead_id, whole, part))
    return (ids[-1] if ids else None), len(ids), len(held)
