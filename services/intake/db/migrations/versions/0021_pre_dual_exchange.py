"""What the legs of a dual assignment exchange: holds, contacts, requests; codes and days only."""

from shared.migrations.run import script

revision = "0021"
down_revision = "0020"

_STATEMENTS = """
create table dual_holds (
    id uuid not null,
    dual_assignment_id uuid not null,
    lead_id uuid not null,
    what text not null,
    until date not null,
    asked_by text,
    asked_at timestamp with time zone not null,
    state text not null,
    decided_by text,
    decided_at timestamp with time zone,
    released_by text,
    released_at timestamp with time zone,
    constraint pk_dual_holds primary key (id),
    constraint fk_dual_holds_dual_assignment_id_dual_assignments foreign key (dual_assignment_id) references dual_assignments (id),
    constraint fk_dual_holds_lead_id_leads foreign key (lead_id) references leads (id),
    constraint ck_dual_holds_what check (what in ('arrest', 'publication')),
    constraint ck_dual_holds_state check (state in ('asked', 'standing', 'refused', 'released')),
    constraint ck_dual_holds_two_people check (decided_by <> asked_by),
    constraint ck_dual_holds_decided_whole check ((state = 'asked') = (decided_by is null)),
    constraint ck_dual_holds_released_whole check ((state = 'released') = (released_by is not null))
);
comment on column dual_holds.asked_by is 'null after a restore that has lost it';
create index ix_dual_holds_dual_assignment_id on dual_holds (dual_assignment_id);
create index ix_dual_holds_until on dual_holds (until) where state = 'standing'::text;
create table dual_contacts (
    dual_assignment_id uuid not null,
    leg text not null,
    account text not null,
    named_by text not null,
    named_at timestamp with time zone not null,
    constraint pk_dual_contacts primary key (dual_assignment_id, leg),
    constraint fk_dual_contacts_dual_assignment_id_dual_assignments foreign key (dual_assignment_id) references dual_assignments (id),
    constraint ck_dual_contacts_leg check (leg in ('crime', 'discipline'))
);
create table dual_requests (
    id uuid not null,
    dual_assignment_id uuid not null,
    from_leg text not null,
    need text not null,
    asked_by text not null,
    asked_at timestamp with time zone not null,
    answer text,
    answered_by text,
    answered_at timestamp with time zone,
    constraint pk_dual_requests primary key (id),
    constraint fk_dual_requests_dual_assignment_id_dual_assignments foreign key (dual_assignment_id) references dual_assignments (id),
    constraint ck_dual_requests_answered_whole check ((answer is null) = (answered_by is null))
);
create index ix_dual_requests_dual_assignment_id on dual_requests (dual_assignment_id);
revoke delete, truncate on dual_holds, dual_contacts, dual_requests from intake;
"""


def upgrade() -> None:
    """Forward only."""
    script(_STATEMENTS)
