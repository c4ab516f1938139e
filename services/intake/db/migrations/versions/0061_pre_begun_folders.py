"""Folders of the store in which pieces are written before the row that they belong to (docs/decisions/0104)."""

from shared.migrations.run import script

revision = "0061"
down_revision = "0060"

_TABLE = """
create table begun_folders (
    folder text not null,
    begun_on date not null,
    constraint pk_begun_folders primary key (folder)
);
comment on table begun_folders is 'what stands here for days was left by a crash: the clock removes the pieces';
comment on column begun_folders.begun_on is 'the day only: the hour could tell who it was';
revoke update, truncate on begun_folders from intake;
"""


def upgrade() -> None:
    """Forward only."""
    script(_TABLE)
