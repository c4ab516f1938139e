"""What the vault does with sealed reporters: takes their keys out of the database, opens one, destroys one, wraps all for a new key.

Only the vault's process has what this needs: the private keys and the key store (docs/decisions/0044).
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

import structlog

from services.intake.db import reporters
from services.intake.db.key_store import KeyStore, Wrapped
from services.intake.domain.opening import SHREDDED
from shared import metrics
from shared.db import Database, Transaction, after_commit
from shared.errors import NotAllowed, NotFound
from shared.sealing import CannotOpen, Opener, SealedRecord, Sealer

log = structlog.get_logger(__name__)
BATCH = 500
TAKEN = metrics.counter("vault_keys_taken", "Reporters' keys that the vault took out of the database")
UNREADABLE = metrics.counter("vault_keys_unreadable", "Sealed reporters in the database that no key of the vault opens")


@dataclass(slots=True)
class Vault:
    """`opener` has all private keys that are still good, `sealer` the public half of the newest one (receiver "vault")."""

    key_id: str
    opener: Opener
    sealer: Sealer
    store: KeyStore
    _unreadable: set[UUID] = field(default_factory=set)

    async def take_in(self, tx: Transaction) -> int:
        """Take the keys of those that came since out of the database, a batch at most; → how many. What was shredded and came back with
        an older database is shredded again."""
        rows = await reporters.untaken(tx, besides=self._unreadable, limit=BATCH)
        gone = await asyncio.to_thread(self.store.shredded, list(rows))
        keys: dict[UUID, Wrapped] = {}
        for ref, record in rows.items():
            if ref in gone:
                continue
            try:
                keys[ref] = self._for_newest((record.key_id, record.wrapped_key))
            except CannotOpen:
                self._unreadable.add(ref)
                UNREADABLE.inc()
                log.warning("vault.unreadable", reason=record.key_id)
        await asyncio.to_thread(self.store.take, keys)
        await reporters.take_keys_away(tx, keys)
        for ref, on in gone.items():
            await reporters.mark_shredded(tx, ref, on=on)
        after_commit(tx, partial(TAKEN.inc, len(keys)))
        return len(rows)

    async def destroy_retired(self, tx: Transaction) -> int:
        """The keys of those who are given up and for whom no order waits are destroyed in the store, too: a store brought back from its
        backup has them again; → how many."""
        marked = await reporters.marked_shredded(tx)
        gone = await asyncio.to_thread(self.store.shredded, list(marked))
        left = {ref: on for ref, on in marked.items() if ref not in gone}
        for ref, on in left.items():
            await asyncio.to_thread(self.store.shred, ref, on=on)
        return len(left)

    async def open(self, tx: Transaction, reporter_ref: UUID) -> dict[str, Any]:
        """What the reporter said of himself. Raises `NotAllowed` when it was shredded, `NotFound`, `CannotOpen`."""
        kept = await reporters.get(tx, reporter_ref)
        if kept is None:
            raise NotFound("没有该举报人信息 / there is no such record")
        wrapped = await asyncio.to_thread(self.store.get, reporter_ref)
        gone = await asyncio.to_thread(self.store.shredded, [reporter_ref])
        if gone or kept.shredded_on is not None:
            raise NotAllowed(SHREDDED)
        if wrapped is None and kept.wrapped_key is not None:
            # it came a moment ago
            wrapped = (kept.key_id, kept.wrapped_key)
        if wrapped is None:
            raise CannotOpen("the key store has no key for this record")
        return self.opener.open_record(SealedRecord(*wrapped, kept.ciphertext))

    async def shred(self, tx: Transaction, reporter_ref: UUID, *, on: date) -> None:
        """Destroy the key: first in the store, which cannot be undone, then in the database. Again changes nothing."""
        await asyncio.to_thread(self.store.shred, reporter_ref, on=on)
        await reporters.mark_shredded(tx, reporter_ref, on=on)

    async def rotate(self, database: Database) -> int:
        """Wrap every key for the newest key, in batches, while all go on; → how many were wrapped anew. Raises `CannotOpen`."""
        while True:
            async with database.transaction() as tx:
                if await self.take_in(tx) < BATCH:
                    break
        done = 0
        while found := await asyncio.to_thread(self.store.wrapped_otherwise, self.key_id, limit=BATCH):
            changes = [(ref, old, self._for_newest(old)) for ref, old in found]
            await asyncio.to_thread(self.store.rewrap, changes)
            done += len(changes)
        return done

    async def counts(self, tx: Transaction) -> Mapping[str, Any]:
        """How many keys are kept, by key id; how many were shredded; how many are still in the database, by key id."""
        kept, shredded = await asyncio.to_thread(self.store.counts)
        return {"kept": kept, "shredded": shredded, "waiting": await reporters.waiting(tx)}

    def _for_newest(self, wrapped: Wrapped) -> Wrapped:
        """The same key, wrapped for the newest key; as it is where it is that already, and opens."""
        data_key = self.opener.data_key(*wrapped)
        return wrapped if wrapped[0] == self.key_id else self.sealer.wrap("vault", data_key)
