"""E-mail, text messages and voicemail come in by gateways and wait for a clerk (peers row 4); reports have their channels."""

from shared.migrations.run import script

revision = "0059"
down_revision = "0058"

_CHANNELS = """
alter table reports drop constraint ck_reports_channel;
alter table reports add constraint ck_reports_channel
    check (channel in ('web', 'phone', 'visit', 'letter', 'email', 'sms', 'voice')) not valid;
alter table reports validate constraint ck_reports_channel;
"""

_TABLE = """
create table gateway_messages (
    id uuid not null,
    region_code text not null,
    gateway text not null,
    channel text not null,
    naming text not null,
    received_on date not null,
    due_on date not null,
    mark bytea not null,
    parts integer not null,
    marks jsonb not null,
    left_out integer not null,
    key_id text not null,
    wrapped_key bytea,
    box bytea,
    reporter jsonb,
    for_discipline jsonb,
    files jsonb not null,
    state text not null,
    reason text,
    decided_by text,
    decided_on date,
    lead_id uuid,
    constraint pk_gateway_messages primary key (id),
    constraint uq_gateway_messages_mark unique (mark),
    constraint fk_gateway_messages_lead_id_leads foreign key (lead_id) references leads (id),
    constraint ck_gateway_messages_channel check (channel in ('email', 'sms', 'voice')),
    constraint ck_gateway_messages_naming check (naming in ('confidential', 'anonymous')),
    constraint ck_gateway_messages_state check (state in ('waiting', 'registered', 'aside', 'gone')),
    constraint ck_gateway_messages_reason check (reason in ('spam', 'no-report', 'twice')),
    constraint ck_gateway_messages_readable_until_decided
        check ((state in ('waiting', 'aside')) = (wrapped_key is not null)),
    constraint ck_gateway_messages_box_goes_with_key check (
        (wrapped_key is null) = (box is null) and (wrapped_key is not null or (reporter is null and for_discipline is null))
    ),
    constraint ck_gateway_messages_known_is_sealed
        check ((naming = 'anonymous') or wrapped_key is null or reporter is not null),
    constraint ck_gateway_messages_aside_has_reason check ((state = 'aside') = (reason is not null)),
    constraint ck_gateway_messages_registered_as check ((state = 'registered') = (lead_id is not null)),
    constraint ck_gateway_messages_decided_whole check (
        (state in ('registered', 'aside')) = (decided_by is not null) and (decided_by is null) = (decided_on is null)
    ),
    constraint ck_gateway_messages_parts check (parts between 1 and 30)
);
comment on column gateway_messages.gateway is 'the machine''s account';
comment on column gateway_messages.received_on is 'the day only: the hour could tell who it was';
comment on column gateway_messages.due_on is 'by when a clerk decides (D01)';
comment on column gateway_messages.mark is 'keyed hash of gateway and external number';
comment on column gateway_messages.marks is 'number of a part that came → keyed hash of what came';
comment on column gateway_messages.left_out is 'files beyond what a report may have';
comment on column gateway_messages.wrapped_key is 'taking it away destroys the text';
comment on column gateway_messages.box is 'the text under the message''s key; nothing of the sender';
comment on column gateway_messages.reporter is 'sealed for the vault, until a lead has it';
comment on column gateway_messages.for_discipline is 'the same for discipline, for a message about the office';
comment on column gateway_messages.files is 'keys and pieces of its files, until a lead has them';
create index ix_gateway_messages_open on gateway_messages (state, received_on, id)
    where state = 'waiting' or state = 'aside';
create index ix_gateway_messages_left_over on gateway_messages (id) where state = 'gone' and files <> '[]'::jsonb;
revoke update, delete, truncate on gateway_messages from intake;
grant update (marks, wrapped_key, box, reporter, for_discipline, files, state, reason, decided_by, decided_on, lead_id)
    on gateway_messages to intake;
"""


def upgrade() -> None:
    """Forward only."""
    script(_CHANNELS)
    script(_TABLE)
