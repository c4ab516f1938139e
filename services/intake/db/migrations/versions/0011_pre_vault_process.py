"""The vault's own process: its role reads sealed reporters and takes their keys away, which intake's role cannot."""

from shared.migrations.run import script

revision = "0011"
down_revision = "0010"

# The role is made where the server's other roles are made (deploy/local/databases.py; docs/operations.md for a server of one's own).
_STATEMENTS = """
alter table vault.reporters add column shredded_on date;
alter table vault.reporters add constraint ck_reporters_shredded_has_no_key check (shredded_on is null or wrapped_key is null);
comment on column vault.reporters.wrapped_key is
    'this record''s data key, for the vault alone, until the vault took it into its key store';
comment on column vault.reporters.shredded_on is 'the day on which the key was destroyed: nobody reads the record any more';
create index ix_reporters_untaken on vault.reporters (reporter_ref) where wrapped_key is not null;
grant usage on schema vault to intake_vault;
grant select, update (wrapped_key, shredded_on) on vault.reporters to intake_vault;
grant select on database_identity to intake_vault;
grant insert, select (position) on audit_log to intake_vault;
"""


def upgrade() -> None:
    """Forward only."""
    script(_STATEMENTS)
