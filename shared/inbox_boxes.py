"""Boxes that wait in the inbox, held or parked: what is expunged is destroyed there, too (docs/decisions/0069).

The event keeps its place, so that what follows it on its subject goes on; its box is gone, as in a replay from the outbox.
"""

import re
from typing import Any
from uuid import UUID

from sqlalchemy import LargeBinary, Table, func, literal, or_, select, update

from shared.contracts.envelope import Unparsable, decode, encode
from shared.db import Transaction
from shared.inbox_store import held, parked

DESTROYED = b"{}"
"""What is left of a record that cannot be read."""
_A_LEAD = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
_UNREADABLE = 0
"""The sequence of a parked record without a readable one; its subject is its place in the log."""


async def waiting(tx: Transaction, topic: str) -> set[UUID]:
    """The leads of which an event waits on this topic, whose subjects are leads."""
    found: set[UUID] = set()
    for table in (held, parked):
        subjects = (await tx.execute(select(table.c.subject).where(table.c.topic == topic).distinct())).scalars()
        found.update(UUID(subject) for subject in subjects if _A_LEAD.match(subject))
    return found


async def destroy(tx: Transaction, topic: str, lead_id: UUID) -> int:
    """Nothing of the lead's boxes is left among what waits on this topic; → how many there were. A record that cannot be read and names
    the lead is destroyed whole."""
    done = 0
    for table in (held, parked):
        mine: Any = table.c.subject == str(lead_id)
        if table is parked:
            named = func.position(literal(str(lead_id).encode(), LargeBinary).op("in")(table.c.value))
            mine = or_(mine, (table.c.sequence == _UNREADABLE) & (named > 0))
        rows = (await tx.execute(select(table).where(table.c.topic == topic, mine).with_for_update())).all()
        for row in rows:
            left = _without_box(bytes(row.value))
            if left != row.value:
                await _put(tx, table, row, left)
                done += 1
    return done


async def _put(tx: Transaction, table: Table, row: Any, value: bytes) -> None:
    here = (table.c.topic == row.topic, table.c.subject == row.subject, table.c.sequence == row.sequence)
    await tx.execute(update(table).where(*here).values(value=value))


def _without_box(value: bytes) -> bytes:
    try:
        envelope = decode(value)
    except Unparsable:
        return DESTROYED
    if envelope.data.get("sealed") is None:
        return value
    return encode(envelope.model_copy(update={"data": {**envelope.data, "sealed": None}}))
