"""Attachments: where each file stands, its pieces in the object store, its wrapped key."""

from shared.migrations.run import script

revision = "0026"
down_revision = "0025"

_TABLES = """
create table attachments (
    id uuid not null,
    region_code text not null,
    lead_id uuid not null,
    door text not null,
    uploaded_by text not null,
    state text not null,
    length bigint not null,
    pieces jsonb not null,
    shared jsonb not null,
    media_type text,
    sha256 text,
    key_id text not null,
    wrapped_key bytea,
    name_box bytea,
    refusal jsonb,
    created_on date not null,
    constraint pk_attachments primary key (id),
    constraint fk_attachments_lead_id_leads foreign key (lead_id) references leads (id),
    constraint ck_attachments_state check (state in ('uploading', 'examining', 'kept', 'refused', 'gone', 'shredded')),
    constraint ck_attachments_door check (door in ('reporter', 'office', 'unit')),
    constraint ck_attachments_unreadable_when_over check ((state in ('refused', 'gone', 'shredded')) = (wrapped_key is null)),
    constraint ck_attachments_name_goes_with_key check (wrapped_key is not null or name_box is null),
    constraint ck_attachments_kept_whole check (state <> 'kept' or (media_type is not null and sha256 is not null))
);
comment on column attachments.id is 'random; its folder in the object store';
comment on column attachments.uploaded_by is 'account; public for a reporter';
comment on column attachments.pieces is 'name and length of each object, in order';
comment on column attachments.shared is 'the same of the copy without metadata';
comment on column attachments.sha256 is 'of the file as it came';
comment on column attachments.wrapped_key is 'taking it away destroys the file';
comment on column attachments.name_box is 'the file''s name under the file''s key: a name can tell who sent it';
comment on column attachments.created_on is 'the day only: the hour could tell who it was';
create index ix_attachments_lead_id on attachments (lead_id);
create index ix_attachments_unfinished on attachments (created_on) where state in ('uploading', 'examining');
create index ix_attachments_left_over on attachments (id)
    where wrapped_key is null and (pieces <> '[]'::jsonb or shared <> '[]'::jsonb);
"""

# Whose file it is, how long and when it came never changes; a row stays when its file is gone.
_RIGHTS = """
revoke update, delete, truncate on attachments from intake;
grant update (state, pieces, shared, media_type, sha256, wrapped_key, name_box, refusal) on attachments to intake;
"""


_DESTROYED = (
    (
        "update attachments set state = 'shredded', wrapped_key = null, name_box = null, media_type = null, sha256 = null, "
        "refusal = null where lead_id = $1"
    ),
)
"""What an expunged lead loses here."""


def upgrade() -> None:
    """Forward only."""
    script(_TABLES)
    script(_RIGHTS)
    for statement in _DESTROYED:
        script(f"insert into expunge_plan select max(place) + 1, $step${statement}$step$ from expunge_plan")  # noqa: S608 - constants
