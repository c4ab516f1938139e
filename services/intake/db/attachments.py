"""The store of attachments: where each file stands. The files themselves lie in the object store."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, and_, delete, func, insert, or_, select, update

from services.intake.db.attachment_tables import attachments, begun_folders
from services.intake.db.mailbox_tables import mailboxes
from services.intake.db.tables import leads
from services.intake.domain.attachment import EXCHANGED, OVER, Attachment, Door, KeyBoxes, Piece, State
from shared.db import Transaction
from shared.errors import NotFound, Unavailable

_OVER = dict.fromkeys(("wrapped_key", "name_box", "for_reporter", "for_office", "office_key"))
_ENDED = attachments.c.state.in_(sorted(state.value for state in OVER))
_HERE = attachments.c.state.in_([State.UPLOADING.value, State.EXAMINING.value, State.KEPT.value])


async def add(tx: Transaction, attachment: Attachment, *, region: str, on: date) -> None:
    """A new upload."""
    fixed = {
        "id": attachment.id,
        "region_code": region,
        "lead_id": attachment.lead_id,
        "report_id": attachment.report_id,
        "door": attachment.door.value,
        "uploaded_by": attachment.uploaded_by,
        "length": attachment.length,
        "key_id": attachment.key_id,
        "created_on": on,
    }
    await tx.execute(insert(attachments), {**fixed, **_changing(attachment)})


async def save(tx: Transaction, attachment: Attachment) -> None:
    """Write where it stands; the caller holds its row."""
    await tx.execute(update(attachments).where(attachments.c.id == attachment.id).values(_changing(attachment)))


async def get(tx: Transaction, attachment_id: UUID, *, lock: bool = False) -> Attachment:
    """One file. Raises `NotFound`."""
    query = select(attachments).where(attachments.c.id == attachment_id)
    row = (await tx.execute(query.with_for_update() if lock else query)).mappings().one_or_none()
    if row is None:
        raise NotFound("没有该附件 / no such file")
    return _of_row(row)


async def these(tx: Transaction, ids: Collection[UUID]) -> dict[UUID, Attachment]:
    """Some files by their ids; what is not there is left out."""
    if not ids:
        return {}
    found = await tx.execute(select(attachments).where(attachments.c.id.in_(ids)))
    return {row["id"]: _of_row(row) for row in found.mappings()}


async def count(tx: Transaction, lead_id: UUID, doors: Collection[Door]) -> int:
    """Files of a lead that are here or coming by these doors. Two that are counted at once wait for each other."""
    await tx.execute(select(leads.c.id).where(leads.c.id == lead_id).with_for_update(key_share=True))
    by = attachments.c.door.in_(sorted(door.value for door in doors))
    query = select(func.count()).select_from(attachments).where(attachments.c.lead_id == lead_id, _HERE, by)
    return int((await tx.execute(query)).scalar_one())


async def count_passed(tx: Transaction, report_id: UUID, door: Door) -> int:
    """The same of a report past the office; the caller holds it."""
    by = attachments.c.door == door.value
    query = select(func.count()).select_from(attachments).where(attachments.c.report_id == report_id, _HERE, by)
    return int((await tx.execute(query)).scalar_one())


async def of_lead(tx: Transaction, lead_id: UUID) -> Sequence[tuple[Attachment, date]]:
    """All files of a lead with the day that they came, also those that are gone."""
    query = select(attachments).where(attachments.c.lead_id == lead_id)
    query = query.order_by(attachments.c.created_on, attachments.c.id)
    return [(_of_row(row), row["created_on"]) for row in (await tx.execute(query)).mappings()]


async def expire(tx: Transaction, before: date) -> int:
    """Uploads that nobody went on with since before this day are over, and what only the reporter's code can have examined. → how many."""
    unfinished = or_(
        attachments.c.state == State.UPLOADING.value,
        and_(attachments.c.state == State.EXAMINING.value, attachments.c.report_id.is_not(None)),
    )
    done = await tx.execute(
        update(attachments).where(unfinished, attachments.c.created_on < before).values(state=State.GONE.value, **_OVER)
    )
    return int(done.rowcount)


