"""Quality review of drawn conclusions (D36): what waits and what became of it, each month's draw and its list."""

from shared.migrations.run import script

revision = "0010"
down_revision = "0009"

_TABLES = """
alter table works drop constraint ck_works_status;
alter table works add constraint ck_works_status check
    (status in ('opened', 'disputed', 'withdrawn', 'accepted', 'in_review', 'concluded'));
alter table works drop constraint ck_works_plan_when_accepted;
alter table works add constraint ck_works_plan_when_accepted check
    ((status in ('accepted', 'in_review', 'concluded')) = (plan is not null));
alter table works drop constraint ck_works_conclusion_when_concluded;
alter table works add constraint ck_works_conclusion_when_concluded check
    ((status in ('in_review', 'concluded')) = (conclusion is not null));
create index ix_lead_standings_merged_into on lead_standings (merged_into) where merged_into is not null;
create table reviews (
    work_id uuid not null,
    number integer not null,
    because text not null,
    conclusion text not null,
    concluded_at timestamp with time zone not null,
    due_on date not null,
    outcome text,
    reason text,
    rework_by date,
    decided_by text,
    decided_at timestamp with time zone,
    constraint pk_reviews primary key (work_id, number),
    constraint fk_reviews_work_id_works foreign key (work_id) references works (id),
    constraint ck_reviews_because check (because in ('major', 'repeats', 'random')),
    constraint ck_reviews_outcome check (outcome in ('passed', 'returned')),
    constraint ck_reviews_decided_whole check
        ((outcome is null) = (decided_by is null) and (outcome is null) = (decided_at is null)),
    constraint ck_reviews_returned_whole check
        ((outcome is not distinct from 'returned') = (rework_by is not null) and (rework_by is null or reason is not null))
);
comment on column reviews.due_on is 'D36';
comment on column reviews.rework_by is 'D10, of one that was returned';
create unique index uq_reviews_waiting on reviews (work_id) where outcome is null;
create index ix_reviews_waiting on reviews (concluded_at, work_id) where outcome is null;
create table review_draws (
    month date not null,
    seed bytea not null,
    commitment text not null,
    committed_at timestamp with time zone not null,
    beacons jsonb,
    fixed_at timestamp with time zone,
    constraint pk_review_draws primary key (month),
    constraint ck_review_draws_fixed_whole check ((fixed_at is null) = (beacons is null)),
    constraint ck_review_draws_first_day check (month = date_trunc('month', month))
);
comment on column review_draws.seed is 'published when the month is over';
comment on column review_draws.beacons is 'what the other services signed first after the commitment';
create table review_entries (
    token text not null,
    month date not null,
    drawn boolean not null,
    constraint pk_review_entries primary key (token),
    constraint fk_review_entries_month_review_draws foreign key (month) references review_draws (month)
);
comment on column review_entries.token is 'its name on the published list';
create index ix_review_entries_month on review_entries (month, token);
"""
# seed and commitment never change, nothing leaves a list; a review is decided once, its words are destroyed with the lead
_RIGHTS = """
revoke update, delete, truncate on reviews, review_draws, review_entries from verification;
grant update (due_on, outcome, reason, rework_by, decided_by, decided_at) on reviews to verification;
grant update (beacons, fixed_at) on review_draws to verification;
"""


def upgrade() -> None:
    """Forward only."""
    script(_TABLES)
    script(_RIGHTS)
