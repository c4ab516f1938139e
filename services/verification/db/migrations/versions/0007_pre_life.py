"""What intake decides of a lead reaches the work: disputes and rulings, the urgent lane, suspension, sealing, destruction."""

from shared.migrations.run import script

revision = "0007"
down_revision = "0006"

_STATEMENTS = """
alter table works add column urgent boolean not null default false;
alter table works add column dispute_by date;
alter table works add column first_report text;
comment on column works.dispute_by is 'until when the unit may say that it is not its own; null: a ruling binds it';
alter table works drop constraint ck_works_status;
alter table works add constraint ck_works_status check (status in ('opened', 'disputed', 'withdrawn', 'accepted', 'concluded'));
alter table works drop constraint ck_works_plan_when_accepted;
alter table works add constraint ck_works_plan_when_accepted check ((status in ('accepted', 'concluded')) = (plan is not null));
create table lead_standings (
    lead_id uuid not null,
    suspended_at timestamp with time zone,
    merged_into uuid,
    sealed_at timestamp with time zone,
    expunged_at timestamp with time zone,
    sign_by date,
    due_on date,
    moved_at timestamp with time zone,
    constraint pk_lead_standings primary key (lead_id)
);
comment on column lead_standings.moved_at is 'when a limit was last moved; a work that opens later has its dates already';
"""


def upgrade() -> None:
    """Forward only."""
    script(_STATEMENTS)
