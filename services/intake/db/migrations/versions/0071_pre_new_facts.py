"""What is reported again of a lead that has a conclusion, whatever that is, waits for the director and is in the day's list
(docs/decisions/0110)."""

from shared.migrations.run import script

revision = "0071"
down_revision = "0070"

_CHANGES = """
alter table re_examinations add column conclusion text not null default 'C3';
comment on column re_examinations.conclusion is 'of the master as it stood';
alter table re_examinations drop constraint ck_re_examinations_state;
alter table re_examinations add constraint ck_re_examinations_state check (state in ('open', 'given', 'noted', 'withdrawn'));
alter table re_examinations add constraint ck_re_examinations_looked_at_again check (state <> 'noted' or conclusion <> 'C3');
alter table re_examinations drop constraint ck_re_examinations_given_whole;
alter table re_examinations add constraint ck_re_examinations_given_whole
  check ((state = 'given') = (unit is not null) and (state in ('given', 'noted')) = (given_by is not null));
alter table digest_leads drop constraint ck_digest_leads_part;
alter table digest_leads add constraint ck_digest_leads_part
  check (part in ('fresh', 'unclassified', 'unassigned', 'due_soon', 'overdue', 'repeated', 'new_facts'));
"""


def upgrade() -> None:
    """Forward only."""
    script(_CHANGES)
