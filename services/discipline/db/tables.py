"""The tables of discipline. Constraints make illegal states impossible; each says why."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    text,
)

from shared.db import service_metadata

metadata = service_metadata()

legs = Table(
    "legs",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("region_code", Text, nullable=False),
    Column("dual_assignment_id", Uuid, nullable=False, unique=True),
    Column("lead_id", Uuid, nullable=False),
    Column("status", Text, nullable=False),
    Column("outcome", Text),
    Column("version", Integer, nullable=False),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("status in ('opened', 'received', 'ended')", name="status"),
    # an outcome stands exactly when the leg has ended
    CheckConstraint("(status = 'ended') = (outcome is not null)", name="outcome_when_ended"),
    Index("ix_legs_lead_id", "lead_id"),
    Index("ix_legs_opened_at_id", "opened_at", "id"),
)

leg_history = Table(
    "leg_history",
    metadata,
    Column("leg_id", Uuid, ForeignKey("legs.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("status", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text),
    Column("effective_at", DateTime(timezone=True), nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
)

leg_facts = Table(
    "leg_facts",
    metadata,
    Column("lead_id", Uuid, primary_key=True),
    Column("sequence", Integer, primary_key=True),
    Column("key_id", Text, comment="null together with box once the facts were destroyed"),
    Column("box", Text),
    Column("received_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("(key_id is null) = (box is null)", name="whole_box"),
)

lead_standings = Table(
    "lead_standings",
    metadata,
    Column("lead_id", Uuid, primary_key=True),
    Column("suspended_at", DateTime(timezone=True)),
    Column("merged_into", Uuid),
    Column("sealed_at", DateTime(timezone=True)),
    Column("expunged_at", DateTime(timezone=True)),
)
"""What intake says of a lead as a whole; it may be heard before its leg is."""

reports = Table(
    "reports",
    metadata,
    Column("id", Uuid, primary_key=True, comment="as it came from the door"),
    Column("region_code", Text, nullable=False),
    Column("number", Text, nullable=False, unique=True),
    Column("received_on", Date, nullable=False),
    Column("accept_by", Date, nullable=False, comment="D18"),
    Column("key_id", Text, comment="null together with box once the content was destroyed"),
    Column("box", Text),
    Column("status", Text, nullable=False),
    Column("accepted_on", Date),
    Column("ended_on", Date),
    Column("outcome", Text),
    Column("feedback_by", Date, comment="D19"),
    Column("told_on", Date),
    Column("told_how", Text),
    Column("objected_on", Date),
    Column("decide_by", Date, comment="D12"),
    Column("result_letter", Integer, comment="number of the letter that tells the result"),
    Column("danger_claimed", Boolean, comment="its reporter claims danger to life; null while nobody has asked"),
    Column("version", Integer, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("status in ('arrived', 'accepted', 'ended', 'told', 'objected')", name="status"),
    CheckConstraint("(status = 'arrived') = (accepted_on is null)", name="accepted_whole"),
    CheckConstraint(
        "(status in ('ended', 'told', 'objected')) = (ended_on is not null) and (ended_on is null) = (outcome is null) "
        "and (feedback_by is null or ended_on is not null)",
        name="ended_whole",
    ),
    # who was told knows it from one day on, by one way
    CheckConstraint(
        "(status in ('told', 'objected')) = (told_on is not null) and (told_on is null) = (told_how is null)",
        name="told_whole",
    ),
    CheckConstraint("told_how in ('mailbox', 'phone', 'visit', 'post')", name="told_how"),
    # nobody objects to what he was not told
    CheckConstraint(
        "(objected_on is null) = (decide_by is null) and (objected_on is null or told_on is not null) "
        "and (status <> 'objected' or objected_on is not null)",
        name="objected_whole",
    ),
    # there is no result before it ended
    CheckConstraint("result_letter is null or ended_on is not null", name="result_letter_when_ended"),
    CheckConstraint("(key_id is null) = (box is null)", name="whole_box"),
    Index("ix_reports_received_on_id", "received_on", "id"),
    Index("ix_reports_not_looked_at", "id", postgresql_where=text("danger_claimed is null and status = 'arrived'")),
)

report_history = Table(
    "report_history",
    metadata,
    Column("report_id", Uuid, ForeignKey("reports.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("status", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
)

report_numbers = Table(
    "report_numbers",
    metadata,
    Column("region_code", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column(
        "last", Integer, nullable=False, comment="drawn in the registering transaction, so a rollback leaves no gap"
    ),
)

relearned_numbers = Table(
    "relearned_numbers",
    metadata,
    # no foreign key: a restored database learns it before it hears of the report
    Column("report_id", Uuid, primary_key=True),
    Column("day", Date, nullable=False),
    Column("place", Integer, nullable=False, comment="its running number of that day"),
)

expunged_reports = Table(
    "expunged_reports",
    metadata,
    # no foreign key: a restored database may hear of it before it hears of the report
    Column("report_id", Uuid, primary_key=True),
    Column("expunged_on", Date, nullable=False),
)
"""Reports past the office whose content is destroyed, and must be wherever it still comes from."""