async def to_examine(tx: Transaction) -> list[UUID]:
    """Files that wait to be examined; those past the office wait for the code that opens them."""
    query = select(attachments.c.id).where(
        attachments.c.state == State.EXAMINING.value, attachments.c.report_id.is_(None)
    )
    return list((await tx.execute(query.order_by(attachments.c.created_on).limit(20))).scalars())


async def left_over(tx: Transaction) -> list[Attachment]:
    """Files that nobody can read and that still have pieces; locked."""
    query = select(attachments).where(_ENDED, or_(attachments.c.pieces != [], attachments.c.shared != []))
    return [_of_row(row) for row in (await tx.execute(query.limit(50).with_for_update(skip_locked=True))).mappings()]


async def unsealed(tx: Transaction, after: UUID | None, *, limit: int) -> list[UUID]:
    """Some after this one that are here or coming, that a reporter and the office exchange, and that are not sealed for the two."""
    doors = attachments.c.door.in_(sorted(door.value for door in EXCHANGED))
    query = select(attachments.c.id).join(mailboxes, mailboxes.c.lead_id == attachments.c.lead_id)
    query = query.where(_HERE, doors, attachments.c.for_office.is_(None))
    if after:
        query = query.where(attachments.c.id > after)
    return list((await tx.execute(query.order_by(attachments.c.id).limit(limit))).scalars())


async def forget_pieces(tx: Transaction, attachment_id: UUID) -> None:
    """Its objects were removed."""
    await tx.execute(update(attachments).where(attachments.c.id == attachment_id).values(pieces=[], shared=[]))


async def begin_folders(tx: Transaction, folders: Iterable[str], *, on: date) -> None:
    """Pieces are about to be written in these; a transaction of its own, before the first of them."""
    await tx.execute(insert(begun_folders), [{"folder": folder, "begun_on": on} for folder in folders])


async def keep_folders(tx: Transaction, folders: Collection[str]) -> None:
    """Their pieces have a row in this transaction. Raises `Unavailable` when the clock has taken them for left ones."""
    kept = await tx.execute(delete(begun_folders).where(begun_folders.c.folder.in_(folders)))
    if kept.rowcount != len(folders):
        raise Unavailable("文件处理中断,请重试 / the file was not dealt with in time, try again")


async def left_folders(tx: Transaction, before: date) -> list[str]:
    """Some that were begun before this day and that nothing came of; whoever still is at them is told so by `keep_folders`."""
    mine = select(begun_folders.c.folder).where(begun_folders.c.begun_on < before).limit(50)
    left = delete(begun_folders).where(begun_folders.c.folder.in_(mine)).returning(begun_folders.c.folder)
    return list((await tx.execute(left)).scalars())


def _changing(attachment: Attachment) -> dict[str, Any]:
    return {
        "state": attachment.state.value,
        "pieces": [[piece.name, piece.length] for piece in attachment.pieces],
        "shared": [[piece.name, piece.length] for piece in attachment.shared],
        "media_type": attachment.media_type,
        "sha256": attachment.sha256,
        "wrapped_key": attachment.wrapped_key,
        **{name: getattr(attachment.boxes, name, None) for name in KeyBoxes.__dataclass_fields__},
        "name_box": attachment.name_box,
        "refusal": attachment.refusal and dict(attachment.refusal),
    }


def _of_row(row: RowMapping) -> Attachment:
    return Attachment(
        id=row["id"],
        lead_id=row["lead_id"],
        report_id=row["report_id"],
        door=Door(row["door"]),
        uploaded_by=row["uploaded_by"],
        length=row["length"],
        key_id=row["key_id"],
        wrapped_key=row["wrapped_key"],
        name_box=row["name_box"],
        boxes=KeyBoxes(**{name: row[name] for name in KeyBoxes.__dataclass_fields__}) if row["office_key"] else None,
        state=State(row["state"]),
        pieces=tuple(Piece(name, length) for name, length in row["pieces"]),
        shared=tuple(Piece(name, length) for name, length in row["shared"]),
        media_type=row["media_type"],
        sha256=row["sha256"],
        refusal=row["refusal"],
    )
