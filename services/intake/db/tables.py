"""The tables of intake. Constraints make illegal states impossible; each says why."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from shared.db import service_metadata

metadata = service_metadata()

leads = Table(
    "leads",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("region_code", Text, nullable=False),
    Column("lead_no", Text, nullable=False, unique=True),
    Column("source", Text, nullable=False),
    Column("issuing_level", Text),
    Column("upstream_no", Text),
    Column("upstream_deadline", Date),
    Column("received_on", Date, nullable=False),
    Column("street", Text),
    Column("summary", Text, nullable=False),
    Column("allegations", ARRAY(Text), nullable=False),
    Column("named", Boolean, nullable=False),
    Column("reporter_ref", Uuid, comment="of the sealed reporter in schema vault, which intake cannot read"),
    Column("status", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("areas", ARRAY(Text), nullable=False),
    Column("manifestations", ARRAY(Text), nullable=False),
    Column("tier", Text),
    Column("level", Text),
    Column("grounds", ARRAY(Text), nullable=False),
    Column("unit", Text),
    Column("assignment_no", Integer),
    Column("sign_by", Date),
    Column("due_on", Date),
    Column("provisional", Boolean),
    Column("profile_version", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("source_l2", Text, comment="second-level source, of the code lists"),
    Column(
        "codes_version",
        Text,
        nullable=False,
        server_default=text("'2018-2'"),
        comment="the version of the code lists that it was registered or last classified with",
    ),
    Column(
        "merged_into",
        Uuid,
        ForeignKey("leads.id"),
        comment="the master, while a merge of two people stands; the rest of the row stays as it was",
    ),
    Column("suspended_at", DateTime(timezone=True), comment="since when; the rest of the row stays as it was"),
    Column("urgent", Boolean, nullable=False, server_default=text("false")),
    Column(
        "refused_by",
        ARRAY(Text),
        nullable=False,
        server_default=text("'{}'"),
        comment="units that said that it is not theirs",
    ),
    Column(
        "earlier_units",
        ARRAY(Text),
        nullable=False,
        server_default=text("'{}'"),
        comment="units that worked on it before another team was charged",
    ),
    CheckConstraint(
        "status in ('received', 'not_accepted', 'classified', 'redirected', 'assigned', 'disputed', 'verifying', 'taskforce', "
        "'in_signoff', 'in_review', 'concluded', 'parked', 'transferred', 'fed_back', 'closed', 'reopened', 'sealed', 'expunged')",
        name="status",
    ),
    # 三类来源 and 其他
    CheckConstraint("source in ('S', 'A', 'M', 'O')", name="source"),
    # a superior's lead can be answered only if we know whose it is and under which number
    CheckConstraint(
        "source <> 'S' or (issuing_level is not null and upstream_no is not null)", name="superior_is_named"
    ),
    # what is classified has a tier and a level, and nothing else has; a repeat that is sealed with its master may be either
    CheckConstraint(
        "(tier is null) = (level is null) "
        "and (status in ('sealed', 'expunged') or (status in ('received', 'not_accepted')) = (tier is null))",
        name="classified_whole",
    ),
    # an assignment is whole or absent
    CheckConstraint(
        "(unit is null) = (assignment_no is null) and (unit is null) = (sign_by is null) and (unit is null) = (due_on is null) "
        "and (unit is null) = (provisional is null)",
        name="assignment_whole",
    ),
    # who is charged is known from the assignment on; what is at a regulator, or was closed by one, had a unit or none
    CheckConstraint(
        "case when status in ('received', 'not_accepted', 'classified') then unit is null "
        "when status in ('redirected', 'closed', 'reopened', 'sealed', 'expunged') then true else unit is not null end",
        name="assigned_by_status",
    ),
    # both lie over the state before, and only one can
    CheckConstraint("suspended_at is null or merged_into is null", name="suspended_alone"),
    CheckConstraint("merged_into <> id", name="merged_elsewhere"),
    # repeats are found before anyone is charged; afterwards a unit would work on a lead that is another's part
    CheckConstraint("merged_into is null or unit is null", name="merged_before_assignment"),
    Index("ix_leads_merged_into", "merged_into", postgresql_where=text("merged_into is not null")),
    # the list of leads: whole, of one state, of a second-level source; and what lies over a state
    Index("ix_leads_received_on_id", "received_on", "id"),
    Index("ix_leads_status", "status", "received_on", "id"),
    Index("ix_leads_source_l2", "source_l2", "received_on", "id", postgresql_where=text("source_l2 is not null")),
    Index(
        "ix_leads_set_aside",
        "received_on",
        "id",
        postgresql_where=text("merged_into is not null or suspended_at is not null"),
    ),
    Index("ix_leads_major", "received_on", "id", postgresql_where=text("level = 'major' and merged_into is null")),
    Index("ix_leads_upstream_no", "upstream_no", postgresql_where=text("upstream_no is not null")),
    # one superior number, one lead, whatever file it comes in again
    Index(
        "uq_leads_region_code_upstream_no",
        "region_code",
        "upstream_no",
        unique=True,
        postgresql_where=text("source = 'S'::text"),
    ),
)

lead_history = Table(
    "lead_history",
    metadata,
    Column("lead_id", Uuid, ForeignKey("leads.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("action", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("reason", Text),
    Column("effective_at", DateTime(timezone=True), nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    # what ended or was sealed before a day, for retention; what an analyst proposes not to accept
    Index(
        "ix_lead_history_rest",
        "action",
        "effective_at",
        postgresql_where=text("action in ('close', 'end-redirect', 'decline', 'seal', 'propose-decline')"),
    ),
)

lead_numbers = Table(
    "lead_numbers",
    metadata,
    Column("region_code", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column(
        "last", Integer, nullable=False, comment="drawn in the registering transaction, so a rollback leaves no gap"
    ),
)

ledgers = Table(
    "ledgers",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("region_code", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("taken", Integer, nullable=False),
    Column("known", Integer, nullable=False),
    Column("refused", JSONB, nullable=False, comment="row, column, reason; never a cell's content"),
    Column("imported_by", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Index("ix_ledgers_created_at_id", "created_at", "id"),
    # the same file again is found by its hash
    Index("ix_ledgers_sha256", "sha256"),
)

ledger_rows = Table(
    "ledger_rows",
    metadata,
    Column("ledger_id", Uuid, ForeignKey("ledgers.id"), primary_key=True),
    Column("row", Integer, primary_key=True),
    Column("lead_id", Uuid, ForeignKey("leads.id"), nullable=False),
)

dual_assignments = Table(
    "dual_assignments",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("region_code", Text, nullable=False),
    Column("lead_id", Uuid, ForeignKey("leads.id"), nullable=False),
    Column("crime", Text, nullable=False),
    Column("discipline", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("completed_at", DateTime(timezone=True)),
    Column("version", Integer, nullable=False),
    CheckConstraint("crime in ('created', 'accepted', 'ended')", name="crime"),
    CheckConstraint("discipline in ('created', 'accepted', 'ended')", name="discipline"),
    # the parent closes when both legs are ended, never before and never later
    CheckConstraint(
        "(completed_at is not null) = (crime = 'ended' and discipline = 'ended')", name="completed_with_both"
    ),
    # one parent a lead
    UniqueConstraint("lead_id"),
    Index("ix_dual_assignments_created_at_id", "created_at", "id"),
)

reporters = Table(
    "reporters",
    metadata,
    Column("reporter_ref", Uuid, primary_key=True, comment="random; the only trace of a reporter outside this schema"),
    Column("key_id", Text, nullable=False),
    Column(
        "wrapped_key",
        LargeBinary,
        comment="this record's data key, for the vault alone, until the vault took it into its key store",
    ),
    Column("ciphertext", LargeBinary, nullable=False),
    Column("created_on", Date, nullable=False),
    Column("shredded_on", Date, comment="the day on which the key was destroyed: nobody reads the record any more"),
    CheckConstraint("shredded_on is null or wrapped_key is null", name="shredded_has_no_key"),
    # what the vault has not taken yet
    Index("ix_reporters_untaken", "reporter_ref", postgresql_where=text("wrapped_key is not null")),
    schema="vault",
)

_NOT_VERIFIED = text("limit_id = 'D07w' and stopped_at is null")
deadlines = Table(
    "deadlines",
    metadata,
    Column("lead_id", Uuid, ForeignKey("leads.id"), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("round", Integer, primary_key=True, comment="number of the assignment; 1 before there is one"),
    Column("limit_id", Text, nullable=False),
    Column("profile_version", Text, nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("superior", Date, comment="the superior body's date, which nobody here moves"),
    Column("due_on", Date, nullable=False),
    Column("provisional", Boolean, nullable=False),
    Column("yellow_at", DateTime(timezone=True), nullable=False),
    Column("orange_at", DateTime(timezone=True), nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("next_at", DateTime(timezone=True), comment="when the timer has something to say next; null after the last"),
    Column("calendar_no", Integer, nullable=False, comment="the newest holiday notice that it was counted with"),
    Column("stopped_at", DateTime(timezone=True)),
    Column("extension", Integer, nullable=False, server_default=text("0"), comment="natural days more (D08), once"),
    CheckConstraint(
        "kind in ('classify', 'assign', 'sign', 'first-report', 'conclude', 'rule', 'redirect', 'feedback', 'meet', 'objection', "
        "'review', 'rework')",
        name="kind",
    ),
    CheckConstraint("yellow_at <= orange_at and orange_at <= due_at", name="colours_in_order"),
    # what has stopped says nothing any more
    CheckConstraint("stopped_at is null or next_at is null", name="stopped_is_silent"),
    # the timer's own: what is due next among those counted with this calendar, and those counted with an older one
    Index("ix_deadlines_next", "calendar_no", "next_at", postgresql_where=text("stopped_at is null")),
    # those in hours, of leads that are urgent or claimed to be
    Index("ix_deadlines_urgent", "due_at", "lead_id", postgresql_where=text("kind = 'classify' and limit_id = 'D02u'")),
    Index("ix_deadlines_look_again", "due_at", "lead_id", postgresql_where=_NOT_VERIFIED),
    # the list of what runs, soonest end first
    Index("ix_deadlines_running", "due_at", "lead_id", "kind", postgresql_where=text("stopped_at is null")),
)

deadline_steps = Table(
    "deadline_steps",
    metadata,
    Column("lead_id", Uuid, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("round", Integer, primary_key=True),
    Column("due_on", Date, primary_key=True),
    # a colour or measure is said once for one end, whoever says it
    Column("what", Text, primary_key=True),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("said_at", DateTime(timezone=True), nullable=False),
    ForeignKeyConstraint(
        ["lead_id", "kind", "round"],
        ["deadlines.lead_id", "deadlines.kind", "deadlines.round"],
        name="fk_deadline_steps_deadlines",
    ),
)

deadline_pauses = Table(
    "deadline_pauses",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("lead_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("round", Integer, nullable=False),
    Column("until", Date, nullable=False),
    Column("reason", Text, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("asked_at", DateTime(timezone=True), nullable=False),
    Column("status", Text, nullable=False),
    Column("decided_by", Text),
    Column("decided_at", DateTime(timezone=True)),
    Column("decision_reason", Text),
    Column("first", Date),
    Column("last", Date),
    CheckConstraint("status in ('asked', 'granted', 'refused', 'resumed')", name="status"),
    # two people for each pause
    CheckConstraint("decided_by <> asked_by", name="two_people"),
    CheckConstraint(
        "(status = 'asked') = (decided_by is null) and (decided_by is null) = (decided_at is null)",
        name="decided_whole",
    ),
    CheckConstraint(
        "(status in ('granted', 'resumed')) = (first is not null) and (first is null) = (last is null)",
        name="days_whole",
    ),
    ForeignKeyConstraint(
        ["lead_id", "kind", "round"],
        ["deadlines.lead_id", "deadlines.kind", "deadlines.round"],
        name="fk_deadline_pauses_deadlines",
    ),
    Index("ix_deadline_pauses_lead_id", "lead_id"),
    Index("ix_deadline_pauses_asked_at_id", "asked_at", "id"),
    # one open request for one limit
    Index(
        "uq_deadline_pauses_asked",
        "lead_id",
        "kind",
        "round",
        unique=True,
        postgresql_where=text("status = 'asked'::text"),
    ),
)

holiday_notices = Table(
    "holiday_notices",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("year", Integer, nullable=False),
    Column("days", JSONB, nullable=False, comment="day → whether it is off"),
    # the same notice twice is one: a file that lies in the folder does not come back over a later one
    Column("sha256", Text, nullable=False, unique=True),
    Column("imported_at", DateTime(timezone=True), nullable=False),
)

reports = Table(
    "reports",
    metadata,
    Column("lead_id", Uuid, ForeignKey("leads.id"), primary_key=True),
    Column("channel", Text, nullable=False),
    Column("naming", Text, nullable=False),
    Column("content", JSONB, nullable=False, comment="persons, facts, umbrella; nothing of the reporter"),
    Column(
        "subjects", LargeBinary, comment="sealed: what stands apart of the content; empty: nothing; null: not looked at"
    ),
    # two reports with one code could not be told apart; the code itself is nowhere
    Column("code_mark", LargeBinary, nullable=False, unique=True, comment="keyed hash of the query code"),
    Column("receipt_mark", LargeBinary, nullable=False, unique=True, comment="keyed hash of the receipt's number"),
    Column("own_code", Text, comment="Argon2id of the keyed hash of the code that the reporter chose"),
    Column("received_on", Date, nullable=False, comment="the day only: the hour could tell who it was"),
    CheckConstraint("channel in ('web', 'phone', 'visit', 'letter', 'email', 'sms', 'voice')", name="channel"),
    CheckConstraint("naming in ('named', 'confidential', 'anonymous')", name="naming"),
    # the clock's own: reports from before there was that store
    Index("ix_reports_subjects_waiting", "lead_id", postgresql_where=text("subjects is null")),
    # a box begins with the mark of the key that sealed it: what older keys sealed is found without a look at all
    Index("ix_reports_subjects_key", text("substring(subjects, 1, 8)"), postgresql_where=text("subjects <> ''")),
)

lost_receipts = Table(
    "lost_receipts",
    metadata,
    Column("mark", LargeBinary, primary_key=True, comment="keyed hash of the number of the receipt that was shown"),
    Column("lead_id", Uuid, ForeignKey("leads.id"), nullable=False, comment="the lead that it was registered as again"),
)

passed_reports = Table(
    "passed_reports",
    metadata,
    Column("id", Uuid, primary_key=True, comment="random; discipline knows the report by it"),
    Column("region_code", Text, nullable=False),
    Column("code_mark", LargeBinary, unique=True, comment="keyed hash of the query code; null once it was expunged"),
    Column("receipt_mark", LargeBinary, unique=True, comment="keyed hash of the receipt's number; null with code_mark"),
    Column("received_on", Date, nullable=False, comment="the day only: the hour could tell who it was"),
    Column("accepted_on", Date),
    Column("ended_on", Date),
    Column("expunged_on", Date),
    # whose marks are there can ask, until its time is over
    CheckConstraint(
        "(code_mark is null) = (expunged_on is not null) and (receipt_mark is null) = (code_mark is null)",
        name="marks_until_expunged",
    ),
    # discipline accepts before it is done
    CheckConstraint("ended_on is null or accepted_on is not null", name="ended_after_acceptance"),
)
