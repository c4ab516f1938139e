"""A file is whole: see what it is, scan it, make its shared copy, keep or refuse it. Done at once by the door, and by the clock for what a
crash or a silent scanner left; doing it twice gives the same."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import datetime
from uuid import UUID

from services.intake.clients import clamd
from services.intake.clients.examining import UNREADABLE, examining
from services.intake.db import attachments
from services.intake.domain.attachment import NO_COPY, Attachment, Door, Piece, State
from services.intake.usecases.attachments import Store, folder_of
from services.intake.usecases.passed_files import PassedStore, hand_on, held, with_index
from shared import audit, metrics
from shared.auth import Principal
from shared.db import Database, Transaction, after_commit
from shared.errors import NotFound, Unavailable
from shared.file_key import CannotRead

EXAMINED = metrics.counter("attachments_examined", "Files examined, by what became of them", ["state"])
Found = tuple[str, str | None, str, tuple[Piece, ...]]
"""Type, reason of a refusal, hash, shared copy."""
_INFECTED = "发现病毒或恶意程序 / a virus or harmful program was found"


async def examine_attachment(
    database: Database, store: Store, attachment_id: UUID, *, by: Principal | None, at: datetime
) -> Attachment:
    """→ where it stands then: kept or refused. Raises `Unavailable` when store or scanner are away; it waits for the clock
    then, past the office for the code."""
    async with database.transaction() as tx:
        attachment = await attachments.get(tx, attachment_id)
    if attachment.state is not State.EXAMINING:
        return attachment
    media_type, refused, sha256, shared = await look_at(store, attachment)
    async with database.transaction() as tx:
        attachment = await held(tx, attachment)
        if attachment.state is State.EXAMINING:
            if isinstance(store, PassedStore) and not refused:
                attachment = await hand_on(
                    tx, store, attachment, media_type=media_type, sha256=sha256, shared=shared, at=at
                )
            else:
                attachment = (
                    attachment.refuse(refusal(refused))
                    if refused
                    else attachment.keep(media_type=media_type, sha256=sha256, shared=shared)
                )
                await attachments.save(tx, attachment)
            await _put_on_record(tx, attachment, by=by, at=at)
    # what lost a race, also that of two who examined it at once, and all of what is refused: that the clock does again if it fails here
    with suppress(Unavailable):
        kept = (*attachment.pieces, *attachment.shared) if attachment.state is State.KEPT else ()
        await store.objects.remove(folder_of(attachment), but=[piece.name for piece in kept])
    return attachment


async def _put_on_record(tx: Transaction, attachment: Attachment, *, by: Principal | None, at: datetime) -> None:
    """Of a report past the office nothing is: a row would be a count (G22)."""
    if attachment.lead_id is None:
        return
    detail = {"attachment": str(attachment.id), "door": attachment.door.value, "bytes": attachment.length}
    await audit.record(tx, by, f"attachment.{attachment.state.value}", attachment.lead_id, at=at, detail=detail)
    after_commit(tx, EXAMINED.labels(attachment.state.value).inc)


async def look_at(store: Store, attachment: Attachment) -> Found:
    """What it is; nothing is written but its shared copy. Raises `Unavailable`."""
    try:
        media_type, refused, sha256, shared = await _look(store, attachment)
        if isinstance(store, PassedStore) and not refused:
            shared = await with_index(store, attachment, shared)
    except (ValueError, CannotRead):
        return "", UNREADABLE, "", ()
    return media_type, refused, sha256, shared


def refusal(reason: str) -> dict[str, str]:
    """As it is kept and told."""
    return {"field": "file", "reason": reason}


async def _look(store: Store, attachment: Attachment) -> Found:
    # a key that is missing is no fault of the file, and what is refused is destroyed
    key, digest, seen = store.key_now(attachment), hashlib.sha256(), 0

    async def content() -> AsyncIterator[bytes]:
        nonlocal seen
        async for piece in store.read(attachment, attachment.pieces, key):
            digest.update(piece)
            seen += len(piece)
            yield piece

    shared = []
    async with examining(content()) as found:
        if found.refused:
            return "", found.refused, "", ()
        if found.copy:
            shared = [await store.write(attachment, key, piece) async for piece in found.copy]
    if seen != attachment.length:
        raise ValueError("not all of it was looked at")
    if attachment.door is Door.MAILBOX and not shared:
        return "", NO_COPY, "", ()
    if store.clamd and not await clamd.is_clean(store.clamd, store.read(attachment, attachment.pieces, key)):
        return "", _INFECTED, "", ()
    return found.media_type, None, digest.hexdigest(), tuple(shared)


async def examine_waiting(database: Database, store: Store, waiting: set[UUID], at: datetime) -> set[UUID]:
    """The clock's turn: files that waited before already. → those that wait now; the door may still be at them."""
    async with database.transaction() as tx:
        found = set(await attachments.to_examine(tx))
    for attachment_id in found & waiting:
        with suppress(Unavailable, NotFound):
            await examine_attachment(database, store, attachment_id, by=None, at=at)
    return found
