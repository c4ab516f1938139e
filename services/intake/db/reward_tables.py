"""The table of rewards: amounts, days and who decided; of the reporter nothing, of the voucher a keyed hash."""

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
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from services.intake.db.tables import metadata

rewards = Table(
    "rewards",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("region_code", Text, nullable=False),
    Column("lead_id", Uuid, ForeignKey("leads.id"), nullable=False),
    Column("rule_version", Text, nullable=False),
    Column("amount_yuan", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("new_facts", Text),
    Column("basis_no", Text),
    Column("basis_on", Date),
    Column("none_of", ARRAY(Text), nullable=False, comment="exclusions of the rule that were looked at"),
    Column("proposed_by", Text, nullable=False),
    Column("proposed_at", DateTime(timezone=True), nullable=False),
    Column("state", Text, nullable=False),
    Column("checked_by", Text),
    Column("checked_at", DateTime(timezone=True)),
    Column("approved_by", Text),
    Column("approved_at", DateTime(timezone=True)),
    Column("refused_by", Text),
    Column("refused_at", DateTime(timezone=True)),
    Column("refusal_reason", Text),
    Column("notified_by", Text),
    Column("notified_on", Date),
    Column("profile_version", Text),
    Column("claim_by", Date),
    Column("claimed_on", Date, comment="the day only: the hour could tell who it was"),
    Column("voucher_mark", LargeBinary, comment="keyed hash of the voucher"),
    Column("paid_by", Text),
    Column("paid_on", Date),
    Column("receipt_no", Text),
    Column("lapsed_on", Date),
    Column("told_how", Text, comment="null: before this was kept, by letter"),
    Column("identified_by", Text, comment="keeper who compared papers with the vault, of who has no code"),
    Column("identified_on", Date),
    Column("handed_by", Text, comment="keeper who handed the voucher over"),
    CheckConstraint(
        "state in ('proposed', 'checked', 'approved', 'notified', 'claimed', 'paid', 'lapsed', 'refused')", name="state"
    ),
    CheckConstraint("amount_yuan > 0", name="amount"),
    # G10: three different people stand behind what is paid out of the office's word
    CheckConstraint(
        "checked_by <> proposed_by and approved_by <> proposed_by and approved_by <> checked_by", name="two_people"
    ),
    CheckConstraint(
        "state not in ('approved', 'notified', 'claimed', 'paid', 'lapsed') or (checked_by is not null and approved_by is not null)",
        name="approved_by_two",
    ),
    CheckConstraint("(state = 'refused') = (refused_by is not null)", name="refused_whole"),
    CheckConstraint(
        "(state in ('notified', 'claimed', 'paid', 'lapsed')) = (notified_on is not null) and (notified_on is null) = (claim_by is null) "
        "and (notified_on is null) = (profile_version is null)",
        name="notified_whole",
    ),
    # what is paid was claimed with the code
    CheckConstraint(
        "(state in ('claimed', 'paid')) = (claimed_on is not null) and (claimed_on is null) = (voucher_mark is null)",
        name="claimed_whole",
    ),
    CheckConstraint(
        "(state = 'paid') = (paid_on is not null) and (paid_on is null) = (paid_by is null) and (paid_on is null) = (receipt_no is null)",
        name="paid_whole",
    ),
    CheckConstraint("(state = 'lapsed') = (lapsed_on is not null)", name="lapsed_whole"),
    CheckConstraint(
        "told_how in ('mailbox', 'phone', 'visit', 'post') and (told_how is null or notified_on is not null)",
        name="told_how",
    ),
    # G10: who has no code is known again by two
    CheckConstraint(
        "handed_by <> identified_by and (identified_by is null) = (identified_on is null) "
        "and (handed_by is null or identified_by is not null)",
        name="handed_by_two",
    ),
    # one reward for one report; what was refused may be proposed again, what lapsed not
    Index("uq_rewards_lead_id", "lead_id", unique=True, postgresql_where=text("state <> 'refused'::text")),
    Index("uq_rewards_voucher_mark", "voucher_mark", unique=True),
    Index("ix_rewards_proposed_at_id", "proposed_at", "id"),
    # the timer's own
    Index("ix_rewards_claim_by", "claim_by", postgresql_where=text("state = 'notified'::text")),
)

reward_payments = Table(
    "reward_payments",
    metadata,
    # one report is paid for once, also when a restore has lost that it was
    Column("lead_id", Uuid, primary_key=True, comment="the lead may have been lost in a restore, so no foreign key"),
    Column("reward_id", Uuid, nullable=False),
    Column("relearned", Boolean, nullable=False, comment="known by intake's own event alone"),
)
