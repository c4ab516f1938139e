"""The tables of openings of reporters past the office, of the letters between such a reporter and discipline, and of orders to keep."""

from sqlalchemy import CheckConstraint, Column, Date, DateTime, ForeignKey, Index, Integer, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY

from services.discipline.db.tables import metadata
from shared.contracts.legal_holds import DisciplineLegalHoldReleased, DisciplineLegalHoldSet
from shared.legal_holds import LegalHolds

report_openings = Table(
    "report_openings",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("report_id", Uuid, ForeignKey("reports.id"), nullable=False),
    Column("purpose", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("minutes", Integer, nullable=False),
    Column(
        "officers",
        ARRAY(Text),
        nullable=False,
        server_default="{}",
        comment="accounts of the two who read for an interview",
    ),
    Column("asked_by", Text, nullable=False),
    Column("asked_at", DateTime(timezone=True), nullable=False),
    Column("state", Text, nullable=False),
    Column("decided_by", Text),
    Column("decided_at", DateTime(timezone=True)),
    Column("decision_reason", Text),
    Column("ends_at", DateTime(timezone=True)),
    Column("ended_by", Text),
    Column("ended_at", DateTime(timezone=True)),
    CheckConstraint("state in ('asked', 'granted', 'refused', 'ended')", name="state"),
    # nobody opens a reporter alone
    CheckConstraint("decided_by <> asked_by", name="two_people"),
    CheckConstraint(
        "cardinality(officers) = case when purpose = 'interview' then 2 else 0 end",
        name="two_officers_for_an_interview",
    ),
    CheckConstraint("not coalesce(decided_by = any (officers), false)", name="officers_apart"),
    # no opening without an end
    CheckConstraint(
        "(decided_by is null) = (decided_at is null) and (state <> 'granted' or ends_at is not null) "
        "and (ends_at is null or ends_at > decided_at)",
        name="time_box",
    ),
    CheckConstraint("(state = 'ended') = (ended_at is not null)", name="ended_whole"),
    Index("ix_report_openings_asked_at_id", "asked_at", "id"),
    # one request waits for a report
    Index("uq_report_openings_asked", "report_id", unique=True, postgresql_where=text("state = 'asked'::text")),
)

report_readings = Table(
    "report_readings",
    metadata,
    Column("opening_id", Uuid, ForeignKey("report_openings.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("reader", Text, nullable=False),
    Column("read_at", DateTime(timezone=True), nullable=False),
)

report_letters = Table(
    "report_letters",
    metadata,
    Column("report_id", Uuid, ForeignKey("reports.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("writer", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("sent_on", Date, nullable=False, comment="the day only: the hour could tell who it was"),
    Column("read_on", Date, comment="when the other side first read it"),
    Column("written_by", Text, comment="null: the reporter"),
    Column("key_id", Text, comment="of discipline; null together with box once the letter was destroyed"),
    Column("box", Text),
    CheckConstraint("writer in ('reporter', 'discipline')", name="writer"),
    CheckConstraint("kind in ('opening', 'message', 'result', 'refusal')", name="kind"),
    # what a reporter's letter is about stands in the box
    CheckConstraint("writer = 'discipline' or kind = 'message'", name="kind_of_writer"),
    CheckConstraint("(writer = 'reporter') = (written_by is null)", name="written_by"),
    CheckConstraint("(key_id is null) = (box is null)", name="whole_box"),
)

report_letter_numbers = Table(
    "report_letter_numbers",
    metadata,
    # no foreign key: a restored database may learn it before it hears of the report
    Column("report_id", Uuid, primary_key=True),
    Column("last", Integer, nullable=False),
    # letters are numbered from 1
    CheckConstraint("last >= 1", name="last"),
)

report_holds = LegalHolds(
    metadata,
    "report_holds",
    # no foreign key: a restored database learns the order before it hears of the report
    kept=("report_id", None),
    deeds=("report.set-hold", "report.release-hold"),
    says=(DisciplineLegalHoldSet, DisciplineLegalHoldReleased),
)
