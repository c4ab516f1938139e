"""Of a result that was told by word of mouth it is on file in what words, and what follows from it (domain.md §2.3 E)."""

from shared.migrations.run import script

revision = "0053"
down_revision = "0052"

_COLUMNS = """
alter table feedback_tries
    add column text text,
    add column next_step text,
    add constraint ck_feedback_tries_words_told check (text is null or (reached and about = 'feedback')),
    add constraint ck_feedback_tries_next_step check (
        next_step is null or next_step = 'contact-again'
        or (reached and about = 'feedback' and next_step in ('none', 'objection', 'new-evidence'))
    );
comment on column feedback_tries.text is 'what was told; null: nothing was, the letter has it, or its lead is expunged';
"""
_DESTROYED = "update feedback_tries set text = null where lead_id = $1"


def upgrade() -> None:
    """Forward only."""
    script(_COLUMNS)
    script(f"insert into expunge_plan select max(place) + 1, $step${_DESTROYED}$step$ from expunge_plan")  # noqa: S608 - constants
