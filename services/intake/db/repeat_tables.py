"""The tables of repeats: keys to find them by, suggestions, merges, and what follows from a merge."""

from sqlalchemy import (
    REAL,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.intake.db.tables import metadata

repeat_pending = Table(
    "repeat_pending",
    metadata,
    Column("lead_id", Uuid, primary_key=True),
    Column("searchable", Boolean, nullable=False, server_default=text("false"), comment="the search knows it"),
)
"""Leads that the worker has not looked at yet: the door only says that they are there. Without a foreign key, which would be checked with
each registration."""

repeat_leads = Table(
    "repeat_leads",
    metadata,
    Column("number", BigInteger, Identity(always=True), primary_key=True),
    Column("lead_id", Uuid, ForeignKey("leads.id"), nullable=False),
    Column(
        "keys", ARRAY(BigInteger), nullable=False, comment="its rows in repeat_keys, so that they can be taken away"
    ),
    UniqueConstraint("lead_id"),
)

repeat_keys = Table(
    "repeat_keys",
    metadata,
    Column("key", BigInteger, primary_key=True, comment="keyed hash of a mark; tells nothing without the key"),
    Column("number", BigInteger, primary_key=True),
)

repeat_suggestions = Table(
    "repeat_suggestions",
    metadata,
    Column("lead_id", Uuid, ForeignKey("leads.id"), primary_key=True),
    Column("candidate_id", Uuid, ForeignKey("leads.id"), primary_key=True),
    Column("likelihood", REAL, nullable=False),
    Column("features", JSONB, nullable=False, comment="feature to its share of the likelihood; never a person's data"),
    Column("found_at", DateTime(timezone=True), nullable=False),
    Column("decision", Text),
    Column("decided_by", Text),
    Column("decided_at", DateTime(timezone=True)),
    CheckConstraint("decision in ('merged', 'dismissed')", name="decision"),
    # a decision has a person and an instant
    CheckConstraint(
        "(decision is null) = (decided_by is null) and (decision is null) = (decided_at is null)", name="decided_whole"
    ),
)

merges = Table(
    "merges",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("region_code", Text, nullable=False),
    Column("lead_id", Uuid, ForeignKey("leads.id"), nullable=False),
    Column("master_id", Uuid, ForeignKey("leads.id"), nullable=False),
    Column("state", Text, nullable=False),
    Column("proposed_by", Text),
    Column("proposed_at", DateTime(timezone=True), nullable=False),
    Column("reason", Text, nullable=False),
    Column("likelihood", REAL),
    Column("features", JSONB, nullable=False),
    Column("decided_by", Text),
    Column("decided_at", DateTime(timezone=True)),
    Column("suggested_level", Text),
    Column("undo_by", Text),
    Column("undo_at", DateTime(timezone=True)),
    Column("undo_reason", Text),
    Column("undone_by", Text),
    Column("undone_at", DateTime(timezone=True)),
    CheckConstraint("state in ('proposed', 'refused', 'standing', 'undo-proposed', 'undone')", name="state"),
    # G10: the one who proposes never decides
    CheckConstraint("decided_by <> proposed_by", name="two_people"),
    CheckConstraint("undone_by <> undo_by", name="two_people_undo"),
    # a lead is a repeat of one master at a time
    Index(
        "uq_merges_lead_id",
        "lead_id",
        unique=True,
        postgresql_where=text("state in ('proposed', 'standing', 'undo-proposed')"),
    ),
    Index("ix_merges_master_id", "master_id"),
    Index("ix_merges_proposed_at_id", "proposed_at", "id"),
)

conclusions = Table(
    "conclusions",
    metadata,
    Column("lead_id", Uuid, ForeignKey("leads.id"), primary_key=True),
    Column("code", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("concluded_at", DateTime(timezone=True), nullable=False),
)

re_examinations = Table(
    "re_examinations",
    metadata,
    Column("merge_id", Uuid, ForeignKey("merges.id"), primary_key=True),
    Column("lead_id", Uuid, ForeignKey("leads.id"), nullable=False),
    Column("repeat_id", Uuid, ForeignKey("leads.id"), nullable=False),
    Column("earlier_unit", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("conclusion", Text, nullable=False, server_default=text("'C3'"), comment="of the master as it stood"),
    Column("unit", Text),
    Column("given_by", Text),
    Column("given_at", DateTime(timezone=True)),
    CheckConstraint("state in ('open', 'given', 'noted', 'withdrawn')", name="state"),
    # what was found unfounded is looked at again
    CheckConstraint("state <> 'noted' or conclusion <> 'C3'", name="looked_at_again"),
    # who found nothing does not look again
    CheckConstraint("unit <> earlier_unit", name="another_team"),
    CheckConstraint(
        "(state = 'given') = (unit is not null) and (state in ('given', 'noted')) = (given_by is not null)",
        name="given_whole",
    ),
    Index("ix_re_examinations_opened_at_merge_id", "opened_at", "merge_id"),
)
