"""The store of the 110 feed: calls, corrections, refused records."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ARRAY, RowMapping, Text, any_, bindparam, exists, insert, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.intake.db.feed_tables import lead_corrections, police_calls, refused_calls
from services.intake.db.tables import leads
from services.intake.domain.lead import Lead
from services.intake.domain.police_call import Call, Change, KnownCall
from shared.db import Transaction
from shared.errors import NotFound

CALLER_FIELD = "caller"
_ADD = """
insert into police_calls (lead_id, region_code, external_no, revision, called_at, content, taken_at)
select id, $1, external_no, revision, called_at, content::jsonb, $2
from unnest($3::uuid[], $4::text[], $5::int[], $6::timestamptz[], $7::text[]) as c(id, external_no, revision, called_at, content)
order by external_no
"""


@dataclass(frozen=True, slots=True)
class RefusedRecord:
    """A record that could not be taken: its number, if that could be read, and (field, reason)."""

    external_no: str | None
    errors: tuple[tuple[str, str], ...]


async def find(tx: Transaction, region: str, external_nos: Sequence[str]) -> dict[str, KnownCall]:
    """Those of these numbers that are known, by number. Whoever corrects one holds its lead."""
    query = (
        select(police_calls, leads.c.lead_no)
        .join(leads, leads.c.id == police_calls.c.lead_id)
        .where(
            police_calls.c.region_code == region,
            police_calls.c.external_no == any_(bindparam("numbers", list(external_nos), type_=ARRAY(Text))),
        )
    )
    return {row["external_no"]: _known(row) for row in (await tx.execute(query)).mappings()}


async def is_call(tx: Transaction, lead_id: UUID) -> bool:
    """Whether this lead came in by the feed."""
    query = select(exists().where(police_calls.c.lead_id == lead_id))
    return bool((await tx.execute(query)).scalar_one())


async def of_lead(tx: Transaction, lead_id: UUID) -> tuple[str, KnownCall]:
    """The external number and newest version of the call that became this lead. Raises `NotFound`."""
    query = select(police_calls, leads.c.lead_no).join(leads, leads.c.id == police_calls.c.lead_id)
    row = (await tx.execute(query.where(police_calls.c.lead_id == lead_id))).mappings().one_or_none()
    if row is None:
        raise NotFound("该线索不是由110警情登记的 / this lead did not come in as a 110 call")
    return row["external_no"], _known(row)


async def add(connection: Any, taken: Sequence[tuple[Lead, Call]], *, region: str, at: datetime) -> None:
    """Remember which calls these leads are; on the driver's own connection."""
    columns = [
        [lead.id for lead, _ in taken],
        [call.external_no for _, call in taken],
        [call.revision for _, call in taken],
        [call.called_at for _, call in taken],
        [json.dumps(call.content, ensure_ascii=False) for _, call in taken],
    ]
    await connection.execute(_ADD, region, at, *columns)


async def correct(
    tx: Transaction,
    lead_id: UUID,
    call: Call,
    changes: Iterable[Change],
    *,
    reporter_ref: UUID | None,
    by: str,
    at: datetime,
) -> None:
    """Put a newer version on record: old and new values, and that there is a caller as corrected."""
    await tx.execute(
        update(police_calls)
        .where(police_calls.c.lead_id == lead_id)
        .values(revision=call.revision, content=dict(call.content))
    )
    shared = {"lead_id": lead_id, "revision": call.revision, "corrected_by": by, "recorded_at": at}
    rows: list[dict[str, Any]] = [
        {**shared, "field": change.field, "old": change.old, "new": change.new, "reporter_ref": None}
        for change in changes
    ]
    if reporter_ref is not None:
        rows.append({**shared, "field": CALLER_FIELD, "old": None, "new": None, "reporter_ref": reporter_ref})
    if rows:
        await tx.execute(insert(lead_corrections), rows)


async def corrections(tx: Transaction, lead_id: UUID) -> Sequence[RowMapping]:
    """All that was corrected, oldest first."""
    query = select(lead_corrections).where(lead_corrections.c.lead_id == lead_id)
    query = query.order_by(lead_corrections.c.revision, lead_corrections.c.field)
    return (await tx.execute(query)).mappings().all()


async def refuse(tx: Transaction, refused: Iterable[RefusedRecord], *, by: str, at: datetime) -> None:
    """Keep what could not be taken; the same again is counted."""
    rows: dict[bytes, dict[str, Any]] = {}
    for each in refused:
        mark = hashlib.sha256(json.dumps([by, each.external_no, each.errors]).encode()).digest()
        if mark in rows:
            rows[mark]["times"] += 1
            continue
        rows[mark] = {
            "id": uuid4(),
            "mark": mark,
            "sent_by": by,
            "external_no": each.external_no,
            "reasons": [{"field": field, "reason": reason} for field, reason in each.errors],
            "times": 1,
            "first_at": at,
            "last_at": at,
        }
    # in one order: two batches with the same records would otherwise wait for each other
    for mark in sorted(rows):
        keep = upsert(refused_calls).values(rows[mark])
        again = {
            "times": refused_calls.c.times + keep.excluded.times,
            "last_at": keep.excluded.last_at,
            "settled_at": None,
        }
        await tx.execute(keep.on_conflict_do_update(index_elements=["mark"], set_=again))


async def settle(tx: Transaction, external_nos: Sequence[str], *, at: datetime) -> None:
    """These numbers were taken: what was refused of them earlier is settled."""
    await tx.execute(
        update(refused_calls)
        .where(
            refused_calls.c.external_no == any_(bindparam("numbers", list(external_nos), type_=ARRAY(Text))),
            refused_calls.c.settled_at.is_(None),
        )
        .values(settled_at=at)
    )


async def refused_page(
    tx: Transaction, *, open_only: bool, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[RowMapping]:
    """Refused records by the time they first came."""
    query = select(refused_calls).order_by(refused_calls.c.first_at, refused_calls.c.id).limit(limit)
    if open_only:
        query = query.where(refused_calls.c.settled_at.is_(None))
    if after is not None:
        query = query.where(tuple_(refused_calls.c.first_at, refused_calls.c.id) > after)
    return (await tx.execute(query)).mappings().all()


def _known(row: RowMapping) -> KnownCall:
    return KnownCall(
        lead_id=row["lead_id"],
        lead_no=row["lead_no"],
        revision=row["revision"],
        called_at=row["called_at"],
        content=row["content"],
    )
