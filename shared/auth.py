"""Who is asking: OIDC access tokens, verified against the issuer's published keys. Knows nothing of HTTP frameworks.

Algorithms are pinned, `aud` must name the service, keys are cached and stay good while the issuer is away.
"""

import asyncio
import hashlib
import time
from dataclasses import dataclass
from typing import Any

import httpx
import structlog
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from shared.errors import Unauthenticated, Unavailable

log = structlog.get_logger(__name__)

ALGORITHMS = ["ES256", "RS256"]
LEEWAY = 60
REFRESH_AT_MOST_EVERY = 10.0
REFRESH_AFTER = 3600.0
REMEMBERED, FOR_SECONDS = 4096, 30.0
"""A token that was just verified is not verified again for each request of the same caller: that took an eighth of a request."""


@dataclass(frozen=True, slots=True)
class Principal:
    """A person in a post of a unit, on that day: pseudonymous account, role codes (domain.md §4.1, lower case), unit code."""

    sub: str
    roles: frozenset[str]
    unit: str
    purpose: str | None = None
    """Why restricted data are read in this request, where the door asks for it."""
    others: frozenset[str] = frozenset()
    """Other accounts of the same person, of now or before, as the directory says."""

    @property
    def accounts(self) -> frozenset[str]:
        """All accounts of this person: where two people are asked for (G10), another account is nobody else."""
        return self.others | {self.sub}


class Keys:
    """The issuer's public keys, found by discovery."""

    def __init__(self, issuer: str, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.issuer = issuer.rstrip("/")
        self.transport = transport
        self._keys: KeySet | None = None
        self._fetched = self._tried = float("-inf")
        self._lock = asyncio.Lock()
        self._verified: dict[tuple[bytes, str], tuple[Principal, float]] = {}

    async def verify(self, token: str, *, audience: str) -> Principal:
        """The token's principal. Raises `Unauthenticated`; `Unavailable` when no key was ever fetched and the issuer is away."""
        mark = (hashlib.sha256(token.encode("utf-8", "replace")).digest(), audience)
        if (known := self._verified.get(mark)) and time.monotonic() < known[1]:
            return known[0]
        principal, seconds_left = await self._verify(token, audience)
        if len(self._verified) >= REMEMBERED:
            self._verified.clear()
        self._verified[mark] = (principal, time.monotonic() + min(FOR_SECONDS, seconds_left))
        return principal

    async def _verify(self, token: str, audience: str) -> tuple[Principal, float]:
        keys = await self._current()
        try:
            try:
                decoded = jwt.decode(token, keys, algorithms=ALGORITHMS)
            except (JoseError, ValueError, KeyError, RecursionError):
                # a key that was rotated in since: look once more
                keys = await self._current(unknown_key=True)
                decoded = jwt.decode(token, keys, algorithms=ALGORITHMS)
            jwt.JWTClaimsRegistry(
                leeway=LEEWAY,
                iss={"essential": True, "value": self.issuer},
                aud={"essential": True, "value": audience},
                exp={"essential": True},
                sub={"essential": True},
            ).validate(decoded.claims)
            seconds_left = decoded.claims["exp"] + LEEWAY - time.time()
        except (JoseError, ValueError, KeyError, TypeError, OverflowError, RecursionError) as fault:
            raise Unauthenticated(
                f"访问令牌无效或已过期 / the access token is not accepted ({type(fault).__name__})"
            ) from None
        return _principal(decoded.claims), seconds_left

    async def ready(self) -> None:
        """Raise `Unavailable` unless keys are at hand."""
        await self._current()

    async def _current(self, *, unknown_key: bool = False) -> KeySet:
        now = time.monotonic()
        if self._keys is not None and not unknown_key and now - self._fetched < REFRESH_AFTER:
            return self._keys
        async with self._lock:
            now = time.monotonic()
            stale = self._keys is None or unknown_key or now - self._fetched >= REFRESH_AFTER
            if stale and (self._keys is None or now - self._tried >= REFRESH_AT_MOST_EVERY):
                self._tried = now
                try:
                    self._keys, self._fetched = await self._fetch(), now
                except (httpx.HTTPError, JoseError, ValueError, KeyError) as fault:
                    log.warning("auth.keys_not_fetched", error=type(fault).__name__)
            if self._keys is None:
                raise Unavailable("身份认证服务没有应答 / the issuer of access tokens does not answer")
            return self._keys

    async def _fetch(self) -> KeySet:
        async with httpx.AsyncClient(timeout=5, transport=self.transport, trust_env=False) as client:
            found = await client.get(f"{self.issuer}/.well-known/openid-configuration")
            found.raise_for_status()
            document = found.json()
            if document["issuer"].rstrip("/") != self.issuer:
                raise ValueError("the discovery document names another issuer")
            keys = await client.get(document["jwks_uri"])
            keys.raise_for_status()
            return KeySet.import_key_set(keys.json())


def _principal(claims: dict[str, Any]) -> Principal:
    roles, unit, sub = claims.get("roles", []), claims.get("unit", ""), claims["sub"]
    well_formed = isinstance(roles, list) and all(isinstance(role, str) for role in roles)
    if not (well_formed and isinstance(unit, str) and isinstance(sub, str) and 0 < len(sub) <= 128):
        raise Unauthenticated("访问令牌内容不符合约定 / the access token's claims are not as agreed (sub, roles, unit)")
    return Principal(sub=sub, roles=frozenset(roles), unit=unit)
