"""The register of impact assessments (PIPL §55, §56; D33). Entries are never changed or destroyed."""

from shared.migrations.run import script

revision = "0054"
down_revision = "0053"

_TABLE = """
create table impact_assessments (
    id uuid not null,
    processing text not null,
    cause text not null,
    document_no text not null,
    measures text not null,
    assessed_on date not null,
    next_due_on date not null,
    renews uuid,
    recorded_by text not null,
    recorded_at timestamptz not null,
    constraint pk_impact_assessments primary key (id),
    constraint fk_impact_assessments_renews_impact_assessments foreign key (renews) references impact_assessments (id),
    constraint uq_impact_assessments_renews unique (renews),
    constraint ck_impact_assessments_cause check (cause in ('sensitive', 'automated', 'provided', 'other')),
    constraint ck_impact_assessments_due_again check (next_due_on > assessed_on)
);
create index ix_impact_assessments_next_due_on_id on impact_assessments (next_due_on, id);
revoke update, delete, truncate on impact_assessments from intake;
"""


def upgrade() -> None:
    """Forward only."""
    script(_TABLE)
