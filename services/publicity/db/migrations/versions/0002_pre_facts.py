"""Dated facts of all services."""

from shared.migrations.run import script

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Forward only."""
    script("""
        create table facts (
            event_id uuid not null,
            region_code text not null,
            type text not null,
            topic text not null,
            subject text not null,
            sequence bigint not null,
            lead_id uuid not null,
            effective_at timestamp with time zone not null,
            recorded_at timestamp with time zone not null,
            codes jsonb not null,
            constraint pk_facts primary key (event_id),
            constraint uq_facts_topic_subject_sequence unique (topic, subject, sequence)
        );
        comment on column facts.effective_at is 'when it happened: figures go by this';
        comment on column facts.recorded_at is 'when it was put on record';
        comment on column facts.codes is 'the event''s own fields: ids, codes, dates, numbers';
        create index ix_facts_lead_id_type on facts (lead_id, type);
        create index ix_facts_type_effective_at on facts (type, effective_at);
        create index ix_facts_effective_at_event_id on facts (effective_at, event_id);
        revoke update, truncate on facts from publicity
    """)
