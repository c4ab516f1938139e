"""`python -m services.intake seal-stored`: takes numbers of the reported out of texts that an older release left in clear (decision 0100).

Once after an upgrade, when no process of the older release runs any more, and again after a restore of an older backup. It may be stopped
and started again at any time, beside serving processes. Needs the owner's address and the keys of the subject store.
"""

import asyncio
import json
import sys
from collections.abc import Sequence
from uuid import UUID

from services.intake.usecases.seal_stored import seal_stored, telling
from services.intake.usecases.subject_store import SubjectKeys
from shared.command import CommandParser
from shared.db import Database, is_race
from shared.file_key import CannotRead

TRIES = 5


def main(arguments: Sequence[str], *, owner: Database, keys: SubjectKeys) -> int:
    """Go through all leads and say how many there were. → 0; 1 when a box stands in the way that no key opens."""
    CommandParser(prog="python -m services.intake seal-stored").parse_args(arguments)
    try:
        print(json.dumps(asyncio.run(_all(owner, keys))))
    except CannotRead as fault:
        print(f"有密封内容无法打开,请先补齐密钥 / a key is missing: {fault}", file=sys.stderr)
        return 1
    return 0


async def _all(owner: Database, keys: SubjectKeys) -> dict[str, int]:
    last, leads, sealed = None, 0, 0
    try:
        while True:
            async with owner.transaction() as tx:
                last, looked, found = await telling(tx, after=last)
            if last is None:
                return {"leads": leads, "sealed": sealed}
            for lead_id in found:
                await _one(owner, keys, lead_id)
            leads, sealed = leads + looked, sealed + len(found)
    finally:
        await owner.close()


async def _one(owner: Database, keys: SubjectKeys, lead_id: UUID) -> None:
    for tries_left in reversed(range(TRIES)):
        try:
            async with owner.transaction() as tx:
                return await seal_stored(tx, keys, lead_id)
        except Exception as fault:
            # it and the worker that makes the lead searchable waited for each other
            if not tries_left or not is_race(fault):
                raise
    raise RuntimeError("unreachable")
