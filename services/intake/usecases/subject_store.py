"""The subject store: what stands apart of a report (`domain/restricted.py`) is sealed with a key of the service that is in no database, and
bound to its lead; opened again where it is asked for with a purpose, for the units that check it, and to find repeats.

A box begins with the mark of the key that it was sealed with, so that what older keys sealed is found (docs/decisions/0096).
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import structlog
from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
    crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
)
from nacl.exceptions import CryptoError
from nacl.utils import random as random_bytes
from pydantic_core import from_json, to_json

from services.intake.db import reports
from services.intake.domain.lead import Lead
from services.intake.domain.restricted import Apart, put, retold
from shared.db import Transaction
from shared.file_key import CannotRead, WrappingKey
from shared.sealing import ReceiverKey, Sealer

log = structlog.get_logger(__name__)
MARK = 8
_NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES


class SubjectKeys:
    """The keys, the newest first: what is new is sealed with the first."""

    def __init__(self, keys: Sequence[WrappingKey]) -> None:
        self._keys = {_mark(key.key_id): base64.b64decode(key.key.get_secret_value()) for key in keys}
        self.newest = _mark(keys[0].key_id)
        self.marks = tuple(self._keys)

    def seal(self, lead_id: UUID, apart: Apart) -> bytes:
        """The box of a lead; empty when nothing stands apart."""
        if not apart:
            return b""
        nonce = random_bytes(_NONCE)
        box = crypto_aead_xchacha20poly1305_ietf_encrypt(
            to_json(apart), _bound(lead_id), nonce, self._keys[self.newest]
        )
        return self.newest + nonce + box

    def open(self, lead_id: UUID, box: bytes | None) -> dict[str, str]:
        """What stands apart. Raises `CannotRead`."""
        if not box:
            return {}
        mark, nonce, sealed = box[:MARK], box[MARK : MARK + _NONCE], box[MARK + _NONCE :]
        try:
            plain = crypto_aead_xchacha20poly1305_ietf_decrypt(sealed, _bound(lead_id), nonce, self._keys[mark])
        except (KeyError, CryptoError, ValueError, TypeError):
            raise CannotRead(f"no subject key opens the box of lead {lead_id}") from None
        found: dict[str, str] = from_json(plain)
        return found


class FactsSealer(Sealer):
    """Seals what leaves for a receiver; with the keys of the subject store, as the unit that checks a lead is told whom it is about."""

    def __init__(self, receivers: Mapping[str, ReceiverKey], subjects: SubjectKeys) -> None:
        super().__init__(receivers)
        self.subjects = subjects


async def whole_content(tx: Transaction, lead_id: UUID, keys: SubjectKeys) -> Any:
    """A report with what stands apart of it; None for a lead that came in by another door."""
    found = (await reports.stored(tx, [lead_id])).get(lead_id)
    return _opened(lead_id, found, keys) if found else None


async def whole(tx: Transaction, leads: Sequence[Lead], keys: SubjectKeys) -> list[Lead]:
    """The leads as they were told, numbers and addresses in their places."""
    stored = await reports.stored(tx, [lead.id for lead in leads], with_subjects=True)
    told = []
    for lead in leads:
        if found := stored.get(lead.id):
            blocks = _opened(lead.id, found, keys)
            summary, allegations = retold(lead.summary, lead.allegations, found.content, blocks)
            lead = replace(lead, summary=summary, allegations=allegations)  # noqa: PLW2901 - the same lead
        told.append(lead)
    return told


def _opened(lead_id: UUID, found: reports.Stored, keys: SubjectKeys) -> Any:
    """The blocks, whole. A box that no key opens is said in the log and stays shut: nothing else waits for it."""
    try:
        return put(found.content, keys.open(lead_id, found.subjects))
    except CannotRead:
        log.warning("subjects.unreadable", lead_id=str(lead_id))
        return found.content


def _mark(key_id: str) -> bytes:
    return hashlib.blake2b(key_id.encode(), digest_size=MARK, person=b"xs-subjkey.v1").digest()


def _bound(lead_id: UUID) -> bytes:
    return b"xiansuo.subjects.v1\0" + lead_id.bytes
