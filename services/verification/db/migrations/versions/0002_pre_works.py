"""Works on leads, their verifiers, history and sealed facts."""

from shared.migrations.run import script

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Forward only."""
    script("""
        create table works (
            id uuid not null,
            region_code text not null,
            lead_id uuid not null,
            assignment_no integer not null,
            unit text not null,
            level text not null,
            sign_by date not null,
            due_on date not null,
            provisional boolean not null,
            status text not null,
            plan text,
            conclusion text,
            version integer not null,
            opened_at timestamp with time zone not null,
            created_at timestamp with time zone not null,
            constraint pk_works primary key (id),
            constraint ck_works_status check (status in ('opened', 'accepted', 'concluded')),
            constraint ck_works_plan_when_accepted check ((status = 'opened') = (plan is null)),
            constraint ck_works_conclusion_when_concluded check ((status = 'concluded') = (conclusion is not null)),
            constraint uq_works_lead_id_assignment_no unique (lead_id, assignment_no)
        );
        create index ix_works_opened_at_id on works (opened_at, id);
        create table verifiers (
            work_id uuid not null,
            staff text not null,
            recusal_statement_on date not null,
            constraint pk_verifiers primary key (work_id, staff),
            constraint fk_verifiers_work_id_works foreign key (work_id) references works (id)
        );
        create table work_history (
            work_id uuid not null,
            version integer not null,
            status text not null,
            actor text not null,
            reason text,
            effective_at timestamp with time zone not null,
            recorded_at timestamp with time zone not null,
            constraint pk_work_history primary key (work_id, version),
            constraint fk_work_history_work_id_works foreign key (work_id) references works (id)
        );
        create table work_facts (
            lead_id uuid not null,
            sequence integer not null,
            key_id text,
            box text,
            received_at timestamp with time zone not null,
            constraint pk_work_facts primary key (lead_id, sequence),
            constraint ck_work_facts_whole_box check ((key_id is null) = (box is null))
        );
        comment on column work_facts.key_id is 'null together with box once the facts were destroyed'
    """)
