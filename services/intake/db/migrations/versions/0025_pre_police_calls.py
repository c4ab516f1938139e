"""The 110 feed: calls that became leads, corrections beside the register, records that could not be taken."""

from shared.migrations.run import script

revision = "0025"
down_revision = "0024"

_TABLES = """
create table police_calls (
    lead_id uuid not null,
    region_code text not null,
    external_no text not null,
    revision integer not null,
    called_at timestamp with time zone not null,
    content jsonb not null,
    taken_at timestamp with time zone not null,
    constraint pk_police_calls primary key (lead_id),
    constraint fk_police_calls_lead_id_leads foreign key (lead_id) references leads (id),
    constraint uq_police_calls_region_code_external_no unique (region_code, external_no),
    constraint ck_police_calls_revision check (revision >= 1)
);
comment on column police_calls.revision is 'of the newest version that came';
comment on column police_calls.content is 'of the newest version; nothing of the caller';
create table lead_corrections (
    lead_id uuid not null,
    revision integer not null,
    field text not null,
    old jsonb,
    new jsonb,
    reporter_ref uuid,
    corrected_by text not null,
    recorded_at timestamp with time zone not null,
    constraint pk_lead_corrections primary key (lead_id, revision, field),
    constraint fk_lead_corrections_lead_id_leads foreign key (lead_id) references leads (id),
    constraint ck_lead_corrections_caller_is_sealed check (field <> 'caller' or (old is null and new is null)),
    constraint ck_lead_corrections_sealed_is_caller check ((field = 'caller') = (reporter_ref is not null))
);
comment on column lead_corrections.reporter_ref is
    'of the caller as corrected, sealed in schema vault; old and new are null then';
create table refused_calls (
    id uuid not null,
    mark bytea not null,
    sent_by text not null,
    external_no text,
    reasons jsonb not null,
    times integer not null,
    first_at timestamp with time zone not null,
    last_at timestamp with time zone not null,
    settled_at timestamp with time zone,
    constraint pk_refused_calls primary key (id),
    constraint uq_refused_calls_mark unique (mark)
);
comment on column refused_calls.mark is 'hash of sender, number and reasons';
comment on column refused_calls.external_no is 'null when it could not be read; nothing else of the record is kept';
comment on column refused_calls.reasons is 'field and reason, never what was sent';
comment on column refused_calls.settled_at is 'when a record with this number was taken after all';
create index ix_refused_calls_first_at_id on refused_calls (first_at, id);
create index ix_refused_calls_open on refused_calls (external_no) where settled_at is null;
"""

# Which call became which lead never changes; what was corrected stays.
_RIGHTS = """
revoke update, delete, truncate on police_calls, lead_corrections, refused_calls from intake;
grant update (revision, content) on police_calls to intake;
grant update (times, last_at, settled_at) on refused_calls to intake;
"""


_DESTROYED = (
    "update police_calls set content = '{}' where lead_id = $1",
    (
        "update vault.reporters r set wrapped_key = null, shredded_on = coalesce(r.shredded_on, current_date) from lead_corrections c "
        "where c.lead_id = $1 and r.reporter_ref = c.reporter_ref"
    ),
    "update lead_corrections set old = null, new = null where lead_id = $1",
)
"""What an expunged lead loses here."""


def upgrade() -> None:
    """Forward only."""
    script(_TABLES)
    script(_RIGHTS)
    for statement in _DESTROYED:
        script(f"insert into expunge_plan select max(place) + 1, $step${statement}$step$ from expunge_plan")  # noqa: S608 - constants
