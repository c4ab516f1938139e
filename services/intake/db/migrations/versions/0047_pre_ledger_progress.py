"""How far an import is: an unlogged table, written beside the import's own transaction."""

from shared.migrations.run import script

revision = "0047"
down_revision = "0046"

_TABLE = """
create unlogged table ledger_progress (
    id uuid not null,
    sha256 text not null,
    read integer not null,
    bad integer not null,
    taken integer not null,
    began_at timestamptz not null,
    told_at timestamptz not null,
    constraint pk_ledger_progress primary key (id)
);
comment on column ledger_progress.sha256 is 'of the file; nothing that stands in it';
"""


def upgrade() -> None:
    """Forward only."""
    script(_TABLE)
