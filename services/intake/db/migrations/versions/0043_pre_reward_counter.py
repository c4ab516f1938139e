"""Rewards of reporters without a code, by two keepers; and what was paid, once for one report."""

from shared.migrations.run import script

revision = "0043"
down_revision = "0042"

_CHANGES = """
alter table rewards
    add column told_how text,
    add column identified_by text,
    add column identified_on date,
    add column handed_by text,
    add constraint ck_rewards_told_how check (
        told_how in ('mailbox', 'phone', 'visit', 'post') and (told_how is null or notified_on is not null)
    ),
    add constraint ck_rewards_handed_by_two check (
        handed_by <> identified_by and (identified_by is null) = (identified_on is null)
        and (handed_by is null or identified_by is not null)
    );
comment on column rewards.told_how is 'null: before this was kept, by letter';
comment on column rewards.identified_by is 'keeper who compared papers with the vault, of who has no code';
comment on column rewards.handed_by is 'keeper who handed the voucher over';
grant update (told_how, identified_by, identified_on, handed_by) on rewards to intake;
create table reward_payments (
    lead_id uuid not null,
    reward_id uuid not null,
    relearned boolean not null,
    constraint pk_reward_payments primary key (lead_id)
);
comment on column reward_payments.lead_id is 'the lead may have been lost in a restore, so no foreign key';
comment on column reward_payments.relearned is 'known by intake''s own event alone';
revoke update, delete, truncate on reward_payments from intake;
insert into reward_payments select lead_id, id, false from rewards where state = 'paid';
"""


def upgrade() -> None:
    """Forward only."""
    script(_CHANGES)
