"""The tables of intake. Constraints make illegal states impossible; each says why."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
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
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from shared.db import service_metadata

metadata = service_metadata()

leads = Table(
    "leads",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("region_code", Text, nullable=False),
    Column("lead_no", Text, nullable=False, unique=True),
    Column("source", Text, nullable=False),
    Column("issuing_level", Text),
    Column("upstream_no", Text),
    Column("upstream_deadline", Date),
    Column("received_on", Date, nullable=False),
    Column("street", Text),
    Column("summary", Text, nullable=False),
    Column("allegations", ARRAY(Text), nullable=False),
    Column("named", Boolean, nullable=False),
    Column("reporter_ref", Uuid, comment="of the sealed reporter in schema vault, which intake cannot read"),
    Column("status", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("areas", ARRAY(Text), nullable=False),
    Column("manifestations", ARRAY(Text), nullable=False),
    Column("tier", Text),
    Column("level", Text),
    Column("grounds", ARRAY(Text), nullable=False),
    Column("unit", Text),
    Column("assignment_no", Integer),
    Column("sign_by", Date),
    Column("due_on", Date),
    Column("provisional", Boolean),
    Column("profile_version", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column(
        "merged_into",
        Uuid,
        ForeignKey("leads.id"),
        comment="the master, while a merge of two people stands; the rest of the row stays as it was",
    ),
    CheckConstraint("status in ('received', 'classified', 'assigned', 'verifying', 'concluded')", name="status"),
    # 三类来源 and 其他
    CheckConstraint("source in ('S', 'A', 'M', 'O')", name="source"),
    # a superior's lead can be answered only if we know whose it is and under which number
    CheckConstraint(
        "source <> 'S' or (issuing_level is not null and upstream_no is not null)", name="superior_is_named"
    ),
    # what is classified has a tier and a level, and nothing else has
    CheckConstraint(
        "(status = 'received') = (tier is null) and (tier is null) = (level is null)", name="classified_whole"
    ),
    # an assignment is whole or absent
    CheckConstraint(
        "(status in ('received', 'classified')) = (unit is null) and (unit is null) = (assignment_no is null) "
        "and (unit is null) = (sign_by is null) and (unit is null) = (due_on is null) and (unit is null) = (provisional is null)",
        name="assignment_whole",
    ),
    CheckConstraint("merged_into <> id", name="merged_elsewhere"),
    # repeats are found before anyone is charged; afterwards a unit would work on a lead that is another's part
    CheckConstraint("merged_into is null or unit is null", name="merged_before_assignment"),
    Index("ix_leads_merged_into", "merged_into", postgresql_where=text("merged_into is not null")),
    Index("ix_leads_received_on_id", "received_on", "id"),
    # one superior number, one lead, whatever file it comes in again
    Index(
        "uq_leads_region_code_upstream_no",
        "region_code",
        "upstream_no",
        unique=True,
        postgresql_where=text("source = 'S'::text"),
    ),
)

lead_history = Table(
    "lead_history",
    metadata,
    Column("lead_id", Uuid, ForeignKey("leads.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("action", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("reason", Text),
    Column("effective_at", DateTime(timezone=True), nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
)

lead_numbers = Table(
    "lead_numbers",
    metadata,
    Column("region_code", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column(
        "last", Integer, nullable=False, comment="drawn in the registering transaction, so a rollback leaves no gap"
    ),
)

ledgers = Table(
    "ledgers",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("region_code", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("taken", Integer, nullable=False),
    Column("known", Integer, nullable=False),
    Column("refused", JSONB, nullable=False, comment="row, column, reason; never a cell's content"),
    Column("imported_by", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Index("ix_ledgers_created_at_id", "created_at", "id"),
    # the same file again is found by its hash
    Index("ix_ledgers_sha256", "sha256"),
)

ledger_rows = Table(
    "ledger_rows",
    metadata,
    Column("ledger_id", Uuid, ForeignKey("ledgers.id"), primary_key=True),
    Column("row", Integer, primary_key=True),
    Column("lead_id", Uuid, ForeignKey("leads.id"), nullable=False),
)

dual_assignments = Table(
    "dual_assignments",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("region_code", Text, nullable=False),
    Column("lead_id", Uuid, ForeignKey("leads.id"), nullable=False),
    Column("crime", Text, nullable=False),
    Column("discipline", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("completed_at", DateTime(timezone=True)),
    Column("version", Integer, nullable=False),
    CheckConstraint("crime in ('created', 'accepted', 'ended')", name="crime"),
    CheckConstraint("discipline in ('created', 'accepted', 'ended')", name="discipline"),
    # the parent closes when both legs are ended, never before and never later
    CheckConstraint(
        "(completed_at is not null) = (crime = 'ended' and discipline = 'ended')", name="completed_with_both"
    ),
    # one parent a lead
    UniqueConstraint("lead_id"),
    Index("ix_dual_assignments_created_at_id", "created_at", "id"),
)

reporters = Table(
    "reporters",
    metadata,
    Column("reporter_ref", Uuid, primary_key=True, comment="random; the only trace of a reporter outside this schema"),
    Column("key_id", Text, nullable=False),
    Column(
        "wrapped_key", LargeBinary, comment="this record's data key, for the vault alone; deleting it shreds the record"
    ),
    Column("ciphertext", LargeBinary, nullable=False),
    Column("created_on", Date, nullable=False),
    schema="vault",
)
