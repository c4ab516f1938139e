"""The signed receipt 回执: proves that a report was filed under a number on a day, and tells nothing of what it says or who filed it.

Signed is, as canonical JSON, ["xiansuo.receipt.v1", region, number, received_on, content_hash, key_id] (Ed25519). `content_hash` is
HMAC-SHA256 of the report without its reporter (`content_bytes`), keyed with a salt made of the query code: without the code nobody can try
out contents, with it the reporter can prove word for word what was filed.
"""

import base64
import binascii
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey
from pydantic import BaseModel, ConfigDict, SecretStr

from services.intake.domain.query_code import in_groups, salt_of, written

NUMBER_BYTES = 10
VERSION = "xiansuo.receipt.v1"
_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))
_NOT_CONTENT = frozenset({"reporter", "own_code", "confirmation"})
"""Who reported, and what is asked for beside the report, are no part of what a receipt can prove."""


class ReceiptKey(BaseModel):
    """The signing key as the settings have it: an id, and base64 of the 32 bytes of an Ed25519 seed."""

    model_config = ConfigDict(frozen=True)
    key_id: str
    private_key: SecretStr


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A receipt; the number is random and has nothing to do with the lead's."""

    version: str = VERSION
    region: str
    number: str
    received_on: str
    content_hash: str
    key_id: str
    signature: str = ""

    def document(self) -> bytes:
        """The bytes that are signed."""
        parts = [self.version, self.region, self.number, self.received_on, self.content_hash, self.key_id]
        return _CANONICAL.encode(parts).encode()

    def fits(self, keys: Mapping[str, str]) -> bool | None:
        """Whether the signature is good by these public keys (key id → base64); None when none of them has its id."""
        if self.key_id not in keys:
            return None
        try:
            signature = base64.b64decode(self.signature, validate=True)
            VerifyKey(base64.b64decode(keys[self.key_id])).verify(self.document(), signature)
        except (BadSignatureError, binascii.Error, ValueError):
            return False
        return self.version == VERSION

    def tells(self, report: Mapping[str, Any], code: str) -> bool:
        """Whether this is the report that was filed, word for word."""
        return hmac.compare_digest(self.content_hash, content_hash(report, code))


class ReceiptSigner:
    """Signs receipts with the newest key and knows the older ones' public halves."""

    def __init__(self, key: ReceiptKey, older: Mapping[str, str]) -> None:
        self._key = SigningKey(base64.b64decode(key.private_key.get_secret_value()))
        self._key_id = key.key_id
        self.public_keys = {**older, key.key_id: base64.b64encode(bytes(self._key.verify_key)).decode()}

    @property
    def key_id(self) -> str:
        """The id of the key that signs now."""
        return self._key_id

    def signature(self, document: bytes) -> str:
        """Base64 of the signature over a document that names its own kind."""
        return base64.b64encode(self._key.sign(document).signature).decode()

    def sign(self, *, region: str, number: str, received_on: str, content_hash: str) -> dict[str, str]:
        """A signed receipt, as JSON."""
        unsigned = Receipt(
            region=region, number=number, received_on=received_on, content_hash=content_hash, key_id=self._key_id
        )
        # not by asdict, which copies each text
        said = {name: getattr(unsigned, name) for name in Receipt.__slots__}
        return {**said, "signature": self.signature(unsigned.document())}


def new_number(random: bytes) -> str:
    """A receipt's number of these random bytes: 16 symbols in groups."""
    if len(random) != NUMBER_BYTES:
        raise ValueError(f"a number is made of {NUMBER_BYTES} bytes")
    return "R" + in_groups(written(int.from_bytes(random, "big"), 16))


def content_bytes(report: Mapping[str, Any]) -> bytes:
    """The report as it was sent, without its reporter, in one form: keys in order, no blanks between them, UTF-8."""
    content = {name: value for name, value in report.items() if name not in _NOT_CONTENT}
    return _CANONICAL.encode(content).encode("utf-8", "surrogatepass")


def content_hash(report: Mapping[str, Any], code: str) -> str:
    """The salted hash of a report's content."""
    return hmac.digest(salt_of(code), content_bytes(report), "sha256").hex()
