"""Keys of files: each file has one, wrapped by a key of the service; pieces are sealed with it one by one (XChaCha20-Poly1305).

What a piece is (file, name, kind) is bound to it, so that pieces cannot be changed for one another; how many there are and what they hash
to stands in the register. Whoever takes the wrapped key away has destroyed the file.
"""

import base64
from collections.abc import Sequence
from uuid import UUID

from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
    crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
)
from nacl.exceptions import CryptoError
from nacl.secret import SecretBox
from nacl.utils import random as random_bytes
from pydantic import BaseModel, ConfigDict, SecretStr, field_validator

_NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES


class CannotRead(Exception):
    """The key is gone or not ours, or the piece was altered."""


class WrappingKey(BaseModel):
    """A key of the service that wraps the files' keys: base64 of 32 bytes, and its id."""

    model_config = ConfigDict(frozen=True)
    key_id: str
    key: SecretStr

    @field_validator("key")
    @classmethod
    def _whole(cls, value: SecretStr) -> SecretStr:
        if len(base64.b64decode(value.get_secret_value())) != SecretBox.KEY_SIZE:
            raise ValueError("must be base64 of 32 bytes")
        return value


class FileKey:
    """The key of one file, opened."""

    def __init__(self, file_id: UUID, key: bytes) -> None:
        self._id, self._key = file_id, key

    @property
    def secret(self) -> bytes:
        """The key itself, to be sealed for somebody else who may read the file."""
        return self._key

    def seal(self, name: str, content: bytes) -> bytes:
        """A piece of this name."""
        nonce = random_bytes(_NONCE)
        return nonce + crypto_aead_xchacha20poly1305_ietf_encrypt(content, self._bound(name), nonce, self._key)

    def open(self, name: str, sealed: bytes) -> bytes:
        """What was sealed under this name. Raises `CannotRead`."""
        try:
            return crypto_aead_xchacha20poly1305_ietf_decrypt(
                sealed[_NONCE:], self._bound(name), sealed[:_NONCE], self._key
            )
        except (CryptoError, ValueError, TypeError):
            raise CannotRead(f"piece {name} of file {self._id} cannot be read") from None

    def _bound(self, name: str) -> bytes:
        return b"xiansuo.file.v1\0" + self._id.bytes + name.encode()


class FileKeys:
    """The wrapping keys, the newest first: new files take the first, the others open older ones."""

    def __init__(self, keys: Sequence[WrappingKey]) -> None:
        self._newest = keys[0].key_id
        self._boxes = {key.key_id: SecretBox(base64.b64decode(key.key.get_secret_value())) for key in keys}

    def new(self, file_id: UUID) -> tuple[FileKey, str, bytes]:
        """A fresh key: opened, the id of what wraps it, and wrapped."""
        key = random_bytes(SecretBox.KEY_SIZE)
        return FileKey(file_id, key), self._newest, bytes(self._boxes[self._newest].encrypt(key))

    def open(self, file_id: UUID, key_id: str, wrapped: bytes | None) -> FileKey:
        """The file's key. Raises `CannotRead`."""
        try:
            if wrapped is None:
                raise CannotRead(f"the key of file {file_id} is gone")
            return FileKey(file_id, self._boxes[key_id].decrypt(wrapped))
        except (KeyError, CryptoError):
            raise CannotRead(f"no key opens file {file_id} (key id {key_id})") from None
