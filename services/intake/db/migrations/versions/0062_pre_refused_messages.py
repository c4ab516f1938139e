"""Messages of gateways that could not be taken are told to the office (docs/decisions/0102)."""

from shared.migrations.run import script

revision = "0062"
down_revision = "0061"

_TABLE = """
create table refused_messages (
    id uuid not null,
    mark bytea not null,
    gateway text not null,
    channel text,
    reasons jsonb not null,
    times integer not null,
    first_on date not null,
    last_on date not null,
    settled_on date,
    settled_by text,
    constraint pk_refused_messages primary key (id),
    constraint uq_refused_messages_mark unique (mark),
    constraint ck_refused_messages_channel check (channel in ('email', 'sms', 'voice')),
    constraint ck_refused_messages_settled_whole check (settled_on is not null or settled_by is null)
);
comment on table refused_messages is 'nothing of what was sent: the gateway has it';
comment on column refused_messages.mark is 'keyed hash of gateway and external number, or of the reasons where there is no number';
comment on column refused_messages.channel is 'null when it could not be read';
comment on column refused_messages.reasons is 'field and reason, never what was sent';
comment on column refused_messages.first_on is 'the day only: the hour could tell who it was';
comment on column refused_messages.settled_on is 'when it was taken after all, or a clerk had asked';
comment on column refused_messages.settled_by is 'the clerk; null when it was taken';
create index ix_refused_messages_first_on on refused_messages (first_on, id);
create index ix_refused_messages_open on refused_messages (first_on, id) where settled_on is null;
revoke update, truncate on refused_messages from intake;
grant update (channel, reasons, times, last_on, settled_on, settled_by) on refused_messages to intake;
"""


def upgrade() -> None:
    """Forward only."""
    script(_TABLE)
