"""The vault's key store: one wrapped data key a reporter, in a file outside the database, so that no backup or archived log of the database
holds the key to what it holds. What is destroyed here stays destroyed, also when an older database comes back (docs/decisions/0044)."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from threading import Lock
from uuid import UUID

from shared.errors import NeedsOperator

WAIT = 30
"""Seconds for the file's lock, while a rotation writes its batch."""
_TABLES = """
create table if not exists keys (reporter_ref text primary key, key_id text not null, wrapped blob not null) without rowid;
create index if not exists keys_by_key_id on keys (key_id);
create table if not exists shredded (reporter_ref text primary key, shredded_on text not null) without rowid;
"""
Wrapped = tuple[str, bytes]
"""Id of the key that it is wrapped for, and the wrapped data key."""


class KeyStore:
    """The file at `path`, made when it is missing, for its owner only. Its calls block for a disk write at most."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        self._lock = Lock()
        try:
            self._file = sqlite3.connect(path, timeout=WAIT, check_same_thread=False)
            # freed pages are overwritten, and a key is on the disk before the database forgets it
            self._file.executescript(f"pragma secure_delete = on; pragma synchronous = full; {_TABLES}")
        except sqlite3.DatabaseError as fault:
            raise NeedsOperator(f"the key store cannot be used ({fault})") from None

    def take(self, keys: Mapping[UUID, Wrapped]) -> None:
        """Keep these; what is known already stays as it is, what was shredded stays shredded."""
        rows = [(str(ref), key_id, wrapped, str(ref)) for ref, (key_id, wrapped) in keys.items()]
        with self._lock, self._file:
            self._file.executemany(
                "insert or ignore into keys select ?, ?, ? where not exists (select 1 from shredded where reporter_ref = ?)",
                rows,
            )

    def get(self, reporter_ref: UUID) -> Wrapped | None:
        """The wrapped data key of this reporter."""
        with self._lock:
            query = "select key_id, wrapped from keys where reporter_ref = ?"
            found = self._file.execute(query, (str(reporter_ref),)).fetchone()
        return (found[0], found[1]) if found else None

    def shred(self, reporter_ref: UUID, *, on: date) -> None:
        """Destroy the key and remember that it was destroyed. Again changes nothing."""
        with self._lock, self._file:
            self._file.execute("insert or ignore into shredded values (?, ?)", (str(reporter_ref), on.isoformat()))
            self._file.execute("delete from keys where reporter_ref = ?", (str(reporter_ref),))

    def shredded(self, reporter_refs: Sequence[UUID]) -> dict[UUID, date]:
        """Those of these that were shredded, with the day."""
        asked = json.dumps([str(ref) for ref in reporter_refs])
        with self._lock:
            rows = self._file.execute(
                "select reporter_ref, shredded_on from shredded where reporter_ref in (select value from json_each(?))",
                (asked,),
            ).fetchall()
        return {UUID(ref): date.fromisoformat(on) for ref, on in rows}

    def wrapped_otherwise(self, key_id: str, *, limit: int) -> list[tuple[UUID, Wrapped]]:
        """Some whose key is wrapped for another key than this."""
        query = "select reporter_ref, key_id, wrapped from keys where key_id < ? or key_id > ? limit ?"
        with self._lock:
            rows = self._file.execute(query, (key_id, key_id, limit)).fetchall()
        return [(UUID(ref), (old, wrapped)) for ref, old, wrapped in rows]

    def rewrap(self, changes: Sequence[tuple[UUID, Wrapped, Wrapped]]) -> None:
        """Put the new wrapping in the place of the old one, where that still stands."""
        rows = [(new[0], new[1], str(ref), old[0], old[1]) for ref, old, new in changes]
        with self._lock, self._file:
            self._file.executemany(
                "update keys set key_id = ?, wrapped = ? where reporter_ref = ? and key_id = ? and wrapped = ?", rows
            )

    def counts(self) -> tuple[dict[str, int], int]:
        """How many keys are kept by the id of the key that they are wrapped for, and how many were shredded."""
        with self._lock:
            kept = dict(self._file.execute("select key_id, count(*) from keys group by key_id").fetchall())
            shredded = self._file.execute("select count(*) from shredded").fetchone()[0]
        return kept, shredded

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._file.close()
