"""The store of messages that gateways handed over."""

import base64
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from services.intake.db.gateway_tables import gateway_messages
from services.intake.domain.attachment import Attachment, Door, Piece, State
from services.intake.domain.gateway_message import AsideReason, Message, MessageState
from services.intake.domain.lead_states import Status
from services.intake.domain.report import PUT_ASIDE, WAITS, Channel, Issued, Naming, Step
from shared.contracts.envelope import SealedBox
from shared.db import Transaction
from shared.errors import NotAllowed, NotFound
from shared.sealing import SealedRecord

_ISSUED = ("code_mark", "receipt_mark", "mailbox_key")
_FIXED = ("id", "gateway", "received_on", "due_on", "parts", "left_out", "key_id")


async def add(tx: Transaction, message: Message, mark: bytes, *, region: str) -> bool:
    """A new one; False when its mark is known. A twin waits here for the first."""
    fixed = {name: getattr(message, name) for name in _FIXED}
    row = {**fixed, "region_code": region, "mark": mark, "channel": message.channel.value}
    new = insert(gateway_messages).values({**row, "naming": message.naming.value, **_changing(message)})
    added = await tx.execute(new.on_conflict_do_nothing().returning(gateway_messages.c.id))
    return added.one_or_none() is not None


async def save(tx: Transaction, message: Message) -> None:
    """Write how it stands; the caller holds its row."""
    await tx.execute(update(gateway_messages).where(gateway_messages.c.id == message.id).values(_changing(message)))


async def get(tx: Transaction, message_id: UUID, *, lock: bool = False) -> Message:
    """One of which something is left to read or to know. Raises `NotFound`."""
    query = select(gateway_messages).where(
        gateway_messages.c.id == message_id, gateway_messages.c.state != MessageState.GONE.value
    )
    row = (await tx.execute(query.with_for_update() if lock else query)).mappings().one_or_none()
    if row is None:
        raise NotFound("没有该来件 / no such message")
    return _of_row(row)


async def find(tx: Transaction, mark: bytes, *, lock: bool = False) -> Message | None:
    """The one with this mark, whatever became of it."""
    query = select(gateway_messages).where(gateway_messages.c.mark == mark)
    row = (await tx.execute(query.with_for_update() if lock else query)).mappings().one_or_none()
    return _of_row(row) if row else None


async def page(tx: Transaction, state: MessageState, *, after: tuple[date, UUID] | None, limit: int) -> list[Message]:
    """Those of a state, by the day on which they came."""
    table = gateway_messages.c
    query = select(gateway_messages).where(table.state == state.value).order_by(table.received_on, table.id)
    if after is not None:
        query = query.where(tuple_(table.received_on, table.id) > after)
    return [_of_row(row) for row in (await tx.execute(query.limit(limit))).mappings()]


async def waiting(tx: Transaction, today: date) -> tuple[int, int]:
    """How many wait for a clerk, and how many of them longer than D01 allows."""
    late = func.count().filter(gateway_messages.c.due_on < today)
    query = select(func.count(), late).where(gateway_messages.c.state == MessageState.WAITING.value)
    row = (await tx.execute(query)).one()
    return row[0], row[1]


async def late(tx: Transaction, today: date, *, most: int) -> int:
    """How many wait for a clerk longer than D01 allows, counted to `most`."""
    mine = gateway_messages.c.state == MessageState.WAITING.value, gateway_messages.c.due_on < today
    some = select(gateway_messages.c.id).where(*mine).limit(most).subquery()
    return int((await tx.execute(select(func.count()).select_from(some))).scalar_one())


async def progress(tx: Transaction, marks: Sequence[bytes]) -> tuple[date, tuple[Step, ...]] | None:
    """How one stands that is no lead yet, for whoever was sent one of these codes; None when there is none."""
    days = gateway_messages.c.received_on, gateway_messages.c.decided_on
    row = (await tx.execute(select(*days).where(gateway_messages.c.code_mark.in_(marks)))).one_or_none()
    if row is None:
        return None
    steps = (Step(Status.RECEIVED, row.received_on),)
    aside = Step(Status.NOT_ACCEPTED, row.decided_on, aside=True) if row.decided_on else None
    return row.received_on, (*steps, aside) if aside else steps


