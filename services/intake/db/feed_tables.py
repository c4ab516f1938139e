"""The tables of the 110 feed: which call became which lead, what was corrected since, and which records could not be taken."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.intake.db.tables import metadata

police_calls = Table(
    "police_calls",
    metadata,
    Column("lead_id", Uuid, ForeignKey("leads.id"), primary_key=True),
    Column("region_code", Text, nullable=False),
    Column("external_no", Text, nullable=False),
    Column("revision", Integer, nullable=False, comment="of the newest version that came"),
    Column("called_at", DateTime(timezone=True), nullable=False),
    Column("content", JSONB, nullable=False, comment="of the newest version; nothing of the caller"),
    Column("taken_at", DateTime(timezone=True), nullable=False),
    # one call, one lead, however often and by whichever process it comes
    UniqueConstraint("region_code", "external_no"),
    CheckConstraint("revision >= 1", name="revision"),
)

lead_corrections = Table(
    "lead_corrections",
    metadata,
    Column("lead_id", Uuid, ForeignKey("leads.id"), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("field", Text, primary_key=True),
    Column("old", JSONB(none_as_null=True)),
    Column("new", JSONB(none_as_null=True)),
    Column(
        "reporter_ref", Uuid, comment="of the caller as corrected, sealed in schema vault; old and new are null then"
    ),
    Column("corrected_by", Text, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    # who called is nowhere but in the vault
    CheckConstraint("field <> 'caller' or (old is null and new is null)", name="caller_is_sealed"),
    CheckConstraint("(field = 'caller') = (reporter_ref is not null)", name="sealed_is_caller"),
)

refused_calls = Table(
    "refused_calls",
    metadata,
    Column("id", Uuid, primary_key=True),
    # the same record refused for the same reasons again is counted, not added: a feed that tries for ever fills no table
    Column("mark", LargeBinary, nullable=False, unique=True, comment="hash of sender, number and reasons"),
    Column("sent_by", Text, nullable=False),
    Column("external_no", Text, comment="null when it could not be read; nothing else of the record is kept"),
    Column("reasons", JSONB, nullable=False, comment="field and reason, never what was sent"),
    Column("times", Integer, nullable=False),
    Column("first_at", DateTime(timezone=True), nullable=False),
    Column("last_at", DateTime(timezone=True), nullable=False),
    Column("settled_at", DateTime(timezone=True), comment="when a record with this number was taken after all"),
    Index("ix_refused_calls_first_at_id", "first_at", "id"),
    Index("ix_refused_calls_open", "external_no", postgresql_where=text("settled_at is null")),
)
