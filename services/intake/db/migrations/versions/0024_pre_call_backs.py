"""The monthly call-backs: seeds, lists, draws, answers."""

from shared.migrations.run import script

revision = "0024"
down_revision = "0023"

_TABLES = """
create table call_back_draws (
    month date not null,
    seed bytea not null,
    commitment text not null,
    committed_at timestamp with time zone not null,
    fixed_at timestamp with time zone,
    list_digest text,
    beacons jsonb,
    drawn_at timestamp with time zone,
    due_on date,
    constraint pk_call_back_draws primary key (month),
    constraint ck_call_back_draws_in_order check ((fixed_at is null) = (list_digest is null) and (drawn_at is null) = (beacons is null)
        and (drawn_at is null) = (due_on is null) and (drawn_at is null or fixed_at is not null)),
    constraint ck_call_back_draws_first_day check (month = date_trunc('month', month))
);
comment on column call_back_draws.seed is 'published after the draw';
create table call_backs (
    token text not null,
    month date not null,
    lead_id uuid not null,
    place integer,
    outcome text,
    channel text,
    answered_by text,
    answered_at timestamp with time zone,
    constraint pk_call_backs primary key (token),
    constraint fk_call_backs_month_call_back_draws foreign key (month) references call_back_draws (month),
    constraint fk_call_backs_lead_id_leads foreign key (lead_id) references leads (id),
    constraint ck_call_backs_outcome check (outcome in ('satisfied', 'partly', 'dissatisfied', 'unreachable')),
    constraint ck_call_backs_channel check (channel in ('phone', 'message', 'meeting')),
    constraint ck_call_backs_drawn_first check (outcome is null or place is not null),
    constraint ck_call_backs_answered_whole check ((outcome is null) = (channel is null)
        and (outcome is null) = (answered_by is null) and (outcome is null) = (answered_at is null))
);
comment on column call_backs.token is 'its name on the published list';
comment on column call_backs.place is 'in the order of the draw; null: not drawn';
create index ix_call_backs_month_place on call_backs (month, place);
"""
# Seed and commitment never change, nobody leaves the list or joins it later; an answer is added once.
_RIGHTS = """
revoke update, delete, truncate on call_back_draws, call_backs from intake;
grant update (fixed_at, list_digest, beacons, drawn_at, due_on) on call_back_draws to intake;
grant update (place, outcome, channel, answered_by, answered_at) on call_backs to intake;
"""


def upgrade() -> None:
    """Forward only."""
    script(_TABLES)
    script(_RIGHTS)
