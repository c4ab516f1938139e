"""PostgreSQL for all services: one engine a process, one transaction a request or batch.

A transaction is opened at the edge (HTTP dependency, consumer, clock) and handed down; nothing below commits.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import asyncpg
import sqlalchemy.exc
from sqlalchemy import MetaData, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from shared import metrics, tracing

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

engine_metadata = MetaData(naming_convention=NAMING)
"""The tables that every service has: outbox, inbox, audit, idempotency keys. Each shared module adds its own."""

LOCK_TIMEOUT = "55P03"
"""SQLSTATE of a lock that was not to be had in time."""
_PASSING = ("08", "40", "53", "57", "58", LOCK_TIMEOUT, "25006")
"""SQLSTATE classes of what passes: connection, rolled back (deadlock), resources, operator, system, lock timeout, read only."""

_TOLD = "after_commit"
_WAIT = text("select set_config('lock_timeout', :limit, true)")

_SETTINGS = {"jit": "off", "timezone": "UTC"}
# A worker looks single rows up, by statements whose plans are kept. One that was made while a table was still small reads it whole, and
# would go on doing so when it has grown. And starting helpers for a question takes longer than a single row does: of a large outbox the
# planner expects much, and the relay, which asks for what is new, finds little.
_BY_INDEX = {"enable_seqscan": "off", "max_parallel_workers_per_gather": "0"}
# What is asked fifty times a second is not planned each time.
_PLANNED_ONCE = {"plan_cache_mode": "force_generic_plan"}

Transaction: TypeAlias = AsyncConnection
"""A connection inside a begun transaction. Stores and use cases take it and never commit or roll back."""


def service_metadata() -> MetaData:
    """A service's own tables, named by the same convention."""
    return MetaData(naming_convention=NAMING)


def async_url(url: str) -> URL:
    """Any PostgreSQL address, made to use asyncpg."""
    return make_url(url).set(drivername="postgresql+asyncpg")


class Database:
    """One service's database: a small pool, and transactions from it. `by_index`: tables are not read whole where an index serves."""

    def __init__(self, url: str, *, pool: int = 10, application: str = "xiansuo", by_index: bool = False) -> None:
        settings = {"application_name": application, **_SETTINGS, **(_BY_INDEX if by_index else {})}
        self.engine = create_async_engine(
            async_url(url),
            pool_size=pool,
            max_overflow=0,
            pool_timeout=10,
            pool_pre_ping=False,
            hide_parameters=True,  # texts of leads: a fault that ends a command is printed
            connect_args={
                "timeout": 10,
                "command_timeout": 60,
                "server_settings": settings,
            },
        )
        self.greet: Callable[[Any], Awaitable[None]] | None = None
        """Asked of each new connection (asyncpg's own) before its first use; what it raises refuses the connection."""

        @event.listens_for(self.engine.sync_engine, "checkout")
        def _still_there(connection: Any, _: object, __: object) -> None:
            # what the server closed (a restart) is known here without asking: the pool replaces it, the request sees nothing
            if connection.driver_connection.is_closed():
                raise DisconnectionError

        @event.listens_for(self.engine.sync_engine, "connect")
        def _greet(connection: Any, _: object) -> None:
            if self.greet is not None:
                connection.run_async(self.greet)

    @asynccontextmanager
    async def transaction(self, *, isolation: str | None = None) -> AsyncIterator[Transaction]:
        """Begin; commit on leaving, roll back on an error. ``isolation`` is e.g. "REPEATABLE READ"."""
        with tracing.within("transaction"):
            began, told = time.perf_counter(), list[Callable[[], object]]()
            try:
                async with self.engine.connect() as connection:
                    metrics.pool_wait.observe(time.perf_counter() - began)
                    connection.info[_TOLD] = told
                    if isolation:
                        await connection.execution_options(isolation_level=isolation)
                    async with connection.begin():
                        yield connection
            except sqlalchemy.exc.TimeoutError:
                metrics.pool_timeouts.inc()
                raise
            except sqlalchemy.exc.DBAPIError as fault:
                metrics.database_error(getattr(fault.orig, "sqlstate", None))
                raise
        for tell in told:
            tell()

    @asynccontextmanager
    async def one_statement(self) -> AsyncIterator[Any]:
        """The driver's connection outside a transaction: a statement on it is one by itself, committed when it answers, without the round
        trips of BEGIN and COMMIT. For a hot path that needs no second statement."""
        with tracing.within("transaction"):
            began = time.perf_counter()
            try:
                async with self.engine.connect() as connection:
                    metrics.pool_wait.observe(time.perf_counter() - began)
                    await connection.execution_options(isolation_level="AUTOCOMMIT")
                    yield (await connection.get_raw_connection()).driver_connection
            except sqlalchemy.exc.TimeoutError:
                metrics.pool_timeouts.inc()
                raise

    async def dedicated(self) -> Any:
        """A plain asyncpg connection outside the pool, for what holds a session lock. The caller closes it."""
        url = self.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        connection = await asyncpg.connect(
            url, timeout=10, command_timeout=60, server_settings={**_SETTINGS, **_BY_INDEX, **_PLANNED_ONCE}
        )
        try:
            if self.greet is not None:
                await self.greet(connection)
        except BaseException:
            connection.terminate()
            raise
        return connection

    async def ping(self) -> None:
        """Raise unless the database answers."""
        async with self.transaction() as tx:
            await tx.execute(text("select 1"))

    async def close(self) -> None:
        """Close the pool."""
        await self.engine.dispose()


