"""The tables of attachments: where each file stands, its pieces in the object store, its wrapped key; and which is blackened in which."""

from sqlalchemy import (
    BigInteger,
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

from services.intake.db.tables import metadata

attachments = Table(
    "attachments",
    metadata,
    Column("id", Uuid, primary_key=True, comment="random; its folder in the object store"),
    Column("region_code", Text, nullable=False),
    Column("lead_id", Uuid, ForeignKey("leads.id"), comment="null: of a report past the office"),
    Column("report_id", Uuid, ForeignKey("passed_reports.id"), comment="past the office; null: of a lead"),
    Column("door", Text, nullable=False),
    Column("uploaded_by", Text, nullable=False, comment="account; public for a reporter"),
    Column("state", Text, nullable=False),
    Column("length", BigInteger, nullable=False),
    Column("pieces", JSONB, nullable=False, comment="name and length of each object, in order"),
    Column("shared", JSONB, nullable=False, comment="the same of the copy without metadata"),
    Column("media_type", Text),
    Column("sha256", Text, comment="of the file as it came"),
    Column("key_id", Text, nullable=False),
    Column("wrapped_key", LargeBinary, comment="under a key of the service: who has it reads the file"),
    Column("for_reporter", LargeBinary, comment="the key once more: for the code"),
    Column("for_office", LargeBinary, comment="the key once more: for MAILBOX_KEYS"),
    Column("office_key", Text, comment="which of MAILBOX_KEYS"),
    Column("name_box", LargeBinary, comment="the file's name under the file's key: a name can tell who sent it"),
    Column("refusal", JSONB(none_as_null=True)),
    Column("created_on", Date, nullable=False, comment="the day only: the hour could tell who it was"),
    CheckConstraint("state in ('uploading', 'examining', 'kept', 'refused', 'gone', 'shredded')", name="state"),
    CheckConstraint(
        "door in ('reporter', 'office', 'unit', 'partner', 'letter', 'call', 'mailbox', 'redacted')", name="door"
    ),
    # what is refused, given up or destroyed cannot be read by anyone
    CheckConstraint(
        "(state in ('refused', 'gone', 'shredded')) = (coalesce(wrapped_key, for_office) is null)",
        name="unreadable_when_over",
    ),
    CheckConstraint("coalesce(wrapped_key, for_office) is not null or name_box is null", name="name_goes_with_key"),
    CheckConstraint("num_nonnulls(for_reporter, for_office, office_key) in (0, 3)", name="for_both"),
    # what was examined is opened by the two alone
    CheckConstraint("state <> 'kept' or for_office is null or wrapped_key is null", name="sealed_when_kept"),
    CheckConstraint(
        "for_office is null or (lead_id is not null and door in ('reporter', 'mailbox'))", name="sealed_for_two"
    ),
    CheckConstraint(
        "state <> 'kept' or report_id is not null or (media_type is not null and sha256 is not null)", name="kept_whole"
    ),
    CheckConstraint(
        "num_nonnulls(lead_id, report_id) = 1 and (report_id is null or door in ('reporter', 'mailbox'))", name="whose"
    ),
    # what a report past the office holds is told to discipline alone
    CheckConstraint("report_id is null or (media_type is null and sha256 is null)", name="untold"),
    Index("ix_attachments_lead_id", "lead_id"),
    Index("ix_attachments_report_id", "report_id", postgresql_where=text("report_id is not null")),
    # the clock's own: what is unfinished, and what has objects left that nobody can read
    Index("ix_attachments_unfinished", "created_on", postgresql_where=text("state in ('uploading', 'examining')")),
    Index(
        "ix_attachments_left_over",
        "id",
        postgresql_where=text(
            "state in ('refused', 'gone', 'shredded') and (pieces <> '[]'::jsonb or shared <> '[]'::jsonb)"
        ),
    ),
)

begun_folders = Table(
    "begun_folders",
    metadata,
    Column("folder", Text, primary_key=True),
    Column("begun_on", Date, nullable=False, comment="the day only: the hour could tell who it was"),
    comment="what stands here for days was left by a crash: the clock removes the pieces",
)

redactions = Table(
    "redactions",
    metadata,
    Column("copy_id", Uuid, ForeignKey("attachments.id"), primary_key=True),
    Column("original_id", Uuid, ForeignKey("attachments.id"), nullable=False),
    Column("lead_id", Uuid, ForeignKey("leads.id"), nullable=False),
    Column(
        "number", Integer, nullable=False, comment="of this original, from 1; the highest is the one that is given out"
    ),
    Column(
        "areas", JSONB, nullable=False, comment="what this one added: page, edges as parts of the page, code of reason"
    ),
    Column("pages", Integer, nullable=False),
    Column("redacted_by", Text, nullable=False),
    Column("redacted_at", DateTime(timezone=True), nullable=False),
    # each has all of those before it, so they follow one another
    UniqueConstraint("original_id", "number"),
    # what adds nothing is none
    CheckConstraint("number >= 1 and pages >= 1 and jsonb_array_length(areas) >= 1", name="adds"),
    CheckConstraint("copy_id <> original_id", name="copy"),
    Index("ix_redactions_lead_id", "lead_id"),
)
