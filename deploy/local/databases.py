"""A database and two roles a service: the owner, which migrates, and the service's own, which uses tables and owns none. A part of a
service that others of it must not see into (intake's vault) has a third, which may use what its migrations give it and no more.

Nobody else may connect: the wall between the services stands in PostgreSQL, not in our good will.
"""

from collections.abc import Callable

import asyncpg
from sqlalchemy.engine import make_url

from shared.contracts.topics import SERVICES

PARTS = {"intake": ("intake_vault",)}
"""Roles of parts of a service: they connect to its database; all else they are given by the service's migrations."""


def roles(service: str) -> tuple[str, ...]:
    """All roles of a service: its own, its owner, those of its parts."""
    return (service, f"{service}_owner", *PARTS.get(service, ()))


def at(admin: str, database: str, user: str, password: str) -> str:
    """The superuser's address turned into that of `user` on `database`."""
    url = make_url(admin).set(database=database, username=user, password=password)
    return url.render_as_string(hide_password=False)


async def ensure(admin: str, password: Callable[[str], str]) -> None:
    """Make what is missing; `password` gives a role's password by its name. Safe to run again."""
    await _close_the_common_rooms(admin)
    for service in SERVICES:
        connection = await asyncpg.connect(admin)
        try:
            await _roles(connection, service, password)
            if not await connection.fetchval("select 1 from pg_database where datname = $1", service):
                await connection.execute(f"create database {service} owner {service}_owner")
            await connection.execute(f"revoke all on database {service} from public")
            for role in (service, *PARTS.get(service, ())):
                await connection.execute(f"grant connect on database {service} to {role}")
        finally:
            await connection.close()
        inside = await asyncpg.connect(at(admin, service, *_login(admin)))
        try:
            for statement in inner_rights(service):
                await inside.execute(statement)
        finally:
            await inside.close()


def inner_rights(service: str) -> list[str]:
    """Inside its database: the owner owns the schema, the service may use what the owner makes."""
    tables, sequences = "select, insert, update, delete on tables", "usage on sequences"
    return [
        "revoke create on schema public from public",
        f"alter schema public owner to {service}_owner",
        f"grant usage on schema public to {service}",
        f"alter default privileges for role {service}_owner in schema public grant {tables} to {service}",
        f"alter default privileges for role {service}_owner in schema public grant {sequences} to {service}",
    ]


async def _close_the_common_rooms(admin: str) -> None:
    """Databases that come with the server let everyone in, and there roles could see one another and leave things."""
    connection = await asyncpg.connect(admin)
    try:
        await connection.execute("revoke all on database postgres, template1 from public")
    finally:
        await connection.close()


async def _roles(connection: asyncpg.Connection, service: str, password: Callable[[str], str]) -> None:
    for role in roles(service):
        known = await connection.fetchval("select 1 from pg_roles where rolname = $1", role)
        verb = "alter" if known else "create"
        # passwords are our own random ones, of letters, digits, - and _
        await connection.execute(f"{verb} role {role} login password '{password(role)}'")


def _login(admin: str) -> tuple[str, str]:
    url = make_url(admin)
    return url.username or "postgres", url.password or ""
