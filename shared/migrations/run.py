"""Runs a service's migrations as the owner role, with short lock timeouts so that a migration never stops the service for long."""

import asyncio
from pathlib import Path

import structlog
from alembic import command, context, op
from alembic.config import Config
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from sqlalchemy.util import await_

from shared import identity
from shared.db import async_url, engine_metadata

log = structlog.get_logger(__name__)

LOCK_TIMEOUT = "5s"
STATEMENT_TIMEOUT = "120s"
_ONE_AT_A_TIME = 0x6D696772


def config(folder: Path) -> Config:
    """Alembic's configuration for a service's db/migrations folder."""
    settings = Config()
    settings.set_main_option("script_location", str(folder).replace("%", "%%"))
    settings.set_main_option("version_locations", str(folder / "versions").replace("%", "%%"))
    settings.set_main_option("path_separator", "newline")
    return settings


def upgrade(url: str, folder: Path, revision: str = "head") -> None:
    """Bring the database at `url` to `revision`; the first time also write down which server it is."""
    asyncio.run(_upgrade(url, folder, revision))


async def _upgrade(url: str, folder: Path, revision: str) -> None:
    engine = create_async_engine(async_url(url), poolclass=NullPool, connect_args={"timeout": 10})
    try:
        async with engine.begin() as connection:
            await connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _ONE_AT_A_TIME})
            await connection.run_sync(_run, folder, revision)
            if not (await connection.execute(text("select exists (select 1 from database_identity)"))).scalar_one():
                await identity.write_down(connection)
    finally:
        await engine.dispose()
    log.info("migrate.done", revision=revision)


def _run(connection: Connection, folder: Path, revision: str) -> None:
    settings = config(folder)
    settings.attributes["connection"] = connection
    command.upgrade(settings, revision)


def script(sql: str) -> None:
    """Run several statements at once; a prepared statement, which is all that `op.execute` makes, holds one."""
    connection = op.get_bind().connection.driver_connection
    if connection is None:
        raise RuntimeError("no connection")
    await_(connection.execute(sql))


def in_environment(*metadata: MetaData) -> None:
    """What a service's env.py does: run inside the caller's connection and transaction."""
    connection = context.config.attributes["connection"]
    connection.execute(text(f"set local lock_timeout = '{LOCK_TIMEOUT}'"))
    connection.execute(text(f"set local statement_timeout = '{STATEMENT_TIMEOUT}'"))
    context.configure(connection=connection, target_metadata=[engine_metadata, *metadata], transactional_ddl=True)
    context.run_migrations()
