"""Fifth step of the tables that every service has: accounts of staff, and when they end."""

from shared.migrations.run import script


def upgrade() -> None:
    """A table of its own."""
    script("""
        create table staff_accounts (
            account text not null,
            staff text not null,
            ends_at timestamp with time zone,
            constraint pk_staff_accounts primary key (account)
        );
        comment on column staff_accounts.ends_at is 'from then on it has no access; null while it has';
        create index ix_staff_accounts_staff on staff_accounts (staff);
        create index ix_staff_accounts_ends_at on staff_accounts (ends_at) where ends_at is not null
    """)
