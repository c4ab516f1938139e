"""Discipline sends the reporter of a report past the office files, too (docs/decisions/0086)."""

from shared.migrations.run import script

revision = "0066"
down_revision = "0065"

_WHOSE = """
alter table attachments drop constraint ck_attachments_whose;
alter table attachments add constraint ck_attachments_whose check (
    num_nonnulls(lead_id, report_id) = 1 and (report_id is null or door in ('reporter', 'mailbox'))
) not valid;
alter table attachments validate constraint ck_attachments_whose;
"""


def upgrade() -> None:
    """Forward only."""
    script(_WHOSE)
