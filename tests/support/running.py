"""The whole platform as processes of its own, for flows and faults: real PostgreSQL, real Kafka, every worker twice."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from sqlalchemy.engine import make_url

from deploy.local import issuer
from deploy.local.databases import roles
from deploy.local.demo.load import Office, import_directory
from deploy.local.places import free_port
from deploy.local.platform import Platform
from shared.contracts.topics import SERVICES, TOPICS
from tests.support.postgres import PASSWORD, Server


class _Platform(Platform):
    """Signs its audit chains after seconds, so that no test waits for the minute."""

    def environment(self, service: str) -> dict[str, str]:
        return {**super().environment(service), f"{service.upper()}_AUDIT_CHECKPOINT_SECONDS": "2"}


class Running:
    """The platform, and doors to it."""

    def __init__(self, folder: Path, *, outside: str | None) -> None:
        keys = folder / "keys"
        keys.mkdir(parents=True)
        if outside:
            # on a server that other tests use too, the roles keep the password that those tests know
            for service in SERVICES:
                for role in roles(service):
                    (keys / f"{role}.secret").write_text(PASSWORD)
        self.outside = outside
        self._tokens: dict[str, str] = {}
        self.platform: Platform = _Platform(folder, port=free_port(), workers=2, admin=outside)

    def start(self) -> None:
        """All parts, ready."""
        if self.outside:
            self._forget()
        self.platform.start_servers()
        self.platform.prepare()
        self.platform.start_services()
        self.platform.wait_ready(120)
        self._know_units()

    def _know_units(self) -> None:
        """Without a directory nobody can be charged with anything."""
        office = self.office()
        try:
            import_directory(office, self.platform.folder / "demo" / "directory.xlsx")
        finally:
            office.close()

    def stop(self) -> None:
        """In order; on an outside server the databases go too."""
        self.platform.stop()
        if self.outside:
            self._forget()

    def _forget(self) -> None:
        server = Server(self.outside or "")
        for service in SERVICES:
            server.run(f"drop database if exists {service} with (force)")

    def token(self, account: str) -> str:
        """An access token of a local account; one is enough for a test."""
        if account not in self._tokens:
            self._tokens[account] = issuer.token(self.platform.keys.signing_key(), self.platform.issuer, account)
        return self._tokens[account]

    def office(self) -> Office:
        """The demonstration's offices, acting here."""
        return Office(self.platform.origin, self.token)

    def client(self, *, local_address: str | None = None) -> httpx.AsyncClient:
        """A client of the one origin; `local_address`: of this machine, that it comes from."""
        transport = httpx.AsyncHTTPTransport(local_address=local_address, trust_env=False)
        return httpx.AsyncClient(transport=transport, base_url=self.platform.origin, timeout=30)

    def as_(self, account: str, **headers: str) -> dict[str, str]:
        """Headers of this account."""
        return {"Authorization": f"Bearer {self.token(account)}", **headers}

    async def rows(self, service: str, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows from a service's database, as superuser."""
        url = make_url(self.platform.admin).set(database=service).render_as_string(hide_password=False)
        return await self.rows_at(url, statement, *values)

    @staticmethod
    async def rows_at(url: str, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows from the database at this address."""
        connection = await asyncpg.connect(url)
        try:
            return [tuple(row) for row in await connection.fetch(statement, *values)]
        finally:
            await connection.close()

    def parts(self, service: str) -> list[str]:
        """Names of the service's processes."""
        return [name for name in self.platform.children if name.startswith(f"{service} ")]

    async def settled(self, seconds: float = 60) -> None:
        """Wait until every event that was said has been applied by every service that hears it; fail with what is behind where."""
        try:
            await until(self._all_applied, seconds, "events are not applied everywhere")
        except AssertionError as late:
            late.add_note(f"behind: {await self._behind()}")
            raise

    async def _all_applied(self) -> bool:
        return not await self._behind()

    async def _behind(self) -> dict[tuple[str, str], int]:
        """(Service, topic) → how many of its subjects are not applied to their last event."""
        said: dict[tuple[str, str], int] = {}
        for service in SERVICES:
            for topic, subject, last in await self.rows(service, "select topic, subject, last from outbox_sequences"):
                said[topic, subject] = last
        behind: Counter[tuple[str, str]] = Counter()
        for service in SERVICES:
            heard = await self.rows(service, "select topic, subject, last from inbox")
            known = {(topic, subject): last for topic, subject, last in heard}
            hears = {name for name, topic in TOPICS.items() if service in topic.readers}
            behind.update(
                (service, key[0]) for key, last in said.items() if key[0] in hears and known.get(key, 0) != last
            )
        return dict(behind)


async def until(fits: Callable[[], Awaitable[bool]], seconds: float, what: str) -> None:
    """Wait until `fits`; fail with `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not await fits():
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.2)
