"""The tables of the day list."""

from sqlalchemy import CheckConstraint, Column, Date, DateTime, ForeignKey, Index, SmallInteger, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from services.intake.db.tables import metadata

daily_digests = Table(
    "daily_digests",
    metadata,
    # one list a day, whoever opens it
    Column("day", Date, primary_key=True),
    Column("since", DateTime(timezone=True), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False, comment="the instant that it shows"),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("counts", JSONB, nullable=False, comment="part → number of leads"),
    Column("closed_by", Text),
    Column("closed_at", DateTime(timezone=True)),
    # a person and an instant, or neither
    CheckConstraint("(closed_by is null) = (closed_at is null)", name="closed_whole"),
    Index("ix_daily_digests_open", "day", postgresql_where=text("closed_at is null")),
)

digest_leads = Table(
    "digest_leads",
    metadata,
    Column("day", Date, ForeignKey("daily_digests.day"), primary_key=True),
    Column("part", Text, primary_key=True),
    Column("lead_id", Uuid, ForeignKey("leads.id"), primary_key=True),
    Column(
        "place", SmallInteger, nullable=False, server_default=text("2"), comment="0 urgent, 1 claimed to be, 2 others"
    ),
    CheckConstraint(
        "part in ('fresh', 'unclassified', 'unassigned', 'due_soon', 'overdue', 'repeated', 'new_facts')",
        name="part",
    ),
)
