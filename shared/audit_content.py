"""What the audit chain's hashes and signatures are taken over, byte for byte: pure, so that a proof needs no database and no service.

Every document is a JSON array of strings, whole numbers and null, written as RFC 8785 has it (no space, UTF-8, shortest escapes), so that
a verifier in any language gets the same bytes:

- the start of a chain: SHA-256 of ["xiansuo.audit-chain.v1", chain]
- a link: SHA-256 of the hash before it, followed by [position, id, at, actor, roles, unit, action, subject, purpose, detail]
- a checkpoint: Ed25519 over ["xiansuo.audit-checkpoint.v1", chain, number, hash, at, key id]

Instants are RFC 3339 in UTC with six digits; `detail` is the text that PostgreSQL shows of its jsonb; ids and hashes are lower-case hex.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey
from pydantic import BaseModel, ConfigDict, SecretStr, StringConstraints

from shared.contracts.envelope import Code, rfc3339

FIELDS = ("position", "id", "at", "actor", "roles", "unit", "action", "subject", "purpose", "detail")
"""The columns of an audit row that are sealed, in the order of its document. The transaction id is left out: a restore changes it."""
_written = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def document(parts: Iterable[str | int | None]) -> bytes:
    """The parts as canonical JSON."""
    return _written(list(parts)).encode("utf-8", "surrogatepass")


def beginning(chain: str) -> bytes:
    """What stands before the first link: another for each chain, so that none continues another."""
    return hashlib.sha256(document(["xiansuo.audit-chain.v1", chain])).digest()


def link(before: bytes, row: Mapping[str, Any]) -> bytes:
    """The hash of the link that seals `row`, a row as `plain` gives it."""
    return hashlib.sha256(before + document(row[field] for field in FIELDS)).digest()


def plain(row: Mapping[str, Any]) -> dict[str, str | int | None]:
    """A row of the audit log, read from the database with `detail` as text, in the form that is hashed and exported."""
    return {field: row[field] for field in FIELDS} | {"id": str(row["id"]), "at": rfc3339(row["at"])}


class AuditKey(BaseModel):
    """A service's signing key as its settings have it: an id, and base64 of the 32 bytes of an Ed25519 seed."""

    model_config = ConfigDict(frozen=True)
    key_id: Code
    private_key: SecretStr


class PublicKey(BaseModel):
    """A published key: what it may sign, and base64 of its 32 bytes."""

    model_config = ConfigDict(frozen=True)
    chain: Code
    public_key: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]{43}=$")]


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint: up to link `number`, whose hash is `hash`, the chain is as its service says."""

    chain: str
    number: int
    hash: str
    at: str
    key_id: str
    signature: str

    def fits(self, keys: Mapping[str, PublicKey]) -> bool | None:
        """Whether the signature is good; None when no key of this chain has that id."""
        key = keys.get(self.key_id)
        if key is None or key.chain != self.chain:
            return None
        try:
            VerifyKey(base64.b64decode(key.public_key)).verify(self._document(), base64.b64decode(self.signature))
        except (BadSignatureError, binascii.Error, ValueError):
            return False
        return True

    def _document(self) -> bytes:
        return document(["xiansuo.audit-checkpoint.v1", self.chain, self.number, self.hash, self.at, self.key_id])


class Signer:
    """Signs the checkpoints of one service."""

    def __init__(self, key: AuditKey) -> None:
        self.key_id = key.key_id
        self._key = SigningKey(base64.b64decode(key.private_key.get_secret_value()))

    def sign(self, chain: str, number: int, hash_: bytes, at: datetime) -> Signed:
        """A signed checkpoint."""
        unsigned = Signed(chain, number, hash_.hex(), rfc3339(at), self.key_id, "")
        signature = self._key.sign(unsigned._document()).signature  # noqa: SLF001 - the same module
        return Signed(chain, number, unsigned.hash, unsigned.at, self.key_id, base64.b64encode(signature).decode())
