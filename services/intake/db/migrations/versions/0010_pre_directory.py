"""The directory: units, staff, placements, and every state they had. Nothing of it is deleted."""

from shared.migrations.run import script

revision = "0010"
down_revision = "0009"

_TABLES = """
create table directory_units (
    code text not null,
    region_code text not null,
    name text not null,
    kind text not null,
    superior text,
    building text,
    from_on date not null,
    to_on date,
    version integer not null,
    constraint pk_directory_units primary key (code),
    constraint fk_directory_units_superior_directory_units foreign key (superior) references directory_units (code)
        deferrable initially deferred,
    constraint ck_directory_units_days_in_order check (to_on > from_on),
    constraint ck_directory_units_superior_is_another check (superior <> code)
);
comment on column directory_units.building is 'code of the house it sits in: neighbours are not neutral (G2)';
comment on column directory_units.to_on is 'the first day it holds no more';
create index ix_directory_units_superior on directory_units (superior);
create table directory_staff (
    staff text not null,
    region_code text not null,
    name text not null,
    account text,
    home_unit text not null,
    pledged_on date,
    from_on date not null,
    to_on date,
    version integer not null,
    constraint pk_directory_staff primary key (staff),
    constraint uq_directory_staff_account unique (account),
    constraint fk_directory_staff_home_unit_directory_units foreign key (home_unit) references directory_units (code)
        deferrable initially deferred,
    constraint ck_directory_staff_days_in_order check (to_on > from_on)
);
comment on column directory_staff.name is 'never leaves intake';
comment on column directory_staff.pledged_on is 'the confidentiality pledge is on file since';
comment on column directory_staff.to_on is 'the first day without access';
create index ix_directory_staff_home_unit on directory_staff (home_unit);
create table directory_placements (
    id uuid not null,
    region_code text not null,
    staff text not null,
    unit text not null,
    post text not null,
    kind text not null,
    from_on date not null,
    to_on date,
    version integer not null,
    constraint pk_directory_placements primary key (id),
    constraint fk_directory_placements_staff_directory_staff foreign key (staff) references directory_staff (staff)
        deferrable initially deferred,
    constraint fk_directory_placements_unit_directory_units foreign key (unit) references directory_units (code)
        deferrable initially deferred,
    constraint ck_directory_placements_kind check (kind in ('post', 'secondment', 'member', 'leave')),
    constraint ck_directory_placements_days_in_order check (to_on > from_on),
    constraint uq_directory_placements_staff_unit_post_kind_from_on unique (staff, unit, post, kind, from_on)
);
comment on column directory_placements.to_on is 'the first day it holds no more';
create index ix_directory_placements_unit on directory_placements (unit);
create table directory_history (
    position bigint generated always as identity,
    what text not null,
    subject text not null,
    version integer not null,
    content jsonb not null,
    reason text not null,
    actor text not null,
    recorded_at timestamp with time zone not null,
    constraint pk_directory_history primary key (position),
    constraint ck_directory_history_what check (what in ('unit', 'staff', 'placement')),
    constraint uq_directory_history_what_subject_version unique (what, subject, version)
);
comment on column directory_history.content is 'the whole row as it stood from then on';
revoke delete, truncate on directory_units, directory_staff, directory_placements from intake;
revoke update, delete, truncate on directory_history from intake;
"""


def upgrade() -> None:
    """Forward only."""
    script(_TABLES)
