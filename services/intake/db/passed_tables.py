"""The table of letters to and from reporters past the office: boxes that only the query code opens."""

from sqlalchemy import CheckConstraint, Column, Date, ForeignKey, Integer, Table, Text, Uuid

from services.intake.db.tables import metadata

passed_letters = Table(
    "passed_letters",
    metadata,
    Column("report_id", Uuid, ForeignKey("passed_reports.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("writer", Text, nullable=False),
    Column("theirs", Integer, comment="number of the letter at discipline; null: the reporter's"),
    Column("sent_on", Date, nullable=False, comment="the day only: the hour could tell who it was"),
    Column("read_on", Date, comment="when the reporter first read it"),
    Column("box", Text, nullable=False),
    CheckConstraint("writer in ('reporter', 'discipline')", name="writer"),
    CheckConstraint("(writer = 'discipline') = (theirs is not null)", name="theirs"),
)
