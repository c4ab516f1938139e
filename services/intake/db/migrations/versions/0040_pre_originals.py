"""Originals are opened by two keepers; the 110 feed has files; a regulator's receipt and result name their scans."""

from shared.migrations.run import script

revision = "0040"
down_revision = "0039"

_DOOR = """
alter table attachments drop constraint ck_attachments_door;
alter table attachments add constraint ck_attachments_door
    check (door in ('reporter', 'office', 'unit', 'partner', 'letter', 'call', 'mailbox'));
"""

_SCANS = """
alter table redirects add column receipt_files uuid[] not null default '{}';
alter table redirects add column result_files uuid[] not null default '{}';
comment on column redirects.receipt_files is 'scans: attachments of the lead';
grant update (receipt_files, result_files) on redirects to intake;
"""

# intake has the files, the vault decides: of an opening intake knows all but why, and writes that it was made use of
_OPENED = """
grant select (id, lead_id, kind, purpose, minutes, officers, asked_by, asked_at, state, decided_by, decided_at, ends_at, ended_by,
    ended_at) on vault.openings to intake;
grant select, insert on vault.readings to intake;
"""


def upgrade() -> None:
    """Forward only."""
    script(_DOOR)
    script(_SCANS)
    script(_OPENED)
