"""One service's audit log with sealers on it, and what an operator and somebody with a superuser's hands do with it."""

import asyncio
import io
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import asyncpg

from shared import audit
from shared.audit_chain import AuditChain
from shared.audit_content import beginning, link, plain
from shared.audit_export import export
from shared.audit_verify import Export, Finding, judge, read
from shared.auth import Principal
from shared.contracts.catalogue import BY_TYPE
from shared.contracts.envelope import Envelope, encode, rfc3339, schema_of
from shared.db import Database
from shared.inbox import Inbox, Record
from tests.support.postgres import Copy
from tests.support.running import until
from tests.support.signing import public_keys, signer

CLERK = Principal(sub="acct-017", roles=frozenset({"ofd"}), unit="GA")
KEYS = public_keys("intake", "verification", "discipline", "publicity")


class Audited:
    """The log of one service: deeds, sealers, exports, and a superuser's hands."""

    def __init__(self, copy: Copy) -> None:
        self.copy, self.service = copy, copy.service
        self.database = Database(copy.url)
        self.tasks: list[asyncio.Task[None]] = []

    def sealer(self, **options: Any) -> AuditChain:
        """A sealer that runs until `stop`."""
        values = {"checkpoint_every": 60.0, "poll": 0.02, **options}
        chain = AuditChain(self.database, signer(self.service), service=self.service, region="999999", **values)
        self.tasks.append(asyncio.create_task(chain.run()))
        return chain

    async def rest(self) -> None:
        """No sealer runs any more."""
        for task in self.tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        self.tasks.clear()

    async def stop(self) -> None:
        """All is closed."""
        await self.rest()
        await self.database.close()

    async def act(self, deeds: int) -> None:
        """Deeds, each in a transaction of its own."""
        for number in range(deeds):
            async with self.database.transaction() as tx:
                detail = {"z": number, "级别": "重大", "a": [1.50, None], 'quote"': "\u2028\\\n"}
                await audit.record(tx, CLERK, "lead.read", uuid4(), at=datetime.now(UTC), detail=detail, purpose="核查")

    async def rows(self, statement: str, *values: Any) -> list[Any]:
        """As superuser."""
        connection = await asyncpg.connect(self.copy.admin_url)
        try:
            return list(await connection.fetch(statement, *values))
        finally:
            await connection.close()

    async def sealed(self, *, signed: bool = True) -> None:
        """Wait until every row is chained, and the end signed."""

        async def so() -> bool:
            [[log, chain, end, last]] = await self.rows(
                """select (select count(*) from audit_log), (select count(*) from audit_chain),
                   (select coalesce(max(number), 0) from audit_chain), (select coalesce(max(number), 0) from audit_checkpoints)"""
            )
            return log == chain == end and (last == end or not signed)

        await until(so, 30, "not everything is chained")

    async def stages(self, *deeds: int) -> None:
        """So many deeds, then a signature, and again; no sealer runs afterwards."""
        for number in deeds:
            await self.act(number)
            self.sealer()  # one that takes over signs at once
            await self.sealed()
            await self.rest()

    async def export(self) -> list[str]:
        """The lines of an export."""
        out = io.StringIO()
        await export(self.database, out, service=self.service, region="999999", pause=0, patience=1)
        return out.getvalue().split("\n")[:-1]

    async def hear(self, other: "Audited", handlers: Any) -> None:
        """Everything that the other has signed so far arrives here."""
        inbox = Inbox(self.database, handlers, clock=lambda: datetime.now(UTC))
        said = await other.rows("select * from outbox where topic like '%.audit-checkpoints' order by position")
        for row in said:
            event = BY_TYPE[row["type"]].model_validate_json(row["value"])
            whole = Envelope(
                id=row["id"],
                source=f"/xiansuo/999999/{other.service}",
                type=row["type"],
                subject=row["subject"],
                time=row["recorded_at"],
                dataschema=schema_of(row["type"]),
                partitionkey=row["partition_key"],
                sequence=str(row["sequence"]),
                region="999999",
                data=event.model_dump(mode="json"),
            )
            await inbox.take([Record(row["topic"], 0, 0, encode(whole))])

    async def forge(self, *, sign_too: bool) -> None:
        """Chain the log anew as it is now, and (with the stolen key) sign anew what was signed."""
        chain = f"999999-{self.service}"
        last = beginning(chain)
        rows = await self.rows("select *, detail::text as detail from audit_log order by position")
        links = []
        for number, row in enumerate(rows, 1):
            last = link(last, plain({**row}))
            links.append((number, row["position"], last))
        connection = await asyncpg.connect(self.copy.admin_url)
        try:
            await connection.execute("truncate audit_chain")
            await connection.executemany("insert into audit_chain values ($1, $2, $3)", links)
            hashes = {number: hash_ for number, _, hash_ in links}
            for row in await connection.fetch("select number, at from audit_checkpoints") if sign_too else ():
                if row["number"] not in hashes:
                    await connection.execute("delete from audit_checkpoints where number = $1", row["number"])
                    continue
                signed = signer(self.service).sign(chain, row["number"], hashes[row["number"]], row["at"])
                assert signed.at == rfc3339(row["at"])
                statement = "update audit_checkpoints set hash = $2, signature = $3 where number = $1"
                await connection.execute(statement, row["number"], hashes[row["number"]], signed.signature)
        finally:
            await connection.close()


def judged(*exports: list[str]) -> list[Finding]:
    """What the verifier finds in these files."""
    return judge([read(lines) for lines in exports], KEYS)


def kinds(*exports: list[str]) -> list[tuple[str, int]]:
    """The same, as kinds and places."""
    return [(finding.kind, finding.place) for finding in judged(*exports)]


__all__ = ["CLERK", "KEYS", "Audited", "Export", "judged", "kinds"]
