"""Someone who knows what a page shows has parts of it blackened: the copy is what others get, the original is for two keepers from then on
(G1, G11; decision 0101)."""

import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid4

from services.intake.clients.examining import UNREADABLE, blackening
from services.intake.db import attachments, leads, redactions
from services.intake.domain.attachment import Attachment, Door, Piece, State
from services.intake.domain.redaction import Area, Redaction, all_areas, must_be_seen
from services.intake.usecases.attachments import Store, begin, keep
from services.intake.usecases.read_attachment import is_for, lead_for
from services.intake.usecases.read_original import original_for
from shared import audit
from shared.auth import Principal
from shared.db import Database, Transaction
from shared.deadlines import china_date
from shared.errors import Conflict, Invalid, NotAllowed, NotFound
from shared.file_key import CannotRead
from shared.secrecy import refuse_marked

Redacted = tuple[Redaction, Attachment, Attachment]
"""What was done, the original and the copy."""


async def redact_attachment(
    tx: Transaction,
    database: Database,
    store: Store,
    lead_id: UUID,
    attachment_id: UUID,
    areas: Sequence[Area],
    *,
    purpose: str,
    by: Principal,
    at: datetime,
) -> Redacted:
    """By the office. Raises `NotFound`, `Forbidden` for who is concerned or may not see the page, `NotAllowed`, `Invalid`, `Unavailable`,
    `Conflict` when another was made meanwhile."""
    refuse_marked("purpose", [purpose])
    (await lead_for(tx, lead_id, by)).must_be_used()
    original = await attachments.get(tx, attachment_id)
    if original.lead_id != lead_id or not is_for(original, by):
        raise NotFound("没有该附件 / no such file")
    earlier = await redactions.of_original(tx, original.id)
    must_be_seen(original, earlier, by)
    return await _redacted(tx, database, store, lead_id, original, earlier, areas, purpose=purpose, by=by, at=at)


async def redact_original(
    tx: Transaction,
    database: Database,
    store: Store,
    opening_id: UUID,
    attachment_id: UUID,
    areas: Sequence[Area],
    *,
    by: Principal,
    at: datetime,
) -> Redacted:
    """By the keeper to whom the vault granted the originals. Raises as `read_original` and as above."""
    # not held while the pages are drawn: that takes seconds
    opening, original = await original_for(tx, opening_id, attachment_id, by=by, at=at, lock=False)
    earlier = await redactions.of_original(tx, original.id)
    purpose = opening.purpose.value
    lead_id = opening.lead_id
    return await _redacted(tx, database, store, lead_id, original, earlier, areas, purpose=purpose, by=by, at=at)


async def redactions_of(tx: Transaction, lead_id: UUID, attachment_id: UUID, *, by: Principal) -> list[Redacted]:
    """All of this original, or of that of this copy, the first first. Raises `NotFound`, `Forbidden` for who is concerned."""
    await lead_for(tx, lead_id, by)
    made = {each.copy_id: each.original_id for each in await redactions.of_lead(tx, lead_id)}
    original = await attachments.get(tx, made.get(attachment_id, attachment_id))
    if original.lead_id != lead_id or not is_for(original, by):
        raise NotFound("没有该附件 / no such file")
    found = await redactions.of_original(tx, original.id)
    return [(each, original, await attachments.get(tx, each.copy_id)) for each in found]


async def _redacted(
    tx: Transaction,
    database: Database,
    store: Store,
    lead_id: UUID,
    original: Attachment,
    earlier: Sequence[Redaction],
    areas: Sequence[Area],
    *,
    purpose: str,
    by: Principal,
    at: datetime,
) -> Redacted:
    hidden = all_areas(original, earlier, areas)
    async with _made(database, store, lead_id, original, hidden, by=by, at=at) as (copy, pages):
        # the lead is held from here on, as whoever destroys its files holds it
        await attachments.count(tx, lead_id, [Door.REDACTED])
        (await leads.get(tx, lead_id)).must_be_used()
        (await attachments.get(tx, original.id, lock=True)).readable()
        if len(await redactions.of_original(tx, original.id)) != len(earlier):
            raise Conflict("该原件同时被他人涂黑,请重试 / another copy was made meanwhile; try again")
        done = Redaction(
            copy_id=copy.id,
            original_id=original.id,
            lead_id=lead_id,
            number=len(earlier) + 1,
            areas=tuple(areas),
            pages=pages,
            redacted_by=by.sub,
            redacted_at=at,
        )
        await attachments.add(tx, copy, region=store.region, on=china_date(at))
        await keep(tx, [copy])
        await redactions.add(tx, done)
        detail = {"attachment": str(original.id), "copy": str(copy.id), "number": done.number, "areas": len(areas)}
        await audit.record(tx, by, "attachment.redact", lead_id, at=at, purpose=purpose, detail=detail)
    return done, original, copy


@asynccontextmanager
async def _made(
    database: Database,
    store: Store,
    lead_id: UUID,
    original: Attachment,
    hidden: Sequence[Area],
    *,
    by: Principal,
    at: datetime,
) -> AsyncIterator[tuple[Attachment, int]]:
    """The copy as it will be kept, its pieces in the store, and its pages; when it is not kept they are removed, by the clock when
    the process died."""
    new = uuid4()
    key, key_id, wrapped = store.keys.new(new)
    copy = Attachment(
        id=new,
        lead_id=lead_id,
        door=Door.REDACTED,
        uploaded_by=by.sub,
        length=0,
        key_id=key_id,
        wrapped_key=wrapped,
        name_box=None,  # what the original is called may tell who sent it
        state=State.KEPT,
    )
    read, written = hashlib.sha256(), hashlib.sha256()
    pieces: list[Piece] = []

    opened = store.key_now(original)

    async def content() -> AsyncIterator[bytes]:
        async for piece in store.read(original, original.pieces, opened):
            read.update(piece)
            yield piece

    try:
        async with blackening(original.media_type or "", hidden, content()) as made:
            if made.copy:
                await begin(database, [copy], at=at)
                async for piece in made.copy:
                    written.update(piece)
                    pieces.append(await store.write(copy, key, piece))
        # after it: where the store was away in the middle, that is what is told
        if made.refused and made.field:
            raise Invalid(made.refused, fields=[(made.field, made.refused)])
        if made.refused:
            raise NotAllowed(made.refused)
        if read.hexdigest() != original.sha256:
            raise ValueError("not all of it was drawn")
        whole = tuple(pieces)
        yield (
            replace(
                copy,
                length=sum(piece.length for piece in whole),
                pieces=whole,
                shared=whole,  # it is its own shared copy
                media_type=made.media_type,
                sha256=written.hexdigest(),
            ),
            made.pages,
        )
    except BaseException as fault:
        if pieces:
            await store.forget([copy])
        if isinstance(fault, ValueError | CannotRead):
            raise NotAllowed(UNREADABLE) from None
        raise
