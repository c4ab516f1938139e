"""The store of dated facts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from shared.db import Transaction

_NAMES = (
    "event_ids",
    "regions",
    "types",
    "topics",
    "subjects",
    "sequences",
    "lead_ids",
    "effective",
    "recorded",
    "codes",
)
_ADD = text(
    """insert into facts (event_id, region_code, type, topic, subject, sequence, lead_id, effective_at, recorded_at, codes)
       select event_id, region, type, topic, subject, sequence, lead_id, effective_at, recorded_at, codes::jsonb
       from unnest(cast(:event_ids as uuid[]), cast(:regions as text[]), cast(:types as text[]), cast(:topics as text[]),
         cast(:subjects as text[]), cast(:sequences as bigint[]), cast(:lead_ids as uuid[]), cast(:effective as timestamptz[]),
         cast(:recorded as timestamptz[]), cast(:codes as text[]))
         as f(event_id, region, type, topic, subject, sequence, lead_id, effective_at, recorded_at, codes)"""
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing that happened, as its service said it."""

    event_id: UUID
    region: str
    type: str
    topic: str
    subject: str
    sequence: int
    lead_id: UUID
    effective_at: datetime
    recorded_at: datetime
    codes: str
    """JSON: what else the event says."""


async def add(tx: Transaction, facts: Sequence[Fact]) -> None:
    """Add them in one statement."""
    rows = [
        (
            *(fact.event_id, fact.region, fact.type, fact.topic, fact.subject, fact.sequence, fact.lead_id),
            *(fact.effective_at, fact.recorded_at, fact.codes),
        )
        for fact in facts
    ]
    columns = [list(column) for column in zip(*rows, strict=True)]
    await tx.execute(_ADD, dict(zip(_NAMES, columns, strict=True)))
