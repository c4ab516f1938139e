"""The tables of the vault's openings. The vault's role writes them; intake's role reads what a reporter is told, and of openings all but
why: it gives out the originals that one was granted for, and puts each reading on record there."""

from sqlalchemy import CheckConstraint, Column, Date, DateTime, ForeignKey, Index, Integer, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY

from services.intake.db.tables import metadata

openings = Table(
    "openings",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("lead_id", Uuid, ForeignKey("leads.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("minutes", Integer, nullable=False),
    Column("officers", ARRAY(Text), nullable=False, comment="accounts of the two who may read for an interview"),
    Column("asked_by", Text, nullable=False),
    Column("asked_at", DateTime(timezone=True), nullable=False),
    Column("state", Text, nullable=False),
    Column("decided_by", Text),
    Column("decided_at", DateTime(timezone=True)),
    Column("decision_reason", Text),
    Column("ends_at", DateTime(timezone=True)),
    Column("ended_by", Text),
    Column("ended_at", DateTime(timezone=True)),
    CheckConstraint("kind in ('keepers', 'interview', 'break-glass')", name="kind"),
    CheckConstraint("state in ('asked', 'granted', 'refused', 'ended')", name="state"),
    # nobody opens a reporter alone
    CheckConstraint("decided_by <> asked_by", name="two_people"),
    # exactly two for an interview, nobody else otherwise
    CheckConstraint(
        "cardinality(officers) = case when kind = 'interview' then 2 else 0 end", name="two_officers_for_an_interview"
    ),
    CheckConstraint("not asked_by = any (officers) and not coalesce(decided_by = any (officers), false)", name="apart"),
    # no opening without an end
    CheckConstraint(
        "(decided_by is null) = (decided_at is null) and (state <> 'granted' or ends_at is not null) "
        "and (ends_at is null or ends_at > decided_at)",
        name="time_box",
    ),
    CheckConstraint("(state = 'ended') = (ended_at is not null)", name="ended_whole"),
    Index("ix_openings_lead_id", "lead_id"),
    Index("ix_openings_asked_at_id", "asked_at", "id"),
    # one request of a kind waits for a lead
    Index("uq_openings_asked", "lead_id", "kind", unique=True, postgresql_where=text("state = 'asked'::text")),
    schema="vault",
)

readings = Table(
    "readings",
    metadata,
    Column("opening_id", Uuid, ForeignKey("vault.openings.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("reader", Text, nullable=False),
    Column("read_at", DateTime(timezone=True), nullable=False),
    schema="vault",
)

dpo_notices = Table(
    "dpo_notices",
    metadata,
    # the officer for personal information is told of each step of an emergency (G5)
    Column("opening_id", Uuid, ForeignKey("vault.openings.id"), primary_key=True),
    Column("step", Text, primary_key=True),
    Column("told_at", DateTime(timezone=True), nullable=False),
    Column("seen_by", Text),
    Column("seen_at", DateTime(timezone=True)),
    CheckConstraint("step in ('asked', 'granted', 'refused', 'ended', 'read')", name="step"),
    CheckConstraint("(seen_by is null) = (seen_at is null)", name="seen_whole"),
    Index("ix_dpo_notices_told_at", "told_at", "opening_id", "step"),
    schema="vault",
)

reporter_openings = Table(
    "reporter_openings",
    metadata,
    Column("opening_id", Uuid, primary_key=True),
    Column("lead_id", Uuid, ForeignKey("leads.id"), nullable=False),
    Column("opened_on", Date, nullable=False, comment="the day only, as all that a reporter is told"),
    Column("purpose", Text, nullable=False),
    Index("ix_reporter_openings_lead_id", "lead_id"),
)
"""What a reporter is told of who opened his data: written by the vault, read by intake."""

shreddings = Table(
    "shreddings",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("lead_id", Uuid, ForeignKey("leads.id"), nullable=False),
    Column("ground", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("ordered_by", Text, nullable=False),
    Column("ordered_at", DateTime(timezone=True), nullable=False),
    Column("state", Text, nullable=False),
    Column("decided_by", Text),
    Column("decided_at", DateTime(timezone=True)),
    CheckConstraint("state in ('ordered', 'done', 'refused')", name="state"),
    # what cannot be undone takes two
    CheckConstraint("decided_by <> ordered_by", name="two_people"),
    CheckConstraint(
        "(state = 'ordered') = (decided_by is null) and (decided_by is null) = (decided_at is null)",
        name="decided_whole",
    ),
    Index("ix_shreddings_ordered_at_id", "ordered_at", "id"),
    # what the vault carries out by itself, asked each second
    Index("ix_shreddings_waiting", "ordered_at", postgresql_where=text("state = 'ordered'::text")),
    # one order waits for a lead, and it is carried out once
    Index("uq_shreddings_lead_id", "lead_id", unique=True, postgresql_where=text("state <> 'refused'::text")),
    schema="vault",
)
