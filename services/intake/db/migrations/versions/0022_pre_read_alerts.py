"""Alerts about readings of restricted data, and what readers declare of their own circle."""

from shared.migrations import e0005_reads
from shared.migrations.run import script

revision = "0022"
down_revision = "0021"

_CIRCLE = """
create table circle_marks (
    person text not null,
    tie text not null,
    mark bytea not null,
    length integer not null,
    constraint pk_circle_marks primary key (person, tie, mark),
    constraint ck_circle_marks_tie check (tie in ('neighbour', 'colleague', 'relative'))
);
comment on column circle_marks.mark is 'keyed hash of a word that the person declared';
comment on column circle_marks.length is 'of the word, in characters';
"""


def upgrade() -> None:
    """Forward only."""
    e0005_reads.upgrade("intake")
    script(_CIRCLE)
