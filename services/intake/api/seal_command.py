"""`python -m services.intake seal-stored`: takes numbers of the reported out of texts that an older release left in clear (decision 0100),
and seals files that a reporter and the office exchanged for these two (0115).

Once after an upgrade, when no process of the older release runs any more, and again after a restore of an older backup. It may be stopped
and started again at any time, beside serving processes. Needs the owner's address, the keys of the subject store and of files, and the
mailbox's.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeVar

from services.intake.db.attachments import unsealed
from services.intake.usecases.attachments import Store
from services.intake.usecases.seal_stored import AT_ONCE, seal_file, seal_stored, telling
from services.intake.usecases.subject_store import SubjectKeys
from shared.command import CommandParser
from shared.db import Database, Transaction, is_race
from shared.file_key import CannotRead

TRIES = 5
T = TypeVar("T")


def main(arguments: Sequence[str], *, owner: Database, keys: SubjectKeys, store: Store) -> int:
    """Go through all leads and files and say how many there were. → 0; 1 when a box stands in the way that no key opens."""
    CommandParser(prog="python -m services.intake seal-stored").parse_args(arguments)
    try:
        print(json.dumps(asyncio.run(_all(owner, keys, store))))
    except CannotRead as fault:
        print(f"有密封内容无法打开,请先补齐密钥 / a key is missing: {fault}", file=sys.stderr)
        return 1
    return 0


async def _all(owner: Database, keys: SubjectKeys, store: Store) -> dict[str, int]:
    try:
        return {**await _texts(owner, keys), "files": await _files(owner, store)}
    finally:
        await owner.close()


async def _texts(owner: Database, keys: SubjectKeys) -> dict[str, int]:
    last, leads, sealed = None, 0, 0
    while True:
        async with owner.transaction() as tx:
            last, looked, found = await telling(tx, after=last)
        if last is None:
            return {"leads": leads, "sealed": sealed}
        for lead_id in found:
            await _in_one(owner, partial(seal_stored, keys=keys, lead_id=lead_id))
        leads, sealed = leads + looked, sealed + len(found)


async def _files(owner: Database, store: Store) -> int:
    last, sealed = None, 0
    while True:
        async with owner.transaction() as tx:
            found = await unsealed(tx, last, limit=AT_ONCE)
        if not found:
            return sealed
        for last in found:
            sealed += await _in_one(owner, partial(seal_file, store=store, file_id=last))


async def _in_one(owner: Database, work: Callable[[Transaction], Awaitable[T]]) -> T:
    for tries_left in reversed(range(TRIES)):
        try:
            async with owner.transaction() as tx:
                return await work(tx)
        except Exception as fault:
            # it and the worker that makes the lead searchable, or whoever destroys its files, waited for each other
            if not tries_left or not is_race(fault):
                raise
    raise RuntimeError("unreachable")
