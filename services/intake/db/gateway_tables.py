"""The table of messages that gateways handed over: sealed until a clerk has decided, then empty."""

from sqlalchemy import CheckConstraint, Column, Date, ForeignKey, Index, Integer, LargeBinary, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from services.intake.db.tables import metadata

gateway_messages = Table(
    "gateway_messages",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("region_code", Text, nullable=False),
    Column("gateway", Text, nullable=False, comment="the machine's account"),
    Column("channel", Text, nullable=False),
    Column("naming", Text, nullable=False),
    Column("received_on", Date, nullable=False, comment="the day only: the hour could tell who it was"),
    Column("due_on", Date, nullable=False, comment="by when a clerk decides (D01)"),
    # one message, one row, however often and by whichever process it comes; the number itself may tell whose it is (a Message-ID does)
    Column("mark", LargeBinary, nullable=False, unique=True, comment="keyed hash of gateway and external number"),
    Column("parts", Integer, nullable=False),
    Column("marks", JSONB, nullable=False, comment="number of a part that came → keyed hash of what came"),
    Column("left_out", Integer, nullable=False, comment="files beyond what a report may have"),
    Column("key_id", Text, nullable=False),
    Column("wrapped_key", LargeBinary, comment="taking it away destroys the text"),
    Column("box", LargeBinary, comment="the text under the message's key; nothing of the sender"),
    Column("reporter", JSONB(none_as_null=True), comment="sealed for the vault, until a lead has it"),
    Column(
        "for_discipline", JSONB(none_as_null=True), comment="the same for discipline, for a message about the office"
    ),
    Column("files", JSONB, nullable=False, comment="keys and pieces of its files, until a lead has them"),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("decided_by", Text),
    Column("decided_on", Date),
    Column("lead_id", Uuid, ForeignKey("leads.id")),
    # only where the operator lets codes go out; two messages with one code could not be told apart
    Column(
        "code_mark", LargeBinary, unique=True, comment="keyed hash of the code that was sent back, until a lead has it"
    ),
    Column("receipt_mark", LargeBinary, unique=True, comment="keyed hash of its receipt's number"),
    Column("mailbox_key", LargeBinary, comment="X25519, made of the code"),
    CheckConstraint("channel in ('email', 'sms', 'voice')", name="channel"),
    CheckConstraint("naming in ('confidential', 'anonymous')", name="naming"),
    CheckConstraint("state in ('waiting', 'registered', 'aside', 'gone')", name="state"),
    CheckConstraint("reason in ('spam', 'no-report', 'twice')", name="reason"),
    # whoever has decided leaves nothing to read, but what can still be taken back
    CheckConstraint("(state in ('waiting', 'aside')) = (wrapped_key is not null)", name="readable_until_decided"),
    CheckConstraint(
        "(wrapped_key is null) = (box is null) and (wrapped_key is not null or (reporter is null and for_discipline is null))",
        name="box_goes_with_key",
    ),
    CheckConstraint("(naming = 'anonymous') or wrapped_key is null or reporter is not null", name="known_is_sealed"),
    CheckConstraint(
        "num_nonnulls(code_mark, receipt_mark, mailbox_key) in (0, 3) and (code_mark is null or wrapped_key is not null)",
        name="code_whole",
    ),
    CheckConstraint("(state = 'aside') = (reason is not null)", name="aside_has_reason"),
    CheckConstraint("(state = 'registered') = (lead_id is not null)", name="registered_as"),
    # of what went to discipline nobody is told who sent it there (G22)
    CheckConstraint(
        "(state in ('registered', 'aside')) = (decided_by is not null) and (decided_by is null) = (decided_on is null)",
        name="decided_whole",
    ),
    CheckConstraint("parts between 1 and 30", name="parts"),
    # the clerks' lists, and the clock's own
    Index(
        "ix_gateway_messages_open",
        "state",
        "received_on",
        "id",
        postgresql_where=text("state = 'waiting' or state = 'aside'"),
    ),
    Index(
        "ix_gateway_messages_left_over",
        "id",
        postgresql_where=text("state = 'gone' and files <> '[]'::jsonb"),
    ),
)

refused_messages = Table(
    "refused_messages",
    metadata,
    Column("id", Uuid, primary_key=True),
    # refused again, it is counted, not added: a gateway that tries for ever fills no table
    Column(
        "mark",
        LargeBinary,
        nullable=False,
        unique=True,
        comment="keyed hash of gateway and external number, or of the reasons where there is no number",
    ),
    Column("gateway", Text, nullable=False),
    Column("channel", Text, comment="null when it could not be read"),
    Column("reasons", JSONB, nullable=False, comment="field and reason, never what was sent"),
    Column("times", Integer, nullable=False),
    Column("first_on", Date, nullable=False, comment="the day only: the hour could tell who it was"),
    Column("last_on", Date, nullable=False),
    Column("settled_on", Date, comment="when it was taken after all, or a clerk had asked"),
    Column("settled_by", Text, comment="the clerk; null when it was taken"),
    CheckConstraint("channel in ('email', 'sms', 'voice')", name="channel"),
    # whoever settles it does so on a day
    CheckConstraint("settled_on is not null or settled_by is null", name="settled_whole"),
    Index("ix_refused_messages_first_on", "first_on", "id"),
    Index("ix_refused_messages_open", "first_on", "id", postgresql_where=text("settled_on is null")),
    comment="nothing of what was sent: the gateway has it",
)