async def must_be_registered(tx: Transaction, marks: Sequence[bytes]) -> None:
    """Letters and files go with a report. Raises `NotAllowed` for the code of a message that is none."""
    found = await progress(tx, marks)
    if found is not None:
        raise NotAllowed(" / ".join(WAITS if len(found[1]) == 1 else PUT_ASIDE))


async def aside_since(tx: Transaction, before: date, *, limit: int) -> list[Message]:
    """Some that were put aside before this day; locked."""
    mine = gateway_messages.c.state == MessageState.ASIDE.value, gateway_messages.c.decided_on < before
    query = select(gateway_messages).where(*mine).limit(limit).with_for_update(skip_locked=True)
    return [_of_row(row) for row in (await tx.execute(query)).mappings()]


async def left_over(tx: Transaction) -> list[Message]:
    """Some that are gone and whose files still have pieces; locked."""
    mine = gateway_messages.c.state == MessageState.GONE.value, gateway_messages.c.files != []
    query = select(gateway_messages).where(*mine).limit(50).with_for_update(skip_locked=True)
    return [_of_row(row) for row in (await tx.execute(query)).mappings()]


def _changing(message: Message) -> dict[str, Any]:
    reporter, box = message.reporter, message.for_discipline
    return {
        "marks": dict(message.marks),
        "wrapped_key": message.wrapped_key,
        "box": message.box,
        "reporter": reporter and _record(reporter),
        "for_discipline": box.model_dump() if box else None,
        "files": [_file(each) for each in message.files],
        "state": message.state.value,
        "reason": message.reason.value if message.reason else None,
        "decided_by": message.decided_by,
        "decided_on": message.decided_on,
        "lead_id": message.lead_id,
        **{name: getattr(message.issued, name, None) for name in _ISSUED},
    }


def _of_row(row: RowMapping) -> Message:
    fixed: dict[str, Any] = {name: row[name] for name in (*_FIXED, "marks", "wrapped_key", "box", "lead_id")}
    return Message(
        **fixed,
        channel=Channel(row["channel"]),
        naming=Naming(row["naming"]),
        reporter=_as_record(row["reporter"]) if row["reporter"] else None,
        for_discipline=SealedBox.model_validate(row["for_discipline"]) if row["for_discipline"] else None,
        files=_as_files(row["files"], gateway=row["gateway"]),
        state=MessageState(row["state"]),
        reason=AsideReason(row["reason"]) if row["reason"] else None,
        decided_by=row["decided_by"],
        decided_on=row["decided_on"],
        issued=Issued(**{name: row[name] for name in _ISSUED}) if row["code_mark"] else None,
    )


def _record(record: SealedRecord) -> dict[str, str]:
    return {
        "key_id": record.key_id,
        "wrapped_key": _text(record.wrapped_key),
        "ciphertext": _text(record.ciphertext),
    }


def _as_record(told: Mapping[str, str]) -> SealedRecord:
    return SealedRecord(told["key_id"], base64.b64decode(told["wrapped_key"]), base64.b64decode(told["ciphertext"]))


def _file(file: Attachment) -> dict[str, Any]:
    return {
        "id": str(file.id),
        "door": file.door.value,
        "length": file.length,
        "key_id": file.key_id,
        "wrapped_key": file.wrapped_key and _text(file.wrapped_key),
        "name_box": file.name_box and _text(file.name_box),
        "pieces": [[piece.name, piece.length] for piece in file.pieces],
    }


def _as_files(told: Sequence[Mapping[str, Any]], *, gateway: str) -> tuple[Attachment, ...]:
    return tuple(
        Attachment(
            id=UUID(each["id"]),
            lead_id=None,
            door=Door(each["door"]),
            uploaded_by=gateway,
            length=each["length"],
            key_id=each["key_id"],
            wrapped_key=base64.b64decode(each["wrapped_key"]) if each["wrapped_key"] else None,
            name_box=base64.b64decode(each["name_box"]) if each["name_box"] else None,
            state=State.EXAMINING,
            pieces=tuple(Piece(name, length) for name, length in each["pieces"]),
        )
        for each in told
    )


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
