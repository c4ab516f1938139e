"""Files that the office adds to a letter: for the reporter's code and the office, not for the unit."""

from shared.migrations.run import script

revision = "0036"
down_revision = "0035"

_DOOR = """
alter table attachments drop constraint ck_attachments_door;
alter table attachments add constraint ck_attachments_door
    check (door in ('reporter', 'office', 'unit', 'partner', 'letter', 'mailbox'));
"""


def upgrade() -> None:
    """Forward only."""
    script(_DOOR)
