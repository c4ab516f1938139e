"""The whole life of a lead: its further states, redirections, feedback, decisions by two people, the limits that go with them."""

from shared.migrations.run import script

revision = "0017"
down_revision = "0016"

_LEADS = """
alter table leads add column suspended_at timestamp with time zone;
alter table leads add column urgent boolean not null default false;
alter table leads add column refused_by text[] not null default '{}';
alter table leads add column earlier_units text[] not null default '{}';
comment on column leads.suspended_at is 'since when; the rest of the row stays as it was';
comment on column leads.refused_by is 'units that said that it is not theirs';
comment on column leads.earlier_units is 'units that worked on it before another team was charged';
alter table leads drop constraint ck_leads_status;
alter table leads add constraint ck_leads_status check (status in ('received', 'not_accepted', 'classified', 'redirected', 'assigned',
    'disputed', 'verifying', 'taskforce', 'in_signoff', 'concluded', 'parked', 'transferred', 'fed_back', 'closed', 'reopened', 'sealed',
    'expunged'));
alter table leads drop constraint ck_leads_classified_whole;
alter table leads add constraint ck_leads_classified_whole check ((tier is null) = (level is null) and (status in ('sealed', 'expunged')
    or (status in ('received', 'not_accepted')) = (tier is null)));
alter table leads drop constraint ck_leads_assignment_whole;
alter table leads add constraint ck_leads_assignment_whole check ((unit is null) = (assignment_no is null)
    and (unit is null) = (sign_by is null) and (unit is null) = (due_on is null) and (unit is null) = (provisional is null));
alter table leads add constraint ck_leads_assigned_by_status check (case
    when status in ('received', 'not_accepted', 'classified', 'redirected') then unit is null
    when status in ('closed', 'reopened', 'sealed', 'expunged') then true else unit is not null end);
alter table leads add constraint ck_leads_suspended_alone check (suspended_at is null or merged_into is null);
grant update (suspended_at, urgent, refused_by, earlier_units) on leads to intake;
alter table deadlines drop constraint ck_deadlines_kind;
alter table deadlines add constraint ck_deadlines_kind check (kind in ('classify', 'assign', 'sign', 'first-report', 'conclude', 'rule',
    'redirect', 'feedback'));
"""

_TABLES = """
create table redirects (
    lead_id uuid not null,
    number integer not null,
    regulator text not null,
    sent_by text not null,
    sent_at timestamp with time zone not null,
    receipt_no text,
    receipt_on date,
    result text,
    result_on date,
    told_on date,
    returned_at timestamp with time zone,
    return_reason text,
    constraint pk_redirects primary key (lead_id, number),
    constraint fk_redirects_lead_id_leads foreign key (lead_id) references leads (id),
    constraint ck_redirects_receipt_whole check ((receipt_no is null) = (receipt_on is null)),
    constraint ck_redirects_result_after_receipt check (result is null or (receipt_no is not null and result_on is not null)),
    constraint ck_redirects_returned_or_ended check (returned_at is null or result is null)
);
comment on column redirects.told_on is 'when the reporter was told; null when there is nobody to tell';
create unique index uq_redirects_lead_id on redirects (lead_id) where returned_at is not null;
create table feedback_tries (
    lead_id uuid not null,
    number integer not null,
    channel text not null,
    tried_on date not null,
    reached boolean not null,
    assignment_no integer not null,
    tried_by text not null,
    recorded_at timestamp with time zone not null,
    constraint pk_feedback_tries primary key (lead_id, number),
    constraint fk_feedback_tries_lead_id_leads foreign key (lead_id) references leads (id),
    constraint ck_feedback_tries_channel check (channel in ('phone', 'text', 'visit', 'mailbox', 'letter'))
);
comment on column feedback_tries.assignment_no is 'which conclusion it is about';
create table feedbacks (
    lead_id uuid not null,
    assignment_no integer not null,
    outcome text not null,
    accepted boolean not null,
    told_at timestamp with time zone not null,
    constraint pk_feedbacks primary key (lead_id, assignment_no),
    constraint fk_feedbacks_lead_id_leads foreign key (lead_id) references leads (id),
    constraint ck_feedbacks_outcome check (outcome in ('delivered', 'attempts', 'not-applicable'))
);
comment on column feedbacks.accepted is 'the reporter said that nothing is objected to';
create table decisions (
    id uuid not null,
    lead_id uuid not null,
    kind text not null,
    state text not null,
    reason text not null,
    proposed_by text,
    proposed_at timestamp with time zone not null,
    decided_by text,
    decided_at timestamp with time zone,
    decision_reason text,
    constraint pk_decisions primary key (id),
    constraint fk_decisions_lead_id_leads foreign key (lead_id) references leads (id),
    constraint ck_decisions_kind check (kind in ('reopen', 'seal', 'expunge')),
    constraint ck_decisions_state check (state in ('proposed', 'confirmed', 'refused')),
    constraint ck_decisions_two_people check (decided_by <> proposed_by),
    constraint ck_decisions_decided_whole check (
        (state = 'proposed') = (decided_by is null) and (decided_by is null) = (decided_at is null))
);
comment on column decisions.proposed_by is 'null: the clock';
create unique index uq_decisions_lead_id_kind on decisions (lead_id, kind) where state = 'proposed'::text;
create index ix_decisions_proposed_at_id on decisions (proposed_at, id);
"""

# What was sent, tried and proposed stays as it was; answers are added to it.
_RIGHTS = """
revoke update, delete, truncate on redirects, feedback_tries, feedbacks, decisions from intake;
grant update (receipt_no, receipt_on, result, result_on, told_on, returned_at, return_reason) on redirects to intake;
grant update (state, decided_by, decided_at, decision_reason) on decisions to intake;
"""


def upgrade() -> None:
    """Forward only."""
    script(_LEADS)
    script(_TABLES)
    script(_RIGHTS)
