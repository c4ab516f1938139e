"""Rewards of reporters: amounts, days, who decided; the voucher as a keyed hash."""

from shared.migrations.run import script

revision = "0030"
down_revision = "0029"

_TABLES = """
create table rewards (
    id uuid not null,
    region_code text not null,
    lead_id uuid not null,
    rule_version text not null,
    amount_yuan integer not null,
    reason text not null,
    new_facts text,
    basis_no text,
    basis_on date,
    none_of text[] not null,
    proposed_by text not null,
    proposed_at timestamp with time zone not null,
    state text not null,
    checked_by text,
    checked_at timestamp with time zone,
    approved_by text,
    approved_at timestamp with time zone,
    refused_by text,
    refused_at timestamp with time zone,
    refusal_reason text,
    notified_by text,
    notified_on date,
    profile_version text,
    claim_by date,
    claimed_on date,
    voucher_mark bytea,
    paid_by text,
    paid_on date,
    receipt_no text,
    lapsed_on date,
    constraint pk_rewards primary key (id),
    constraint fk_rewards_lead_id_leads foreign key (lead_id) references leads (id),
    constraint ck_rewards_state check (state in ('proposed', 'checked', 'approved', 'notified', 'claimed', 'paid', 'lapsed', 'refused')),
    constraint ck_rewards_amount check (amount_yuan > 0),
    constraint ck_rewards_two_people check (checked_by <> proposed_by and approved_by <> proposed_by and approved_by <> checked_by),
    constraint ck_rewards_approved_by_two check (state not in ('approved', 'notified', 'claimed', 'paid', 'lapsed')
        or (checked_by is not null and approved_by is not null)),
    constraint ck_rewards_refused_whole check ((state = 'refused') = (refused_by is not null)),
    constraint ck_rewards_notified_whole check ((state in ('notified', 'claimed', 'paid', 'lapsed')) = (notified_on is not null)
        and (notified_on is null) = (claim_by is null) and (notified_on is null) = (profile_version is null)),
    constraint ck_rewards_claimed_whole check ((state in ('claimed', 'paid')) = (claimed_on is not null)
        and (claimed_on is null) = (voucher_mark is null)),
    constraint ck_rewards_paid_whole check ((state = 'paid') = (paid_on is not null)
        and (paid_on is null) = (paid_by is null) and (paid_on is null) = (receipt_no is null)),
    constraint ck_rewards_lapsed_whole check ((state = 'lapsed') = (lapsed_on is not null))
);
comment on column rewards.none_of is 'exclusions of the rule that were looked at';
comment on column rewards.claimed_on is 'the day only: the hour could tell who it was';
comment on column rewards.voucher_mark is 'keyed hash of the voucher';
create unique index uq_rewards_lead_id on rewards (lead_id) where state <> 'refused';
create unique index uq_rewards_voucher_mark on rewards (voucher_mark);
create index ix_rewards_proposed_at_id on rewards (proposed_at, id);
create index ix_rewards_claim_by on rewards (claim_by) where state = 'notified';
"""
# what was proposed never changes, the amount above all
_RIGHTS = """
revoke update, delete, truncate on rewards from intake;
grant update (state, checked_by, checked_at, approved_by, approved_at, refused_by, refused_at, refusal_reason, notified_by, notified_on,
    profile_version, claim_by, claimed_on, voucher_mark, paid_by, paid_on, receipt_no, lapsed_on) on rewards to intake;
"""
_DESTROYED = "update rewards set reason = '', new_facts = null, refusal_reason = null where lead_id = $1"
"""What an expunged lead loses here: what was paid stays on the books."""


def upgrade() -> None:
    """Forward only."""
    script(_TABLES)
    script(_RIGHTS)
    script(f"insert into expunge_plan select max(place) + 1, $step${_DESTROYED}$step$ from expunge_plan")  # noqa: S608 - constants
