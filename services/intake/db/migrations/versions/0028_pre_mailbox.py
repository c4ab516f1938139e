"""Mailboxes of reporters: boxes that only the holder of the code and the office's own process open."""

from shared.migrations.run import script

revision = "0028"
down_revision = "0027"

_STATEMENTS = """
create table mailboxes (
    lead_id uuid not null,
    public_key bytea not null,
    own_lock bytea,
    constraint pk_mailboxes primary key (lead_id),
    constraint fk_mailboxes_lead_id_leads foreign key (lead_id) references leads (id),
    constraint uq_mailboxes_public_key unique (public_key)
);
comment on column mailboxes.public_key is 'X25519, made of the query code';
comment on column mailboxes.own_lock is 'the private half under the reporter''s own code (Argon2id); salt first';
create table messages (
    lead_id uuid not null,
    number integer not null,
    writer text not null,
    kind text not null,
    assignment_no integer not null,
    sent_on date not null,
    read_on date,
    written_by text,
    for_reporter text not null,
    for_office text not null,
    office_key text not null,
    constraint pk_messages primary key (lead_id, number),
    constraint fk_messages_lead_id_mailboxes foreign key (lead_id) references mailboxes (lead_id),
    constraint ck_messages_writer check (writer in ('reporter', 'office')),
    constraint ck_messages_kind check (kind in ('message', 'invitation', 'feedback', 'objection', 'refusal')),
    constraint ck_messages_kind_of_writer check (kind = 'message' or (kind = 'objection') = (writer = 'reporter')),
    constraint ck_messages_written_by check ((writer = 'reporter') = (written_by is null))
);
comment on column messages.assignment_no is 'which conclusion it is about';
comment on column messages.sent_on is 'the day only: the hour could tell who it was';
comment on column messages.read_on is 'when the other side first read it';
comment on column messages.written_by is 'null: the reporter';
comment on column messages.office_key is 'id of the key that for_office is sealed for';
create unique index uq_messages_lead_id_assignment_no_kind on messages (lead_id, assignment_no, kind)
    where kind in ('objection', 'refusal');
create index ix_messages_unread on messages (lead_id, writer) where read_on is null;
revoke update, delete, truncate on mailboxes, messages from intake;
grant update (read_on) on messages to intake;
"""


_DESTROYED = ("delete from messages where lead_id = $1", "delete from mailboxes where lead_id = $1")
"""What an expunged lead loses here."""


def upgrade() -> None:
    """Forward only."""
    script(_STATEMENTS)
    for statement in _DESTROYED:
        script(f"insert into expunge_plan select max(place) + 1, $step${statement}$step$ from expunge_plan")  # noqa: S608 - constants
