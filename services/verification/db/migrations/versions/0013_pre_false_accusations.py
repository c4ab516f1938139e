"""No 诬告 (C8) without the formal decision that it rests on (G16)."""

from shared.migrations.run import script

revision = "0013"
down_revision = "0012"

_STATEMENTS = """
alter table reviews add column decision_organ text;
alter table reviews add column decision_no text;
alter table reviews add column decision_on date;
grant update (decision_organ, decision_no) on reviews to verification;
comment on column reviews.decision_organ is 'who decided that it is a false accusation';
alter table reviews drop constraint ck_reviews_because;
alter table reviews add constraint ck_reviews_because check (because in ('major', 'repeats', 'random', 'accusation'));
alter table reviews add constraint ck_reviews_decision_whole check (
    (conclusion = 'C8') = (because = 'accusation') and (conclusion = 'C8') = (decision_organ is not null)
    and (conclusion = 'C8') = (decision_no is not null) and (conclusion = 'C8') = (decision_on is not null));
"""


def upgrade() -> None:
    """Forward only."""
    script(_STATEMENTS)
