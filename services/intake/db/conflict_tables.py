"""The tables of whom a lead is about, and of interests in it. Rows are added; a decision completes its row."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.intake.db.tables import metadata

lead_subjects = Table(
    "lead_subjects",
    metadata,
    Column("lead_id", Uuid, ForeignKey("leads.id"), primary_key=True),
    # the newest statement holds, those before stay
    Column("version", Integer, primary_key=True),
    Column("subjects", JSONB, nullable=False, comment="unit and staff, codes of the directory; [] when none is in it"),
    Column("reason", Text, nullable=False),
    Column("stated_by", Text, nullable=False),
    Column("stated_at", DateTime(timezone=True), nullable=False),
    # what somebody is kept from, in lists
    Index(
        "ix_lead_subjects_subjects", "subjects", postgresql_using="gin", postgresql_ops={"subjects": "jsonb_path_ops"}
    ),
)

interests = Table(
    "interests",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("lead_id", Uuid, ForeignKey("leads.id"), nullable=False),
    Column("staff", Text, nullable=False),
    Column("ground", Text, nullable=False),
    Column("declared", Boolean, nullable=False, comment="by the person; else a challenge by another"),
    Column("decider", Text, nullable=False, comment="role of the next level"),
    Column("reason", Text, nullable=False),
    Column("stated_by", Text, nullable=False),
    Column("stated_at", DateTime(timezone=True), nullable=False),
    Column("status", Text, nullable=False),
    Column("decided_by", Text),
    Column("decided_at", DateTime(timezone=True)),
    Column("decision_reason", Text),
    CheckConstraint("status in ('open', 'upheld', 'dismissed')", name="status"),
    # a decision has a maker, a time and a reason
    CheckConstraint(
        "(status = 'open') = (decided_by is null) and (decided_by is null) = (decided_at is null) "
        "and (decided_by is null) = (decision_reason is null)",
        name="decided_whole",
    ),
    # another level than who said it
    CheckConstraint("decided_by <> stated_by", name="two_people"),
    Index("ix_interests_lead_id", "lead_id"),
    # what somebody is kept from, in lists
    Index("ix_interests_staff", "staff"),
    # one open question about one person in one lead
    Index("uq_interests_open", "lead_id", "staff", unique=True, postgresql_where=text("status = 'open'::text")),
)

recalls = Table(
    "recalls",
    metadata,
    Column("lead_id", Uuid, ForeignKey("leads.id"), primary_key=True),
    Column("assignment_no", Integer, primary_key=True),
    Column("recalled_at", DateTime(timezone=True), nullable=False),
)
"""Assignments that were taken back because of a conflict of interest; who and why stands in the history of the lead."""
