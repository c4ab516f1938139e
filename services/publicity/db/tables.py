"""The tables of publicity: dated facts, as they were said."""

from sqlalchemy import BigInteger, Column, DateTime, Index, Table, Text, UniqueConstraint, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from shared.db import service_metadata

metadata = service_metadata()

facts = Table(
    "facts",
    metadata,
    Column("event_id", Uuid, primary_key=True),
    Column("region_code", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("lead_id", Uuid, nullable=False),
    Column("effective_at", DateTime(timezone=True), nullable=False, comment="when it happened: figures go by this"),
    Column("recorded_at", DateTime(timezone=True), nullable=False, comment="when it was put on record"),
    Column("codes", JSONB, nullable=False, comment="the event's own fields: ids, codes, dates, numbers"),
    # nothing counts twice, even if the inbox were emptied and the topics read again
    UniqueConstraint("topic", "subject", "sequence"),
    Index("ix_facts_lead_id_type", "lead_id", "type"),
    Index("ix_facts_type_effective_at", "type", "effective_at"),
    Index("ix_facts_effective_at_event_id", "effective_at", "event_id"),
)
