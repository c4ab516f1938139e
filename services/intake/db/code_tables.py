"""The tables of code lists: versions with days of force, and the codes of each."""

from sqlalchemy import CheckConstraint, Column, Date, DateTime, ForeignKey, Index, Integer, Table, Text, text

from services.intake.db.tables import metadata

code_versions = Table(
    "code_versions",
    metadata,
    Column("version", Text, primary_key=True),
    Column("from_on", Date, nullable=False),
    Column("until_on", Date, comment="the first day on which it holds no more: on which the next one begins"),
    Column("base", Text, ForeignKey("code_versions.version"), comment="the version that it was made from"),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("proposed_by", Text, nullable=False),
    Column("proposed_at", DateTime(timezone=True), nullable=False),
    Column("decided_by", Text),
    Column("decided_at", DateTime(timezone=True)),
    Column("decision_reason", Text),
    CheckConstraint("state in ('proposed', 'adopted', 'refused')", name="state"),
    CheckConstraint("until_on > from_on", name="days_in_order"),
    # two people for each version
    CheckConstraint("decided_by <> proposed_by", name="two_people"),
    CheckConstraint("(state = 'proposed') = (decided_at is null)", name="decided_whole"),
    # what was never adopted was never ended
    CheckConstraint("until_on is null or state = 'adopted'", name="ended_once_adopted"),
    # of those adopted one begins on a day, and one has no end: with the end that each gets from the next, none overlap
    Index("uq_code_versions_from_on", "from_on", unique=True, postgresql_where=text("state = 'adopted'::text")),
    Index(
        "uq_code_versions_open",
        "state",
        unique=True,
        postgresql_where=text("state = 'adopted'::text and until_on is null"),
    ),
)

code_entries = Table(
    "code_entries",
    metadata,
    Column("version", Text, ForeignKey("code_versions.version"), primary_key=True),
    Column("list", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("zh", Text, nullable=False),
    Column("en", Text, nullable=False),
    Column("parent", Text, comment="of a second-level source: its source"),
    # a second-level source belongs to one of the four sources, and nothing else has a parent
    CheckConstraint("(list = 'source_l2') = (parent is not null) and parent in ('S', 'A', 'M', 'O')", name="parent"),
)
