"""The tables of a lead's later life: redirections to regulators, feedback to the reporter, decisions that take two people."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.intake.db.tables import metadata
from shared.contracts.legal_holds import IntakeLegalHoldReleased, IntakeLegalHoldSet
from shared.legal_holds import LegalHolds

redirects = Table(
    "redirects",
    metadata,
    Column("lead_id", Uuid, ForeignKey("leads.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("regulator", Text, nullable=False),
    Column("sent_by", Text, nullable=False),
    Column("sent_at", DateTime(timezone=True), nullable=False),
    Column("receipt_no", Text),
    Column("receipt_on", Date),
    Column("result", Text),
    Column("result_on", Date),
    Column("told_on", Date, comment="when the reporter was told; null when nobody was, or could be, reached"),
    Column("returned_at", DateTime(timezone=True)),
    Column("return_reason", Text),
    Column(
        "receipt_files",
        ARRAY(Uuid),
        nullable=False,
        server_default=text("'{}'"),
        comment="scans: attachments of the lead",
    ),
    Column("result_files", ARRAY(Uuid), nullable=False, server_default=text("'{}'")),
    CheckConstraint("(receipt_no is null) = (receipt_on is null)", name="receipt_whole"),
    # a result comes from who has taken it, and what has a result is not returned
    CheckConstraint(
        "result is null or (receipt_no is not null and result_on is not null)", name="result_after_receipt"
    ),
    CheckConstraint("returned_at is null or result is null", name="returned_or_ended"),
    # once a lead, whichever regulator
    Index("uq_redirects_lead_id", "lead_id", unique=True, postgresql_where=text("returned_at is not null")),
)

handovers = Table(
    "handovers",
    metadata,
    Column("lead_id", Uuid, ForeignKey("leads.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("organ", Text, nullable=False),
    Column("letter_no", Text, nullable=False),
    Column("sent_by", Text, nullable=False),
    Column("sent_at", DateTime(timezone=True), nullable=False),
    Column("receipt_no", Text),
    Column("receipt_on", Date),
    Column("undone_at", DateTime(timezone=True), comment="no receipt came in time"),
    CheckConstraint("(receipt_no is null) = (receipt_on is null)", name="receipt_whole"),
    # what was taken is not back
    CheckConstraint("undone_at is null or receipt_no is null", name="taken_or_back"),
    # one letter at a time waits for a receipt; the timer's own, too
    Index(
        "uq_handovers_lead_id",
        "lead_id",
        unique=True,
        postgresql_where=text("receipt_no is null and undone_at is null"),
    ),
)

feedback_tries = Table(
    "feedback_tries",
    metadata,
    Column("lead_id", Uuid, ForeignKey("leads.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("tried_on", Date, nullable=False),
    Column("reached", Boolean, nullable=False),
    Column("assignment_no", Integer, nullable=False, comment="which conclusion it is about"),
    Column("tried_by", Text, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("about", Text, nullable=False, server_default=text("'feedback'")),
    Column("why_not", Text),
    Column("understood", Boolean, comment="null: not asked, or not said"),
    Column("satisfied", Boolean),
    Column("text", Text, comment="what was told; null: nothing was, the letter has it, or its lead is expunged"),
    Column("next_step", Text),
    # words are of a result that was told
    CheckConstraint("text is null or (reached and about = 'feedback')", name="words_told"),
    CheckConstraint(
        "next_step is null or next_step = 'contact-again' "
        "or (reached and about = 'feedback' and next_step in ('none', 'objection', 'new-evidence'))",
        name="next_step",
    ),
    # an answer of whoever was told the result
    CheckConstraint("(understood is null and satisfied is null) or (reached and about = 'feedback')", name="answer"),
    CheckConstraint("channel in ('phone', 'text', 'visit', 'mailbox', 'letter')", name="channel"),
    CheckConstraint("about in ('feedback', 'meeting')", name="about"),
    # a reason for a try that failed
    CheckConstraint(
        "why_not is null or (not reached and why_not in ('no-answer', 'wrong-contact', 'not-now'))", name="why_not"
    ),
)

feedbacks = Table(
    "feedbacks",
    metadata,
    Column("lead_id", Uuid, ForeignKey("leads.id"), primary_key=True),
    Column("assignment_no", Integer, primary_key=True),
    Column("outcome", Text, nullable=False),
    Column("accepted", Boolean, nullable=False, comment="the reporter said that nothing is objected to"),
    Column("told_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("outcome in ('delivered', 'attempts', 'not-applicable')", name="outcome"),
)

superior_replies = Table(
    "superior_replies",
    metadata,
    Column("lead_id", Uuid, ForeignKey("leads.id"), primary_key=True),
    # a number of the office's letters goes out once about one lead
    Column("reply_no", Text, primary_key=True),
    Column("sent_on", Date, nullable=False),
    Column("recorded_by", Text, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    # a corrected day is a row more: none is ever changed
    Column("version", Integer, primary_key=True, server_default=text("1"), autoincrement=False),
    CheckConstraint("version >= 1", name="version"),
)

major_seen = Table(
    "major_seen",
    metadata,
    Column("lead_id", Uuid, ForeignKey("leads.id"), primary_key=True),
    # once a person: the first time is kept
    Column("account", Text, primary_key=True),
    Column("seen_at", DateTime(timezone=True), nullable=False),
)

impact_assessments = Table(
    "impact_assessments",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("processing", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("document_no", Text, nullable=False),
    Column("measures", Text, nullable=False),
    Column("assessed_on", Date, nullable=False),
    Column("next_due_on", Date, nullable=False),
    # one assessment follows another once
    Column("renews", Uuid, ForeignKey("impact_assessments.id"), unique=True),
    Column("recorded_by", Text, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("cause in ('sensitive', 'automated', 'provided', 'other')", name="cause"),
    # none is the last one
    CheckConstraint("next_due_on > assessed_on", name="due_again"),
    Index("ix_impact_assessments_next_due_on_id", "next_due_on", "id"),
)

decisions = Table(
    "decisions",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("lead_id", Uuid, ForeignKey("leads.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("proposed_by", Text, comment="null: the clock"),
    Column("proposed_at", DateTime(timezone=True), nullable=False),
    Column("decided_by", Text),
    Column("decided_at", DateTime(timezone=True)),
    Column("decision_reason", Text),
    CheckConstraint("kind in ('raise-level', 'reopen', 'seal', 'expunge')", name="kind"),
    CheckConstraint("state in ('proposed', 'confirmed', 'refused')", name="state"),
    # G10: the one who proposes never decides
    CheckConstraint("decided_by <> proposed_by", name="two_people"),
    CheckConstraint(
        "(state = 'proposed') = (decided_by is null) and (decided_by is null) = (decided_at is null)",
        name="decided_whole",
    ),
    # one open question of a kind for one lead
    Index(
        "uq_decisions_lead_id_kind", "lead_id", "kind", unique=True, postgresql_where=text("state = 'proposed'::text")
    ),
    Index("ix_decisions_proposed_at_id", "proposed_at", "id"),
)

deadline_extensions = Table(
    "deadline_extensions",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("lead_id", Uuid, ForeignKey("leads.id"), nullable=False),
    Column("kind", Text, nullable=False, server_default=text("'conclude'")),
    Column("round", Integer, nullable=False),
    Column("days", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("asked_at", DateTime(timezone=True), nullable=False),
    Column("state", Text, nullable=False),
    Column("decided_by", Text),
    Column("decided_at", DateTime(timezone=True)),
    Column("decision_reason", Text),
    CheckConstraint("state in ('asked', 'granted', 'refused')", name="state"),
    CheckConstraint("kind in ('conclude', 'redirect')", name="kind"),
    CheckConstraint("days between 1 and 30", name="days"),
    # two people for each extension
    CheckConstraint("decided_by <> asked_by", name="two_people"),
    CheckConstraint(
        "(state = 'asked') = (decided_by is null) and (decided_by is null) = (decided_at is null)", name="decided_whole"
    ),
    # once an assignment (D08) or a redirection (D29x), and one open request
    Index(
        "uq_deadline_extensions_lead_id_kind_round",
        "lead_id",
        "kind",
        "round",
        unique=True,
        postgresql_where=text("state in ('asked', 'granted')"),
    ),
    Index("ix_deadline_extensions_asked_at_id", "asked_at", "id"),
)

sheet_prints = Table(
    "sheet_prints",
    metadata,
    Column("lead_id", Uuid, ForeignKey("leads.id"), primary_key=True),
    Column("print_no", Integer, primary_key=True),
    Column("assignment_no", Integer, nullable=False),
    Column("printed_by", Text, nullable=False),
    Column("printed_at", DateTime(timezone=True), nullable=False),
)

legal_holds = LegalHolds(
    metadata,
    "legal_holds",
    kept=("lead_id", "leads.id"),
    deeds=("hold.set", "hold.release"),
    says=(IntakeLegalHoldSet, IntakeLegalHoldReleased),
)

expunge_plan = Table(
    "expunge_plan",
    metadata,
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("statement", Text, nullable=False, comment="destroys what one table knows of the lead $1"),
)
"""Run in order by the owner's function `expunge_texts`, for a lead that is expunged; intake's own role only reads it."""

class_suggestions = Table(
    "class_suggestions",
    metadata,
    Column("lead_id", Uuid, ForeignKey("leads.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("rubric", Text, nullable=False),
    Column("suggested", JSONB, nullable=False),
    Column(
        "because",
        JSONB,
        nullable=False,
        comment="rules of the rubric with its own words that were met; never other text",
    ),
    Column("chosen", JSONB, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("decided_at", DateTime(timezone=True), nullable=False),
)

dual_holds = Table(
    "dual_holds",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("dual_assignment_id", Uuid, ForeignKey("dual_assignments.id"), nullable=False),
    Column("lead_id", Uuid, ForeignKey("leads.id"), nullable=False),
    Column("what", Text, nullable=False),
    Column("until", Date, nullable=False),
    Column("asked_by", Text, comment="null after a restore that has lost it"),
    Column("asked_at", DateTime(timezone=True), nullable=False),
    Column("state", Text, nullable=False),
    Column("decided_by", Text),
    Column("decided_at", DateTime(timezone=True)),
    Column("released_by", Text),
    Column("released_at", DateTime(timezone=True)),
    CheckConstraint("what in ('arrest', 'publication')", name="what"),
    CheckConstraint("state in ('asked', 'standing', 'refused', 'released')", name="state"),
    # both leaders: the one who asks is not the one who agrees
    CheckConstraint("decided_by <> asked_by", name="two_people"),
    CheckConstraint("(state = 'asked') = (decided_by is null)", name="decided_whole"),
    CheckConstraint("(state = 'released') = (released_by is not null)", name="released_whole"),
    Index("ix_dual_holds_dual_assignment_id", "dual_assignment_id"),
    # the timer's own
    Index("ix_dual_holds_until", "until", postgresql_where=text("state = 'standing'::text")),
)

dual_contacts = Table(
    "dual_contacts",
    metadata,
    Column("dual_assignment_id", Uuid, ForeignKey("dual_assignments.id"), primary_key=True),
    Column("leg", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("named_by", Text, nullable=False),
    Column("named_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("leg in ('crime', 'discipline')", name="leg"),
)

dual_requests = Table(
    "dual_requests",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("dual_assignment_id", Uuid, ForeignKey("dual_assignments.id"), nullable=False),
    Column("from_leg", Text, nullable=False),
    Column("need", Text, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("asked_at", DateTime(timezone=True), nullable=False),
    Column("answer", Text),
    Column("answered_by", Text),
    Column("answered_at", DateTime(timezone=True)),
    CheckConstraint("(answer is null) = (answered_by is null)", name="answered_whole"),
    Index("ix_dual_requests_dual_assignment_id", "dual_assignment_id"),
)
