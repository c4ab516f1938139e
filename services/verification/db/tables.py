"""The tables of verification. Constraints make illegal states impossible; each says why."""

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
from sqlalchemy.dialects.postgresql import JSONB

from shared.db import service_metadata

metadata = service_metadata()

works = Table(
    "works",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("region_code", Text, nullable=False),
    Column("lead_id", Uuid, nullable=False),
    Column("assignment_no", Integer, nullable=False),
    Column("unit", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("sign_by", Date, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("provisional", Boolean, nullable=False),
    Column("status", Text, nullable=False),
    Column("plan", Text),
    Column("conclusion", Text),
    Column("version", Integer, nullable=False),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("urgent", Boolean, nullable=False, server_default=text("false")),
    Column(
        "dispute_by",
        Date,
        comment="until when the unit may say that it is not its own; null: a ruling binds it",
    ),
    Column("first_report", Text),
    CheckConstraint(
        "status in ('opened', 'disputed', 'withdrawn', 'accepted', 'in_review', 'concluded')", name="status"
    ),
    # the work begins in order only with a plan on file; one that is taken back later keeps it there
    CheckConstraint(
        "case when status in ('accepted', 'in_review', 'concluded') then plan is not null "
        "when status = 'withdrawn' then true else plan is null end",
        name="plan_when_accepted",
    ),
    # a conclusion stands, or waits for its review, exactly when the unit has ended its work
    CheckConstraint(
        "(status in ('in_review', 'concluded')) = (conclusion is not null)", name="conclusion_when_concluded"
    ),
    # one work for one assignment, however often its event arrives
    UniqueConstraint("lead_id", "assignment_no"),
    Index("ix_works_opened_at_id", "opened_at", "id"),
)

verifiers = Table(
    "verifiers",
    metadata,
    Column("work_id", Uuid, ForeignKey("works.id"), primary_key=True),
    Column("staff", Text, primary_key=True),
    Column("recusal_statement_on", Date, nullable=False),
    # what a person who leaves has in hand
    Index("ix_verifiers_staff", "staff"),
)

work_history = Table(
    "work_history",
    metadata,
    Column("work_id", Uuid, ForeignKey("works.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("status", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text),
    Column("effective_at", DateTime(timezone=True), nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
)

work_facts = Table(
    "work_facts",
    metadata,
    Column("lead_id", Uuid, primary_key=True),
    Column("sequence", Integer, primary_key=True),
    Column("key_id", Text, comment="null together with box once the facts were destroyed"),
    Column("box", Text),
    Column("received_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("(key_id is null) = (box is null)", name="whole_box"),
)

# what the directory says of staff, as far as verifiers are chosen by it (G-TWO): no name, no account, no unit
staff = Table(
    "staff",
    metadata,
    Column("staff", Text, primary_key=True),
    Column("region_code", Text, nullable=False),
    Column("pledged_on", Date),
    Column("from_on", Date, nullable=False),
    Column("to_on", Date),
)

# no foreign key: an absence may be heard of before the person
absences = Table(
    "absences",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("staff", Text, nullable=False),
    Column("from_on", Date, nullable=False),
    Column("to_on", Date),
    Index("ix_absences_staff", "staff"),
)

lead_standings = Table(
    "lead_standings",
    metadata,
    Column("lead_id", Uuid, primary_key=True),
    Column("suspended_at", DateTime(timezone=True)),
    Column("merged_into", Uuid),
    Column("sealed_at", DateTime(timezone=True)),
    Column("expunged_at", DateTime(timezone=True)),
    Column("sign_by", Date),
    Column("due_on", Date),
    Column(
        "moved_at",
        DateTime(timezone=True),
        comment="when a limit was last moved; a work that opens later has its dates already",
    ),
    Column("arrest_held_until", Date),
    Column("publication_held_until", Date),
    Column(
        "danger_claimed",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="a repeat claims danger to life, and nobody has said whether that holds",
    ),
    # how often a matter was reported again is asked at its conclusion
    Index("ix_lead_standings_merged_into", "merged_into", postgresql_where=text("merged_into is not null")),
)
"""What intake says of a lead as a whole; it may be heard before any work on it is."""

reviews = Table(
    "reviews",
    metadata,
    Column("work_id", Uuid, ForeignKey("works.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("because", Text, nullable=False),
    Column("conclusion", Text, nullable=False),
    Column("concluded_at", DateTime(timezone=True), nullable=False),
    Column("concluded_by", Text, comment="null where a restore has lost it"),
    Column("due_on", Date, nullable=False, comment="D36"),
    Column("outcome", Text),
    Column("reason", Text),
    Column("rework_by", Date, comment="D10, of one that was returned"),
    Column("decided_by", Text),
    Column("decided_at", DateTime(timezone=True)),
    Column("decision_organ", Text, comment="who decided that it is a false accusation"),
    Column("decision_no", Text),
    Column("decision_on", Date),
    CheckConstraint("because in ('major', 'repeats', 'random', 'accusation')", name="because"),
    CheckConstraint("outcome in ('passed', 'returned')", name="outcome"),
    CheckConstraint(
        "(outcome is null) = (decided_by is null) and (outcome is null) = (decided_at is null)", name="decided_whole"
    ),
    # who concluded does not review it (G10)
    CheckConstraint("decided_by <> concluded_by", name="two_people"),
    # no 诬告 without the formal decision that it rests on (G16)
    CheckConstraint(
        "(conclusion = 'C8') = (because = 'accusation') and (conclusion = 'C8') = (decision_organ is not null) "
        "and (conclusion = 'C8') = (decision_no is not null) and (conclusion = 'C8') = (decision_on is not null)",
        name="decision_whole",
    ),
    # a unit whose conclusion is returned is told why, and until when it reports again
    CheckConstraint(
        "(outcome is not distinct from 'returned') = (rework_by is not null) and (rework_by is null or reason is not null)",
        name="returned_whole",
    ),
    # one conclusion waits at a time; the list of what waits
    Index("uq_reviews_waiting", "work_id", unique=True, postgresql_where=text("outcome is null")),
    Index("ix_reviews_waiting", "concluded_at", "work_id", postgresql_where=text("outcome is null")),
)

review_draws = Table(
    "review_draws",
    metadata,
    Column("month", Date, primary_key=True),
    Column("seed", LargeBinary, nullable=False, comment="published when the month is over"),
    Column("commitment", Text, nullable=False),
    Column("committed_at", DateTime(timezone=True), nullable=False),
    Column("beacons", JSONB, comment="what the other services signed first after the commitment"),
    Column("fixed_at", DateTime(timezone=True)),
    CheckConstraint("(fixed_at is null) = (beacons is null)", name="fixed_whole"),
    CheckConstraint("month = date_trunc('month', month)", name="first_day"),
)

review_entries = Table(
    "review_entries",
    metadata,
    Column("token", Text, primary_key=True, comment="its name on the published list"),
    Column("month", Date, ForeignKey("review_draws.month"), nullable=False),
    Column("drawn", Boolean, nullable=False),
    Index("ix_review_entries_month", "month", "token"),
)
"""What was refuted in a month and could be drawn at random; without the seed nobody knows which work an entry is."""
