"""What was suggested for a classification, and what a person chose."""

from shared.migrations.run import script

revision = "0020"
down_revision = "0019"

_STATEMENTS = """
create table class_suggestions (
    lead_id uuid not null,
    version integer not null,
    rubric text not null,
    suggested jsonb not null,
    because jsonb not null,
    chosen jsonb not null,
    decided_by text not null,
    decided_at timestamp with time zone not null,
    constraint pk_class_suggestions primary key (lead_id, version),
    constraint fk_class_suggestions_lead_id_leads foreign key (lead_id) references leads (id)
);
comment on column class_suggestions.because is 'rules of the rubric with its own words that were met; never other text';
revoke update, delete, truncate on class_suggestions from intake;
"""


def upgrade() -> None:
    """Forward only."""
    script(_STATEMENTS)
