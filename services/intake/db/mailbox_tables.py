"""The tables of reporters' mailboxes: boxes that only the holder of the code and the office's own process open."""

from sqlalchemy import CheckConstraint, Column, Date, ForeignKey, Index, Integer, LargeBinary, Table, Text, Uuid, text

from services.intake.db.tables import metadata

mailboxes = Table(
    "mailboxes",
    metadata,
    Column("lead_id", Uuid, ForeignKey("leads.id"), primary_key=True),
    # two mailboxes with one key would be one code twice
    Column("public_key", LargeBinary, nullable=False, unique=True, comment="X25519, made of the query code"),
    Column("own_lock", LargeBinary, comment="the private half under the reporter's own code (Argon2id); salt first"),
)

messages = Table(
    "messages",
    metadata,
    Column("lead_id", Uuid, ForeignKey("mailboxes.lead_id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("writer", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("assignment_no", Integer, nullable=False, comment="which conclusion it is about"),
    Column("sent_on", Date, nullable=False, comment="the day only: the hour could tell who it was"),
    Column("read_on", Date, comment="when the other side first read it"),
    Column("written_by", Text, comment="null: the reporter"),
    Column("for_reporter", Text, nullable=False),
    Column("for_office", Text, nullable=False),
    Column("office_key", Text, nullable=False, comment="id of the key that for_office is sealed for"),
    CheckConstraint("writer in ('reporter', 'office')", name="writer"),
    CheckConstraint("kind in ('message', 'invitation', 'feedback', 'objection', 'refusal')", name="kind"),
    # who objects is the reporter; who invites, tells and refuses is the office
    CheckConstraint("kind = 'message' or (kind = 'objection') = (writer = 'reporter')", name="kind_of_writer"),
    CheckConstraint("(writer = 'reporter') = (written_by is null)", name="written_by"),
    # one objection to a conclusion, and one answer (D12)
    Index(
        "uq_messages_lead_id_assignment_no_kind",
        "lead_id",
        "assignment_no",
        "kind",
        unique=True,
        postgresql_where=text("kind in ('objection', 'refusal')"),
    ),
    Index("ix_messages_unread", "lead_id", "writer", postgresql_where=text("read_on is null")),
)
