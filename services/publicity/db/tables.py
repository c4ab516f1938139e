"""The tables of publicity: dated facts, as they were said; and the directory, as it stands, as far as figures count it."""

from sqlalchemy import BigInteger, Column, Date, DateTime, Index, Table, Text, UniqueConstraint, Uuid
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

units = Table(
    "units",
    metadata,
    Column("code", Text, primary_key=True),
    Column("region_code", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("from_on", Date, nullable=False),
    Column("to_on", Date),
    Index("ix_units_kind", "kind"),
)

# no foreign keys: what is placed may be heard of before the person or the unit
staff = Table(
    "staff",
    metadata,
    Column("staff", Text, primary_key=True),
    Column("region_code", Text, nullable=False),
    Column("from_on", Date, nullable=False),
    Column("to_on", Date),
)

placements = Table(
    "placements",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("region_code", Text, nullable=False),
    Column("staff", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("post", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("from_on", Date, nullable=False),
    Column("to_on", Date),
    Index("ix_placements_unit", "unit"),
    Index("ix_placements_staff", "staff"),
)
