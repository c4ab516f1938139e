"""Boxes that only their receiver can open (libsodium sealed boxes), and records for the reporter vault with a data key each.

Plain content is padded to sizes in steps, so that a length tells little. Errors never say anything of the content.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey
from nacl.public import SealedBox as Box
from nacl.secret import SecretBox
from nacl.utils import random as random_bytes
from pydantic import BaseModel, ConfigDict, SecretStr
from pydantic_core import to_json

from shared.contracts.envelope import SealedBox

BUCKET = 512


class ReceiverKey(BaseModel):
    """A receiver's public key (base64 of 32 bytes) and its id."""

    model_config = ConfigDict(frozen=True)
    key_id: str
    public_key: str


class CannotOpen(Exception):
    """The box is for another key, or was altered."""


@dataclass(frozen=True, slots=True)
class SealedRecord:
    """A vault record: its content under a data key of its own, and that key wrapped for the vault. Deleting `wrapped_key` shreds it."""

    key_id: str
    wrapped_key: bytes
    ciphertext: bytes


class Sealer:
    """Seals for each receiver by name. Raises KeyError for a receiver without a key."""

    def __init__(self, receivers: Mapping[str, ReceiverKey]) -> None:
        self._boxes = {
            name: (key.key_id, Box(PublicKey(base64.b64decode(key.public_key)))) for name, key in receivers.items()
        }

    def seal(self, receiver: str, content: Mapping[str, Any]) -> SealedBox:
        """A box for this receiver alone; `content` is JSON."""
        key_id, box = self._boxes[receiver]
        return SealedBox(key_id=key_id, box=base64.b64encode(box.encrypt(_pad(content))).decode())

    def seal_record(self, receiver: str, content: Mapping[str, Any]) -> SealedRecord:
        """A vault record: a fresh data key for the content, wrapped for the receiver."""
        key_id, box = self._boxes[receiver]
        data_key = random_bytes(SecretBox.KEY_SIZE)
        return SealedRecord(key_id, bytes(box.encrypt(data_key)), bytes(SecretBox(data_key).encrypt(_pad(content))))

    def wrap(self, receiver: str, data_key: bytes) -> tuple[str, bytes]:
        """A record's data key wrapped for the receiver, and the id of the receiver's key."""
        key_id, box = self._boxes[receiver]
        return key_id, bytes(box.encrypt(data_key))


class Opener:
    """Opens what was sealed for the private keys given, by key id (base64 of 32 bytes each)."""

    def __init__(self, keys: Mapping[str, SecretStr]) -> None:
        self._boxes = {
            key_id: Box(PrivateKey(base64.b64decode(key.get_secret_value()))) for key_id, key in keys.items()
        }

    def open(self, sealed: SealedBox) -> dict[str, Any]:
        """The content. Raises `CannotOpen`."""
        try:
            return _unpad(self._boxes[sealed.key_id].decrypt(base64.b64decode(sealed.box)))
        except (KeyError, CryptoError, ValueError):
            raise CannotOpen(f"no key opens this box (key id {sealed.key_id})") from None

    def open_record(self, record: SealedRecord) -> dict[str, Any]:
        """The content of a vault record. Raises `CannotOpen`."""
        data_key = self.data_key(record.key_id, record.wrapped_key)
        try:
            return _unpad(SecretBox(data_key).decrypt(record.ciphertext))
        except (CryptoError, ValueError):
            raise CannotOpen(f"no key opens this record (key id {record.key_id})") from None

    def data_key(self, key_id: str, wrapped: bytes) -> bytes:
        """A record's data key. Raises `CannotOpen`."""
        try:
            return bytes(self._boxes[key_id].decrypt(wrapped))
        except (KeyError, CryptoError, ValueError):
            raise CannotOpen(f"no key opens this record (key id {key_id})") from None


def _pad(content: Mapping[str, Any]) -> bytes:
    plain = to_json(content)
    return plain + b" " * (-len(plain) % BUCKET)


def _unpad(plain: bytes) -> dict[str, Any]:
    found = json.loads(plain)
    if not isinstance(found, dict):
        raise ValueError("not an object")  # noqa: TRY004 - the content is at fault, not the call
    return found
