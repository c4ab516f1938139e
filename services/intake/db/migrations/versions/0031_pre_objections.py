"""Objections of reporters; tries to reach one, also for a meeting; limits to meet a reporter and to decide an objection."""

from shared.migrations.run import script

revision = "0031"
down_revision = "0030"

_STATEMENTS = """
alter table deadlines drop constraint ck_deadlines_kind;
alter table deadlines add constraint ck_deadlines_kind check (kind in
    ('classify', 'assign', 'sign', 'first-report', 'conclude', 'rule', 'redirect', 'feedback', 'meet', 'objection'));
alter table feedback_tries add column about text not null default 'feedback';
alter table feedback_tries add column why_not text;
alter table feedback_tries add constraint ck_feedback_tries_about check (about in ('feedback', 'meeting'));
alter table feedback_tries add constraint ck_feedback_tries_why_not
    check (why_not is null or (not reached and why_not in ('no-answer', 'wrong-contact', 'not-now')));
create table objections (
    lead_id uuid not null,
    deed integer not null,
    against text not null,
    answered_by text,
    made_on date not null,
    message integer not null,
    receipt_mark bytea not null,
    state text not null,
    decided_by text,
    decided_at timestamp with time zone,
    constraint pk_objections primary key (lead_id, deed),
    constraint fk_objections_lead_id_leads foreign key (lead_id) references leads (id),
    constraint uq_objections_receipt_mark unique (receipt_mark),
    constraint ck_objections_against check (against in ('feedback', 'decline')),
    constraint ck_objections_state check (state in ('open', 'upheld', 'refused')),
    constraint ck_objections_two_people check (decided_by <> answered_by),
    constraint ck_objections_decided_whole
        check ((state = 'open') = (decided_by is null) and (decided_by is null) = (decided_at is null))
);
comment on column objections.deed is 'version of the lead that the answer made: one objection to each answer';
comment on column objections.answered_by is 'who stands behind the answer; null after a restore that has lost it';
comment on column objections.made_on is 'the day only: the hour could tell who it was';
comment on column objections.message is 'number of the letter that says it';
comment on column objections.receipt_mark is 'keyed hash of the receipt''s number';
create unique index uq_objections_open on objections (lead_id) where state = 'open';
create index ix_objections_made_on on objections (made_on, lead_id, deed);
revoke update, delete, truncate on objections from intake;
grant update (state, decided_by, decided_at) on objections to intake;
drop index uq_messages_lead_id_assignment_no_kind;
"""


def upgrade() -> None:
    """Forward only."""
    script(_STATEMENTS)
