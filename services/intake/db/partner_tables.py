"""The tables of what comes from partners and from units' own screening, and of what is said of shielding officials beside a lead."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.intake.db.tables import metadata

transfers = Table(
    "transfers",
    metadata,
    Column("lead_id", Uuid, ForeignKey("leads.id"), primary_key=True),
    Column("region_code", Text, nullable=False),
    Column("unit", Text, nullable=False, comment="that transferred it"),
    Column("letter_no", Text, nullable=False),
    Column("sent_on", Date, nullable=False),
    Column("reason", Text, nullable=False, comment="why it belongs here"),
    Column("evidence", JSONB, nullable=False, comment="name and SHA-256 of each piece"),
    Column("receipt", JSONB, nullable=False),
    Column("received_on", Date, nullable=False),
    # a letter is registered once: both registers must match (M16)
    UniqueConstraint("unit", "letter_no"),
    Index("ix_transfers_received_on_lead_id", "received_on", "lead_id"),
)

screenings = Table(
    "screenings",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("region_code", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("state", Text, nullable=False),
    Column("opened_by", Text, nullable=False),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("returned_by", Text),
    Column("returned_at", DateTime(timezone=True)),
    Column("zero_return", Boolean, comment="counted from the findings, never typed in"),
    Column("note", Text),
    CheckConstraint("state in ('open', 'returned')", name="state"),
    CheckConstraint(
        "(state = 'returned') = (returned_by is not null) and (returned_by is null) = (returned_at is null) "
        "and (returned_by is null) = (zero_return is null)",
        name="returned_whole",
    ),
    Index("ix_screenings_opened_at_id", "opened_at", "id"),
)

screening_findings = Table(
    "screening_findings",
    metadata,
    Column("lead_id", Uuid, ForeignKey("leads.id"), primary_key=True),
    Column("screening_id", Uuid, ForeignKey("screenings.id"), nullable=False),
    Column("minors", Boolean, nullable=False, comment="somebody of 14 to 17 years is named: special handling (G19)"),
    Index("ix_screening_findings_screening_id", "screening_id"),
)

lead_umbrellas = Table(
    "lead_umbrellas",
    metadata,
    Column("lead_id", Uuid, ForeignKey("leads.id"), primary_key=True),
    Column("told", Text, nullable=False, comment="goes to discipline alone"),
)
