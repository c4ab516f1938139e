"""A file comes in, piece by piece, resumable: each piece is sealed and stored, then counted in a short transaction of its own.

Two uploads of one file at the same time both store, but only one counts a piece at each offset: the other is told where the file stands.
"""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from services.intake.db import attachments, leads, mailbox, passed_reports
from services.intake.domain.attachment import OVER, Attachment, Door, Piece, check_new, side_of
from services.intake.domain.query_code import NOBODY
from services.intake.usecases.attachments import NAME, PIECE, Store
from shared.auth import Principal
from shared.db import Database, Transaction
from shared.deadlines import china_date
from shared.errors import NotFound, Refused
from shared.secrecy import refuse_marked_names


class WrongChecksum(Refused):
    """What came does not have the checksum that was said: it is thrown away."""

    status, code, zh, en = 460, "checksum-mismatch", "校验值不符", "The checksum does not fit"


@dataclass(frozen=True, slots=True)
class Checksum:
    """An algorithm of hashlib and the digest that the bytes of one request must have."""

    algorithm: str
    digest: bytes


async def begin_upload(
    tx: Transaction, store: Store, lead_id: UUID, *, length: int, name: str, door: Door, by: Principal, at: datetime
) -> Attachment:
    """A new file of a lead; what reporter and office exchange is sealed for the two. Raises `Invalid`, `TooLarge`, `NotAllowed` (also when
    the lead is at rest: what comes after its texts were destroyed would never be; and for a reporter who has no mailbox)."""
    refuse_marked_names("Upload-Metadata", [name])
    files = await attachments.count(tx, lead_id, side_of(door))  # the lead is held from here on
    (await leads.get(tx, lead_id)).must_be_used()
    check_new(length=length, name=name, files=files)
    public_key = await _sealed_for(tx, lead_id, door)
    return await _add(
        tx, store, lead_id=lead_id, public_key=public_key, length=length, name=name, door=door, by=by, at=at
    )


async def _sealed_for(tx: Transaction, lead_id: UUID, door: Door) -> bytes | None:
    """The reporter's public half. None: of a report from before there were mailboxes, or for nobody but the office."""
    if door is Door.MAILBOX or (door is Door.REPORTER and await mailbox.has_box(tx, lead_id)):
        return (await mailbox.box_of(tx, lead_id)).public_key
    return None


async def begin_passed_upload(
    tx: Transaction, store: Store, report_id: UUID, *, length: int, name: str, by: Principal, at: datetime
) -> Attachment:
    """A new file of a report past the office; the store's key is the reporter's code. Raises as `begin_upload`, `NotFound` when the report
    was expunged a moment ago."""
    refuse_marked_names("Upload-Metadata", [name])
    if not await passed_reports.lock(tx, report_id):
        raise NotFound(NOBODY)
    check_new(length=length, name=name, files=await attachments.count_passed(tx, report_id, Door.REPORTER))
    return await _add(tx, store, report_id=report_id, length=length, name=name, door=Door.REPORTER, by=by, at=at)


async def _add(
    tx: Transaction,
    store: Store,
    *,
    lead_id: UUID | None = None,
    report_id: UUID | None = None,
    public_key: bytes | None = None,
    length: int,
    name: str,
    door: Door,
    by: Principal,
    at: datetime,
) -> Attachment:
    new = uuid4()
    key, key_id, wrapped = store.keys.new(new)
    attachment = Attachment(
        id=new,
        lead_id=lead_id,
        report_id=report_id,
        door=door,
        uploaded_by=by.sub,
        length=length,
        key_id=key_id,
        wrapped_key=wrapped,
        name_box=key.seal(NAME, name.encode()) if name else None,
        boxes=store.boxes(key, public_key) if public_key else None,
    )
    await attachments.add(tx, attachment, region=store.region, on=china_date(at))
    return attachment


async def append(
    database: Database,
    store: Store,
    attachment_id: UUID,
    content: AsyncIterator[bytes],
    *,
    at: int,
    checksum: Checksum | None,
) -> Attachment:
    """Go on at this offset with what comes; → where the file stands then. With a checksum all of it counts or nothing. A sender that breaks
    off leaves what came. Raises `WrongOffset`, `NotAllowed`, `TooLarge`, `WrongChecksum`, `Unavailable`."""
    async with database.transaction() as tx:
        attachment = await attachments.get(tx, attachment_id)
    attachment.expect(at)
    key = store.key_now(attachment)
    digest = hashlib.new(checksum.algorithm, usedforsecurity=False) if checksum else None
    waiting = []
    async for chunk in _in_pieces(content):
        if digest:
            digest.update(chunk)
        attachment.take(Piece("", len(chunk)), at=attachment.offset)  # what is too long is not stored first
        piece = await store.write(attachment, key, chunk)
        if checksum:
            waiting.append(piece)
            attachment = attachment.take(piece, at=attachment.offset)
        else:
            attachment = await _count(database, store, attachment_id, [piece], at=attachment.offset)
    if checksum and digest and waiting:
        if digest.digest() != checksum.digest:
            raise WrongChecksum("内容与校验值不符,请重传 / what came does not have this checksum, send it again")
        attachment = await _count(database, store, attachment_id, waiting, at=at)
    return attachment


async def give_up(tx: Transaction, attachment: Attachment) -> None:
    """End an upload; its pieces are removed by the clock. Raises `NotAllowed` when it is over."""
    await attachments.save(tx, attachment.give_up())


async def _count(database: Database, store: Store, attachment_id: UUID, pieces: list[Piece], *, at: int) -> Attachment:
    """Count pieces that are stored, if the file still stands where they begin."""
    async with database.transaction() as tx:
        attachment = await attachments.get(tx, attachment_id, lock=True)
        if attachment.state not in OVER:
            for piece in pieces:
                attachment = attachment.take(piece, at=at)
                at += piece.length
            await attachments.save(tx, attachment)
            return attachment
    # the clock may have removed what was here before these came, and a backup still has the key
    await store.forget([attachment])
    attachment.expect(at)
    return attachment


async def _in_pieces(content: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same bytes, `PIECE` at a time; what came is given also when the sender broke off."""
    held = bytearray()
    async for chunk in content:
        held += chunk
        while len(held) >= PIECE:
            yield bytes(held[:PIECE])
            del held[:PIECE]
    if held:
        yield bytes(held)
