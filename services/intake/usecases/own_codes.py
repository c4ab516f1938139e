"""The code that a reporter chose (G7): at least 6 characters, used together with the lead number, kept as Argon2id of its keyed hash.

A short code can be guessed, so guesses are dear and few: a hash takes tens of milliseconds of one of few threads, and a queue that is full
refuses. The key means that a stolen database alone cannot be searched. A lead without such a code, or none at all, costs the same.
"""

import asyncio
import base64
import hmac
import unicodedata
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any, TypeVar

from nacl.exceptions import InvalidkeyError
from nacl.pwhash import argon2id
from nacl.secret import SecretBox
from nacl.utils import random as random_bytes

from services.intake.domain.mailbox import Lock, salt_of, unlocked
from shared.errors import Busy, Invalid

LEAST = 6
Result = TypeVar("Result")


def _written(part: bytes) -> str:
    return base64.b64encode(part).decode().rstrip("=")


_COST = f"m={argon2id.MEMLIMIT_INTERACTIVE // 1024},t={argon2id.OPSLIMIT_INTERACTIVE},p=1"
_NOBODYS = f"$argon2id$v=19${_COST}${_written(random_bytes(16))}${_written(random_bytes(32))}".encode()
"""In the form of a kept hash, so that comparing costs the same; drawn, so that no code has it."""


class OwnCodes:
    """Hashes and compares on `threads` threads; at most `waiting` wait. `keys`: the newest first."""

    def __init__(self, keys: tuple[bytes, ...], *, threads: int = 2, waiting: int = 16) -> None:
        self._keys = keys
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="own-code")
        self._most, self._inside = threads + waiting, 0

    @staticmethod
    def check(code: str, told: Mapping[str, Any]) -> None:
        """Raises `Invalid` for a code that is too short or easily guessed."""
        if reason := _weak(_plain(code), told):
            raise Invalid(reason, fields=[("own_code", reason)])

    async def hash(self, code: str, told: Mapping[str, Any]) -> str:
        """What is kept of a code. Raises `Invalid` for one that is easily guessed, `Busy`."""
        self.check(code, told)
        secret = self._keyed(self._keys[0], _plain(code))
        found = await self._run(
            lambda: argon2id.str(secret, argon2id.OPSLIMIT_INTERACTIVE, argon2id.MEMLIMIT_INTERACTIVE)
        )
        return found.decode()

    async def fits(self, code: str, kept: str | None) -> bool:
        """Whether this is the code; the same work when nothing is kept. Raises `Busy`."""
        against = kept.encode() if kept else _NOBODYS
        secrets = [self._keyed(key, _plain(code)) for key in self._keys]
        return await self._run(lambda: sum(_is(against, secret) for secret in secrets) > 0) and kept is not None

    async def lock(self, code: str) -> Lock:
        """A new key of this code, for the mailbox. Raises `Busy`."""
        salt = random_bytes(argon2id.SALTBYTES)
        secret = self._keyed(self._keys[0], _plain(code))
        return Lock(salt, await self._run(lambda: _key_of(secret, salt)))

    async def unlock(self, code: str, kept: bytes) -> bytes | None:
        """What lies under this code; None when it is another. Raises `Busy`."""
        secrets, salt = [self._keyed(key, _plain(code)) for key in self._keys], salt_of(kept)
        keys = await self._run(lambda: [_key_of(secret, salt) for secret in secrets])
        return next(filter(None, (unlocked(kept, key) for key in keys)), None)

    async def _run(self, work: Callable[[], Result]) -> Result:
        if self._inside >= self._most:
            raise Busy("查询人数过多 / too many ask at once")
        self._inside += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._inside -= 1

    @staticmethod
    def _keyed(key: bytes, plain: str) -> bytes:
        return hmac.digest(key, b"xiansuo.own-code.v1\0" + plain.encode(), "sha256")


def _key_of(secret: bytes, salt: bytes) -> bytes:
    size, work, memory = SecretBox.KEY_SIZE, argon2id.OPSLIMIT_INTERACTIVE, argon2id.MEMLIMIT_INTERACTIVE
    return argon2id.kdf(size, b"xiansuo.mailbox.v1\0" + secret, salt, opslimit=work, memlimit=memory)


def _is(kept: bytes, secret: bytes) -> bool:
    try:
        return argon2id.verify(kept, secret)
    except InvalidkeyError:
        return False


def _plain(code: str) -> str:
    """One form however it is typed: full-width or not, capital or not, with or without blanks."""
    return "".join(unicodedata.normalize("NFKC", code).casefold().split())


def _weak(code: str, told: Mapping[str, Any]) -> str | None:
    if len(code) < LEAST:
        return f"至少{LEAST}个字符 / at least {LEAST} characters"
    steps = {ord(after) - ord(before) for before, after in pairwise(code)}
    if len(set(code)) < 3 or steps in ({1}, {-1}):
        return "过于简单,请另选 / too simple, choose another"
    if any(code in _plain(told.get(name) or "") for name in ("phone", "id_number", "name")):
        return "不要使用电话或证件号码 / not a part of a phone or identity number"
    return None
