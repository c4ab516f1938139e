"""Legs of dual assignments, their history and their sealed facts."""

from shared.migrations.run import script

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Forward only."""
    script("""
        create table legs (
            id uuid not null,
            region_code text not null,
            dual_assignment_id uuid not null,
            lead_id uuid not null,
            status text not null,
            outcome text,
            version integer not null,
            opened_at timestamp with time zone not null,
            created_at timestamp with time zone not null,
            constraint pk_legs primary key (id),
            constraint ck_legs_status check (status in ('opened', 'received', 'ended')),
            constraint ck_legs_outcome_when_ended check ((status = 'ended') = (outcome is not null)),
            constraint uq_legs_dual_assignment_id unique (dual_assignment_id)
        );
        create index ix_legs_lead_id on legs (lead_id);
        create index ix_legs_opened_at_id on legs (opened_at, id);
        create table leg_history (
            leg_id uuid not null,
            version integer not null,
            status text not null,
            actor text not null,
            reason text,
            effective_at timestamp with time zone not null,
            recorded_at timestamp with time zone not null,
            constraint pk_leg_history primary key (leg_id, version),
            constraint fk_leg_history_leg_id_legs foreign key (leg_id) references legs (id)
        );
        create table leg_facts (
            lead_id uuid not null,
            sequence integer not null,
            key_id text,
            box text,
            received_at timestamp with time zone not null,
            constraint pk_leg_facts primary key (lead_id, sequence),
            constraint ck_leg_facts_whole_box check ((key_id is null) = (box is null))
        );
        comment on column leg_facts.key_id is 'null together with box once the facts were destroyed'
    """)
