"""The store of reporters' mailboxes."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import func, insert, select, update

from services.intake.db.mailbox_tables import mailboxes, messages
from services.intake.domain.feedback import About, Channel, Try, WhyNot
from services.intake.domain.mailbox import Kind, Message, Writer
from shared.db import Transaction
from shared.errors import NotAllowed


@dataclass(frozen=True, slots=True)
class Box:
    """A mailbox: the public half of its key, and the private half under the reporter's own code, if there is one."""

    public_key: bytes
    own_lock: bytes | None


async def open_box(tx: Transaction, lead_id: UUID, public_key: bytes, own_lock: bytes | None) -> None:
    """A mailbox for the report of this lead."""
    row = {"lead_id": lead_id, "public_key": public_key, "own_lock": own_lock}
    await tx.execute(insert(mailboxes), row)


async def box_of(tx: Transaction, lead_id: UUID) -> Box:
    """The mailbox of a lead. Raises `NotAllowed` when there is none."""
    query = select(mailboxes.c.public_key, mailboxes.c.own_lock).where(mailboxes.c.lead_id == lead_id)
    row = (await tx.execute(query)).one_or_none()
    if row is None:
        raise NotAllowed("举报人没有信箱 / the reporter has no mailbox")
    return Box(bytes(row.public_key), row.own_lock)


async def has_box(tx: Transaction, lead_id: UUID) -> bool:
    """Whether the lead has a mailbox."""
    query = select(mailboxes.c.lead_id).where(mailboxes.c.lead_id == lead_id)
    return (await tx.execute(query)).one_or_none() is not None


async def add(tx: Transaction, lead_id: UUID, message: Message, *, by: str | None) -> None:
    """Add one; the caller holds the lead's lock. `by`: None is the reporter."""
    row = {name: getattr(message, name) for name in Message.__dataclass_fields__}
    codes = {"writer": message.writer.value, "kind": message.kind.value}
    await tx.execute(insert(messages), {**row, **codes, "lead_id": lead_id, "written_by": by})


async def last_number(tx: Transaction, lead_id: UUID) -> int:
    """Of the last message; 0 before the first."""
    query = select(func.coalesce(func.max(messages.c.number), 0)).where(messages.c.lead_id == lead_id)
    return int((await tx.execute(query)).scalar_one())


async def page(tx: Transaction, lead_id: UUID, *, after: int, limit: int) -> list[Message]:
    """Messages in their order, from the one after this number."""
    columns = [messages.c[name] for name in Message.__dataclass_fields__]
    query = select(*columns).where(messages.c.lead_id == lead_id, messages.c.number > after)
    rows = (await tx.execute(query.order_by(messages.c.number).limit(limit))).mappings()
    return [Message(**{**row, "writer": Writer(row["writer"]), "kind": Kind(row["kind"])}) for row in rows]


async def mark_read(tx: Transaction, lead_id: UUID, writer: Writer, *, first: int, last: int, on: date) -> None:
    """The other side has read those of this writer from `first` to `last`."""
    new = update(messages).where(
        messages.c.lead_id == lead_id,
        messages.c.writer == writer.value,
        messages.c.number.between(first, last),
        messages.c.read_on.is_(None),
    )
    await tx.execute(new.values(read_on=on))


async def unread(tx: Transaction, lead_id: UUID, writer: Writer) -> int:
    """How many of this writer the other side has not read."""
    query = select(func.count()).where(
        messages.c.lead_id == lead_id, messages.c.writer == writer.value, messages.c.read_on.is_(None)
    )
    return int((await tx.execute(query)).scalar_one())


async def written_since(tx: Transaction, lead_ids: Collection[UUID], day: date) -> bool:
    """Whether a reporter of these leads wrote on this day or later."""
    query = select(messages.c.lead_id).where(
        messages.c.lead_id.in_(lead_ids), messages.c.writer == Writer.REPORTER.value, messages.c.sent_on >= day
    )
    return (await tx.execute(query.limit(1))).first() is not None


async def last_writer(tx: Transaction, lead_id: UUID, kind: Kind, assignment_no: int) -> str | None:
    """Who of the office wrote the newest of this kind about this conclusion."""
    query = select(messages.c.written_by).where(
        messages.c.lead_id == lead_id, messages.c.kind == kind.value, messages.c.assignment_no == assignment_no
    )
    return (await tx.execute(query.order_by(messages.c.number.desc()).limit(1))).scalar_one_or_none()


async def first_read(tx: Transaction, lead_id: UUID, kind: Kind, since: date) -> date | None:
    """When the reporter first read one of this kind that was sent on this day or later."""
    query = select(func.min(messages.c.read_on)).where(
        messages.c.lead_id == lead_id, messages.c.kind == kind.value, messages.c.sent_on >= since
    )
    found: date | None = (await tx.execute(query)).scalar_one()
    return found


async def read_letters(tx: Transaction, lead_id: UUID, kind: Kind) -> list[tuple[date, date]]:
    """Of each letter of this kind that the reporter has read, when it was sent and when he first read it."""
    query = select(messages.c.sent_on, messages.c.read_on).where(
        messages.c.lead_id == lead_id, messages.c.kind == kind.value, messages.c.read_on.is_not(None)
    )
    return [(row.sent_on, row.read_on) for row in await tx.execute(query)]


async def tries_by_letter(tx: Transaction, lead_id: UUID) -> list[tuple[int, Try]]:
    """Letters that told a result or asked to meet, each as a try to reach the reporter, with the number of the conclusion: reached when it
    was read."""
    kinds = {Kind.FEEDBACK.value: About.FEEDBACK, Kind.INVITATION.value: About.MEETING}
    query = select(messages).where(messages.c.lead_id == lead_id, messages.c.kind.in_(kinds))
    return [
        (
            row.assignment_no,
            Try(
                channel=Channel.MAILBOX,
                on=row.sent_on,
                reached=row.read_on is not None,
                about=kinds[row.kind],
                why_not=WhyNot.UNREAD if row.read_on is None else None,
                by=row.written_by,
            ),
        )
        for row in await tx.execute(query.order_by(messages.c.number))
    ]
