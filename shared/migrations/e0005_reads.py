"""Fifth step of the tables that every service has: alerts about readings of restricted data."""

from shared.migrations.run import script

_TABLES = """
create index ix_audit_log_actor_at on audit_log (actor, at) where purpose is not null;
create table read_alerts (
    id uuid not null,
    kind text not null,
    actor text not null,
    unit text not null,
    action text not null,
    subject text not null,
    purpose text not null,
    matter text not null,
    raised_at timestamp with time zone not null,
    finding text,
    reason text,
    reviewed_by text,
    reviewed_at timestamp with time zone,
    constraint pk_read_alerts primary key (id),
    constraint uq_read_alerts_matter unique (matter),
    constraint ck_read_alerts_finding check (finding in ('justified', 'misuse')),
    constraint ck_read_alerts_another_person check (reviewed_by <> actor),
    constraint ck_read_alerts_reviewed_whole check ((finding is null) = (reviewed_by is null)
        and (finding is null) = (reviewed_at is null) and (finding is null) = (reason is null))
);
create index ix_read_alerts_raised_at_id on read_alerts (raised_at, id);
comment on column read_alerts.matter is 'kind, actor, and the thing and day, or the hour';
"""
# What was raised stays raised; what came of it is added once.
_RIGHTS = """
revoke update, delete, truncate on read_alerts from {role};
grant update (finding, reason, reviewed_by, reviewed_at) on read_alerts to {role};
"""


def upgrade(role: str) -> None:
    """Create them; `role` is the service's own database role."""
    script(_TABLES)
    script(_RIGHTS.format(role=role))
