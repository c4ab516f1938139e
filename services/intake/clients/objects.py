"""The object store of attachments (obstore): a local folder, or S3 and what speaks like it. It holds sealed pieces only."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit
from uuid import UUID

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, S3Store
from pydantic import SecretStr

from shared.errors import Unavailable


class Objects:
    """Pieces of files by file and name. `where`: file:///folder, or s3://bucket/prefix with `options` (endpoint, region, keys)."""

    def __init__(self, where: str, options: Mapping[str, SecretStr]) -> None:
        self._store: ObjectStore
        if urlsplit(where).scheme == "file":
            self._store = LocalStore(Path(urlsplit(where).path), automatic_cleanup=True, mkdir=True)
        else:
            config = {name: value.get_secret_value() for name, value in options.items()}
            self._store = S3Store.from_url(where, config=cast("Any", config))

    async def put(self, file_id: UUID, name: str, content: bytes) -> None:
        """Write one, whole or not at all. Raises `Unavailable`."""
        try:
            await obstore.put_async(self._store, f"{file_id}/{name}", content)
        except (BaseError, OSError):
            raise _away() from None

    async def get(self, file_id: UUID, name: str) -> bytes:
        """Read one. Raises `Unavailable`."""
        try:
            found = await obstore.get_async(self._store, f"{file_id}/{name}")
            return bytes(await found.bytes_async())
        except (BaseError, OSError):
            raise _away() from None

    async def remove(self, file_id: UUID, *, but: Iterable[str] = ()) -> None:
        """Remove all pieces of a file except these. Raises `Unavailable`."""
        kept = {f"{file_id}/{name}" for name in but}
        try:
            found = [path async for path in self._paths(file_id)]
            for path in found:
                if path not in kept:
                    with suppress(FileNotFoundError):
                        await obstore.delete_async(self._store, path)
        except (BaseError, OSError):
            raise _away() from None

    async def _paths(self, file_id: UUID) -> AsyncIterator[str]:
        async for page in obstore.list(self._store, prefix=str(file_id)):
            for meta in page:
                yield meta["path"]


def _away() -> Unavailable:
    return Unavailable("附件存储没有应答 / the store of attachments does not answer")
