"""The migrations make what the tables say, for every service; and each service's role is walled in."""

import importlib
from typing import Any

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.ext.asyncio import create_async_engine

from shared.contracts.topics import SERVICES
from shared.db import async_url, engine_metadata
from shared.migrations.run import config, upgrade
from shared.outbox import Xid8
from tests.conftest import NewDatabase
from tests.support.postgres import ROOT

# so that a reflected column of this type is compared and not warned of
ischema_names["xid8"] = Xid8


def metadata(service: str) -> list[MetaData]:
    importlib.import_module(f"services.{service}.app")  # brings in every module that adds a table
    tables = importlib.import_module(f"services.{service}.db.tables")
    own = (value for value in vars(tables).values() if isinstance(value, MetaData))
    return list(dict.fromkeys([engine_metadata, *own]))


def ours(_: Any, name: str | None, kind: str, __: Any, ___: Any) -> bool:
    """Partitions of the outbox are made as it grows and stand in no table definition; nor does alembic's own table."""
    return not (kind == "table" and name and (name.startswith("outbox_p") or name == "alembic_version"))


async def differences(url: str, service: str) -> list[Any]:
    engine = create_async_engine(async_url(url))

    def compare(connection: Any) -> list[Any]:
        options = {
            "compare_type": True,
            "compare_server_default": False,
            "include_object": ours,
            "include_schemas": True,
        }
        wanted: Any = metadata(service)  # alembic takes several, its annotation says one
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), wanted))

    try:
        async with engine.connect() as connection:
            return await connection.run_sync(compare)
    finally:
        await engine.dispose()


@pytest.mark.parametrize("service", SERVICES)
async def test_the_migrations_make_what_the_tables_say(new_database: NewDatabase, service: str) -> None:
    copy = await new_database(service)
    assert await differences(copy.admin_url, service) == []
    await copy.server.run_async("alter table inbox add column odd int", database=copy.name)
    assert len(await differences(copy.admin_url, service)) == 1


@pytest.mark.parametrize("service", SERVICES)
async def test_migrating_again_changes_nothing_and_revisions_are_one_line(
    new_database: NewDatabase, service: str
) -> None:
    import asyncio

    copy = await new_database(service)
    folder = ROOT / "services" / service / "db" / "migrations"
    await asyncio.to_thread(upgrade, copy.owner_url, folder)
    assert await differences(copy.admin_url, service) == []
    scripts = ScriptDirectory.from_config(config(folder))
    assert len(scripts.get_heads()) == 1


FORBIDDEN = (
    "update outbox set value = ''",
    "delete from outbox",
    "update audit_log set actor = 'x'",
    "truncate audit_log",
    "delete from audit_chain",
    "update audit_checkpoints set key_id = 'x'",
    "truncate audit_witnesses",
    "update database_identity set timeline = 1",
    "create table x (y int)",
    "drop table inbox",
)


@pytest.mark.parametrize("service", SERVICES)
async def test_a_services_role_uses_tables_and_cannot_change_what_was_said_and_done(
    new_database: NewDatabase, service: str
) -> None:
    copy = await new_database(service)
    connection = await asyncpg.connect(copy.url)
    try:
        assert await connection.fetchval("select count(*) from outbox") == 0
        for statement in FORBIDDEN:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
        role = await connection.fetchrow(
            "select rolsuper, rolcreatedb, rolcreaterole, rolbypassrls from pg_roles where rolname = current_user"
        )
        assert role is not None
        assert not any(role)
    finally:
        await connection.close()


@pytest.mark.rule("G9", "A12")
@pytest.mark.parametrize("service", SERVICES)
async def test_no_service_can_connect_to_anothers_database(new_database: NewDatabase, service: str) -> None:
    others = [await new_database(name) for name in SERVICES if name != service]
    own = await new_database(service)
    await (await asyncpg.connect(own.url)).close()
    for other in others:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await asyncpg.connect(own.server.dsn(other.name, service))
