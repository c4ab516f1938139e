"""The tables of reporters' mailboxes: boxes that only the holder of the code and the office's own process open."""

from sqlalchemy import (
    ARRAY,
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
    Uuid,
    text,
)

from services.intake.db.tables import metadata

mailboxes = Table(
    "mailboxes",
    metadata,
    Column("lead_id", Uuid, ForeignKey("leads.id"), primary_key=True),
    # made of the code, of which no two are alike (reports.code_mark)
    Column("public_key", LargeBinary, nullable=False, comment="X25519, made of the query code"),
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
    Index("ix_messages_unread", "lead_id", "writer", postgresql_where=text("read_on is null")),
)

objections = Table(
    "objections",
    metadata,
    Column("lead_id", Uuid, ForeignKey("leads.id"), primary_key=True),
    Column(
        "deed",
        Integer,
        primary_key=True,
        comment="version of the lead that the answer made, one objection to each; of a repeat the one that entered it",
    ),
    Column("against", Text, nullable=False),
    Column("answered_by", Text, comment="who stands behind the answer; null after a restore that has lost it"),
    Column("made_on", Date, nullable=False, comment="the day only: the hour could tell who it was"),
    Column("message", Integer, comment="number of the letter that says it; null: by word of mouth, see feedback_tries"),
    # two objections with one receipt would be one receipt twice
    Column("receipt_mark", LargeBinary, unique=True, comment="keyed hash of the receipt's number"),
    Column("state", Text, nullable=False),
    Column("decided_by", Text),
    Column("decided_at", DateTime(timezone=True)),
    CheckConstraint("against in ('feedback', 'decline')", name="against"),
    # whoever writes has a receipt for it
    CheckConstraint("(message is null) = (receipt_mark is null)", name="by_letter"),
    CheckConstraint("state in ('open', 'upheld', 'refused')", name="state"),
    # who answered does not judge the objection to it
    CheckConstraint("decided_by <> answered_by", name="two_people"),
    CheckConstraint(
        "(state = 'open') = (decided_by is null) and (decided_by is null) = (decided_at is null)", name="decided_whole"
    ),
    # one that waits for one lead
    Index("uq_objections_open", "lead_id", unique=True, postgresql_where=text("state = 'open'")),
    Index("ix_objections_made_on", "made_on", "lead_id", "deed"),
)

invitations = Table(
    "invitations",
    metadata,
    Column("lead_id", Uuid, ForeignKey("leads.id"), primary_key=True),
    Column("message", Integer, primary_key=True, comment="number of the letter that says when and where"),
    Column("officers", ARRAY(Text), nullable=False, comment="staff numbers"),
    Column("units", ARRAY(Text), nullable=False, comment="whose buildings were offered"),
    Column("options", Integer, nullable=False, comment="how many were offered"),
    Column("sent_on", Date, nullable=False),
    Column("reply", Text),
    Column("replied_on", Date),
    # nobody meets a reporter alone (G-MEET)
    CheckConstraint("cardinality(officers) = 2 and officers[1] <> officers[2]", name="two_officers"),
    CheckConstraint("reply in ('accepted', 'declined', 'other')", name="reply"),
    CheckConstraint("(reply is null) = (replied_on is null)", name="replied_whole"),
)
