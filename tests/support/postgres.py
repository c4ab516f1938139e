"""A real PostgreSQL for tests: the embedded one, or the server of `--pg`. Each service has a migrated template; a test gets copies."""

import asyncio
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import asyncpg
from sqlalchemy.engine import make_url

from deploy.local.databases import PARTS, roles
from shared.contracts.topics import SERVICES
from shared.migrations.run import upgrade

ROOT = Path(__file__).parents[2]
PASSWORD = "test-only"
_numbers = count(1)
SEEDS = {
    "intake": """insert into directory_units (code, region_code, name, kind, from_on, version) values
        ('GA', '999999', '公安分局', 'police', '2000-01-01', 1), ('ZF', '999999', '线索核查专班', 'task_force', '2000-01-01', 1),
        ('JS', '999999', '区建设局', 'department', '2000-01-01', 1), ('JD01', '999999', '临江街道', 'street', '2000-01-01', 1)""",
    "verification": """insert into staff (staff, region_code, pledged_on, from_on) select number, '999999', '2000-01-01', '2000-01-01'
        from unnest(array['P001', 'P002', 'GA-101']) as number""",
}
"""A directory for tests that are not about it: without one, nobody can be charged with anything."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where the server is, as its superuser. `copying`: as files is faster in memory, through the log on a disk."""

    admin: str
    copying: Literal["file_copy", "wal_log"] = "wal_log"

    def dsn(self, database: str, user: str | None = None) -> str:
        """The address of a database, as `user` or as the superuser."""
        url = make_url(self.admin).set(database=database)
        if user:
            url = url.set(username=user, password=PASSWORD)
        return url.render_as_string(hide_password=False)

    def run(self, *statements: str, database: str = "postgres") -> None:
        """Run statements as superuser, each by itself."""
        asyncio.run(self.run_async(*statements, database=database))

    async def run_async(self, *statements: str, database: str = "postgres") -> Any:
        """The same from a running loop; → the last statement's rows."""
        connection = await asyncpg.connect(self.dsn(database))
        try:
            rows = None
            for statement in statements:
                rows = await connection.fetch(statement)
            return rows
        finally:
            await connection.close()


class Templates:
    """One migrated template database a service, made once a session with the roles of production."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.prefix = f"t{uuid4().hex[:8]}"
        self.made: list[str] = []

    def prepare(self, service: str) -> str:
        """The template's name."""
        template = f"{self.prefix}_{service}"
        if template in self.made:
            return template
        for role in roles(service):
            self.server.run(
                f"do $$ begin create role {role} login; exception when duplicate_object then null; end $$",
                f"alter role {role} login password '{PASSWORD}'",
            )
        self.server.run(f"create database {template} owner {service}_owner")
        self.made.append(template)
        self.server.run(
            f"revoke all on database {template} from public",
            *(f"grant connect on database {template} to {role}" for role in (service, *PARTS.get(service, ()))),
            f"grant usage on schema public to {service}",
            "revoke create on schema public from public",
            f"alter default privileges for role {service}_owner in schema public "
            f"grant select, insert, update, delete on tables to {service}",
            f"alter default privileges for role {service}_owner in schema public grant usage on sequences to {service}",
            database=template,
        )
        self.server.run(f"alter schema public owner to {service}_owner", database=template)
        upgrade(self.server.dsn(template, f"{service}_owner"), ROOT / "services" / service / "db" / "migrations")
        if service in SEEDS:
            self.server.run(SEEDS[service], database=template)
        return template

    async def copy(self, service: str) -> str:
        """A fresh database for one test, with the rights of production; → its name."""
        template = await asyncio.to_thread(self.prepare, service)
        name = f"{self.prefix}_{service}_{next(_numbers)}"
        await self.server.run_async(
            f"create database {name} template {template} owner {service}_owner strategy {self.server.copying}",
            f"revoke all on database {name} from public",
            *(f"grant connect on database {name} to {role}" for role in (service, *PARTS.get(service, ()))),
        )
        self.made.append(name)
        return name

    async def drop(self, name: str) -> None:
        """Drop a copy, whoever is still connected."""
        await self.server.run_async(f"drop database if exists {name} with (force)")
        self.made.remove(name)

    def drop_all(self) -> None:
        """Drop everything that was made here; the roles stay."""
        for name in reversed(self.made):
            self.server.run(f"drop database if exists {name} with (force)")
        self.made.clear()


@dataclass(frozen=True, slots=True)
class Copy:
    """One service's fresh database."""

    server: Server
    name: str
    service: str

    @property
    def url(self) -> str:
        """As the service itself (its role may use, not own)."""
        return self.server.dsn(self.name, self.service)

    @property
    def owner_url(self) -> str:
        """As the role that migrates."""
        return self.server.dsn(self.name, f"{self.service}_owner")

    @property
    def admin_url(self) -> str:
        """As superuser, for looking in from outside."""
        return self.server.dsn(self.name)


__all__ = ["SERVICES", "Copy", "Server", "Templates"]
