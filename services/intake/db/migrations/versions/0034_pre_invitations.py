"""Invitations to meet a reporter: who comes, whose buildings were offered, what was answered; when and where lies in the mailbox."""

from shared.migrations.run import script

revision = "0034"
down_revision = "0033"

_TABLE = """
create table invitations (
    lead_id uuid not null,
    message integer not null,
    officers text[] not null,
    units text[] not null,
    options integer not null,
    sent_on date not null,
    reply text,
    replied_on date,
    constraint pk_invitations primary key (lead_id, message),
    constraint fk_invitations_lead_id_leads foreign key (lead_id) references leads (id),
    constraint ck_invitations_two_officers check (cardinality(officers) = 2 and officers[1] <> officers[2]),
    constraint ck_invitations_reply check (reply in ('accepted', 'declined', 'other')),
    constraint ck_invitations_replied_whole check ((reply is null) = (replied_on is null))
);
comment on column invitations.message is 'number of the letter that says when and where';
comment on column invitations.officers is 'staff numbers';
comment on column invitations.units is 'whose buildings were offered';
comment on column invitations.options is 'how many were offered';
revoke update, delete, truncate on invitations from intake;
grant update (reply, replied_on) on invitations to intake;
"""


def upgrade() -> None:
    """Forward only."""
    script(_TABLE)
