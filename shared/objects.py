"""The object store of attachments (obstore): a local folder, or S3 and what speaks like it. It holds sealed pieces only; intake writes it,
discipline reads what came for it (`PASSED`)."""

import asyncio
import re
import secrets
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import obstore
import structlog
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, S3Store

from shared.errors import NeedsOperator, Unavailable
from shared.s3_options import S3Options

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig

log = structlog.get_logger(__name__)

PASSED = "passed"
"""The folder of files of reports past the office: discipline's account needs to read this one and no other."""

# somebody waits at the door: what does not come within seconds is told, and tried again by the sender or the clock
_RETRY: "RetryConfig" = {"max_retries": 3, "retry_timeout": timedelta(seconds=10)}
_CLIENT: "ClientConfig" = {"connect_timeout": timedelta(seconds=5), "timeout": timedelta(seconds=30)}
_LOOK = 0.5
"""Seconds that whoever asks for readiness waits for an answer."""
_CODE = re.compile(r"<Code>([A-Za-z]{1,60})</Code>")
_KEYS = frozenset(
    {"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "AllAccessDisabled", "AccountProblem"}
)
_SILENT = "附件存储没有应答 / the store of attachments does not answer"


class Objects:
    """Pieces of files by the file's folder and name. `where`: file:///folder, or s3://bucket/prefix with `options`."""

    def __init__(self, where: str, options: S3Options | None = None) -> None:
        self._wrong: str | None = _SILENT
        self._looking: asyncio.Task[None] | None = None
        self._store: ObjectStore
        if options is None:
            self._store = LocalStore(Path(urlsplit(where).path), automatic_cleanup=True, mkdir=True)
        else:
            self._store = _s3(where, options)

    async def ready(self) -> None:
        """Whether it takes, lists and removes; asked at the start and after each failure, until it does. Who asks never waits long: a look
        that takes longer goes on by itself. Raises `NeedsOperator`, saying what is wrong."""
        if self._wrong is None:
            return
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look(), name="attachments-look")
        await asyncio.wait({self._looking}, timeout=_LOOK)
        if self._wrong:
            raise NeedsOperator(self._wrong)

    async def _look(self) -> None:
        probe = f"probe/{secrets.token_hex(8)}"
        try:
            await obstore.put_async(self._store, probe, b"ready")
            await obstore.list(self._store, prefix="probe").collect_async()
            await obstore.delete_async(self._store, probe)
        except (BaseError, OSError) as fault:
            self._wrong = _why(fault)
        else:
            self._wrong = None

    async def put(self, folder: str, name: str, content: bytes) -> None:
        """Write one, whole or not at all. Raises `Unavailable`."""
        try:
            await obstore.put_async(self._store, f"{folder}/{name}", content)
        except (BaseError, OSError) as fault:
            raise self._away(fault) from None

    async def get(self, folder: str, name: str) -> bytes:
        """Read one. Raises `Unavailable`."""
        try:
            found = await obstore.get_async(self._store, f"{folder}/{name}")
            return bytes(await found.bytes_async())
        except (BaseError, OSError) as fault:
            raise self._away(fault) from None

    async def remove(self, folder: str, *, but: Iterable[str] = ()) -> None:
        """Remove all pieces in a folder except these. Raises `Unavailable`."""
        kept = {f"{folder}/{name}" for name in but}
        try:
            found = [path async for path in self._paths(folder)]
            for path in found:
                if path not in kept:
                    with suppress(FileNotFoundError):
                        await obstore.delete_async(self._store, path)
        except (BaseError, OSError) as fault:
            raise self._away(fault) from None

    async def _paths(self, folder: str) -> AsyncIterator[str]:
        async for page in obstore.list(self._store, prefix=folder):
            for meta in page:
                yield meta["path"]

    def _away(self, fault: Exception) -> Unavailable:
        self._wrong = _why(fault)
        log.warning("attachments.store", reason=self._wrong)
        return Unavailable("附件存储没有应答,请稍后重试 / the store of attachments does not answer, try again later")


def _s3(where: str, options: S3Options) -> S3Store:
    client: ClientConfig = {**_CLIENT, "allow_http": options.plain}
    if options.ca:
        client["root_certificate"] = options.ca.read_bytes()
    return S3Store.from_url(
        where,
        endpoint=options.endpoint,
        region=options.region,
        access_key_id=options.access_key_id,
        secret_access_key=options.secret_access_key.get_secret_value(),
        virtual_hosted_style_request=options.virtual_hosted_style_request,
        client_options=client,
        retry_config=_RETRY,
    )


def _why(fault: Exception) -> str:
    """For the operator: what is to be mended. What the store says beside its code names keys and hosts."""
    code = next(iter(_CODE.findall(str(fault))), "")
    if code == "NoSuchBucket":
        return "附件存储没有该桶 / the store of attachments has no such bucket"
    if code in _KEYS:
        return f"附件存储不接受所配密钥({code}) / the store of attachments refuses the keys that are set ({code})"
    return f"附件存储没有应答({code}) / the store of attachments does not answer ({code})" if code else _SILENT
