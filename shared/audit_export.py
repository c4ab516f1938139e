"""The audit chain as JSON lines, one consistent look: links with the rows they seal, checkpoints, and what was witnessed of the others."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any, TextIO

from shared.audit_content import plain
from shared.contracts.checkpoint import chain_of
from shared.contracts.envelope import rfc3339
from shared.db import Database

FORMAT = "xiansuo-audit-export.v1"
_ROW = "a.position, a.id, a.at, a.actor, a.roles, a.unit, a.action, a.subject, a.purpose, a.detail::text as detail"
# Rows younger than the export's beginning may still wait for their link; older ones without a link were slipped in, or nobody seals.
_UNSEALED = """from audit_log a where pg_visible_in_snapshot(a.xid, $1::text::pg_snapshot)
    and not exists (select 1 from audit_chain c where c.position = a.position)"""
_LINKS = f"""select c.number, c.position as sealed, c.hash, {_ROW}
    from audit_chain c left join audit_log a using (position) order by c.number"""  # noqa: S608 - constants of this module
_CHECKPOINTS = "select $1::text as chain, number, hash, at, key_id, signature from audit_checkpoints order by number"
_WITNESSED = "select chain, number, hash, at, key_id, signature, heard_at from audit_witnesses order by chain, number"


async def export(
    database: Database, out: TextIO, *, service: str, region: str, pause: float = 1.0, patience: float = 10.0
) -> dict[str, int]:
    """Write the export to `out`; → how many lines of each kind. As the service's own role; reads only.

    It waits `pause` seconds, so that what was being signed when it began is there, and up to `patience` until what stood then is sealed.
    """
    connection = await database.dedicated()
    try:
        chain, began = chain_of(region, service), datetime.now(UTC)
        snapshot = await connection.fetchval("select pg_current_snapshot()::text")
        await asyncio.sleep(pause)
        await _let_it_be_sealed(connection, snapshot, patience)
        head = {"kind": "head", "format": FORMAT, "chain": chain, "at": rfc3339(began)}
        _write(out, head)
        counts = dict.fromkeys(("link", "row", "checkpoint", "witness"), 0)
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            for kind, statement, values in (
                ("link", _LINKS, ()),
                ("row", f"select {_ROW} {_UNSEALED} order by a.position", (snapshot,)),
                ("checkpoint", _CHECKPOINTS, (chain,)),
                ("witness", _WITNESSED, ()),
            ):
                async for record in connection.cursor(statement, *values, prefetch=2_000):
                    _write(out, {"kind": kind, **_content(kind, record)})
                    counts[kind] += 1
        _write(out, {"kind": "end", **counts})
        return counts
    finally:
        await connection.close()


async def _let_it_be_sealed(connection: Any, snapshot: str, patience: float) -> None:
    deadline = asyncio.get_running_loop().time() + patience
    while await connection.fetchval(f"select exists (select 1 {_UNSEALED})", snapshot):
        if asyncio.get_running_loop().time() > deadline:
            return
        await asyncio.sleep(0.2)


def _content(kind: str, record: Any) -> dict[str, Any]:
    match kind:
        case "row":
            return {"row": plain(record)}
        case "link":
            row = plain(record) if record["position"] is not None else None
            return {"number": record["number"], "position": record["sealed"], "hash": record["hash"].hex(), "row": row}
        case _:
            times = {name: rfc3339(record[name]) for name in ("at", "heard_at") if name in record}
            return {**dict(record), "hash": record["hash"].hex(), **times}


def _write(out: TextIO, line: dict[str, Any]) -> None:
    out.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