def after_commit(tx: Transaction, tell: Callable[[], object]) -> None:
    """Call `tell` (which must not fail) when this transaction was committed; not at all if it was rolled back. For counting."""
    tx.info[_TOLD].append(tell)


async def driver(tx: Transaction) -> Any:
    """The asyncpg connection of this transaction, for the few hot statements.

    SQLAlchemy begins lazily: before its first statement the driver connection is *outside* the transaction and what runs on it would
    survive a rollback, so BEGIN is forced here.
    """
    connection = (await tx.get_raw_connection()).driver_connection
    if connection is None:
        raise RuntimeError("the connection is closed")
    if not connection.is_in_transaction():
        await tx.execute(text("select 1"))
    return connection


async def wait_at_most(tx: Transaction, seconds: float) -> None:
    """How long this transaction waits for any lock from here on; 0 is for ever. Then it fails with `LOCK_TIMEOUT`."""
    await tx.execute(_WAIT, {"limit": f"{seconds}s"})


@asynccontextmanager
async def giving_way(tx: Transaction, seconds: float) -> AsyncIterator[None]:
    """What is done in it is undone, in silence, when it would wait longer than so for a lock: for a worker that comes again."""
    try:
        async with tx.begin_nested():
            await wait_at_most(tx, seconds)
            yield
            await wait_at_most(tx, 0)
    except (sqlalchemy.exc.DBAPIError, asyncpg.PostgresError) as fault:
        if getattr(getattr(fault, "orig", fault), "sqlstate", None) != LOCK_TIMEOUT:
            raise


def is_race(error: BaseException) -> bool:
    """Whether another transaction was first (unique key, deadlock): done once more in a new savepoint, it sees what the other did."""
    sqlstate = getattr(getattr(error, "orig", error), "sqlstate", None)
    return sqlstate in {"23505", "40P01"}


def is_transient(error: BaseException) -> bool:
    """Whether a database error passes by itself (server restart, deadlock, no connection), so that trying again is right.
    Anything else is a fault of the statement or its data, and trying again would fail for ever."""
    if isinstance(error, sqlalchemy.exc.TimeoutError | ConnectionError | TimeoutError | OSError):
        return True
    if isinstance(error, sqlalchemy.exc.DBAPIError):
        state = getattr(error.orig, "sqlstate", None)
        return error.connection_invalidated or state is None or state.startswith(_PASSING)
    if isinstance(error, asyncpg.PostgresError):
        return str(error.sqlstate).startswith(_PASSING)
    return isinstance(error, asyncpg.InterfaceError | asyncpg.InternalClientError)
