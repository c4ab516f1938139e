"""Assignments that were taken back because of a conflict of interest (收回改交)."""

from shared.migrations.run import script

revision = "0074"
down_revision = "0073"

_STATEMENTS = """
create table recalls (
    lead_id uuid not null,
    assignment_no integer not null,
    recalled_at timestamp with time zone not null,
    constraint pk_recalls primary key (lead_id, assignment_no),
    constraint fk_recalls_lead_id_leads foreign key (lead_id) references leads (id)
);
revoke update, delete, truncate on recalls from intake;
grant select on recalls to intake_vault;
"""


def upgrade() -> None:
    """Forward only."""
    script(_STATEMENTS)
