"""The subject store: what stands apart of a lead's texts (`domain/restricted.py`), whichever door they came by, is sealed with a key of the
service that is in no database, and bound to its lead; opened again where it is asked for with a purpose, for the units that check it, and
to find repeats.

A box begins with the mark of the key that it was sealed with, so that what older keys sealed is found (docs/decisions/0096, 0100).
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

from services.intake.db import police_calls, reports, subjects, transfers, umbrellas
from services.intake.domain.lead import Lead
from services.intake.domain.minors import without_children
from services.intake.domain.police_call import UMBRELLA, KnownCall
from services.intake.domain.restricted import Apart, put, retold
from services.intake.domain.subject_part import TOLD, TRANSFER, call_part, correction_part
from shared import metrics
from shared.db import Transaction
from shared.deadlines import china_date
from shared.file_key import CannotRead, WrappingKey
from shared.sealing import ReceiverKey, Sealer

log = structlog.get_logger(__name__)
SHUT = metrics.counter(
    "subject_boxes_shut", "Looks at sealed numbers of the reported that no key of this process opened"
)
MARK = 8
_NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES


class SubjectKeys:
    """The keys, the newest first: what is new is sealed with the first."""

    def __init__(self, keys: Sequence[WrappingKey]) -> None:
        self._keys = {_mark(key.key_id): base64.b64decode(key.key.get_secret_value()) for key in keys}
        self.newest = _mark(keys[0].key_id)
        self.marks = tuple(self._keys)

    def seal(self, lead_id: UUID, apart: Apart, part: str = "") -> bytes:
        """The box of a lead's report, or of another part of what was told of it; empty when nothing stands apart."""
        if not apart:
            return b""
        nonce = random_bytes(_NONCE)
        box = crypto_aead_xchacha20poly1305_ietf_encrypt(
            to_json(apart), _bound(lead_id, part), nonce, self._keys[self.newest]
        )
        return self.newest + nonce + box

    def open(self, lead_id: UUID, box: bytes | None, part: str = "") -> dict[str, str]:
        """What stands apart. Raises `CannotRead`."""
        if not box:
            return {}
        mark, nonce, sealed = box[:MARK], box[MARK : MARK + _NONCE], box[MARK + _NONCE :]
        try:
            plain = crypto_aead_xchacha20poly1305_ietf_decrypt(sealed, _bound(lead_id, part), nonce, self._keys[mark])
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


async def whole(tx: Transaction, leads: Sequence[Lead], keys: SubjectKeys, *, with_children: bool = True) -> list[Lead]:
    """The leads as they were told, numbers and addresses in their places; for a unit without children under 14, who are nobody's subject
    (G19)."""
    ids = [lead.id for lead in leads]
    boxes = await subjects.of_leads(tx, ids, TOLD)
    stored = await reports.stored(tx, ids, with_subjects=with_children)
    told = []
    for lead in leads:
        if box := boxes.get(lead.id):
            clear = {"summary": lead.summary, "allegations": lead.allegations}
            texts = put(clear, _open(keys, lead.id, box, TOLD))
            lead = replace(lead, summary=texts["summary"], allegations=tuple(texts["allegations"]))  # noqa: PLW2901 - the same lead
        if found := stored.get(lead.id):
            blocks = _opened(lead.id, found, keys)
            if not with_children:
                blocks = without_children(blocks, lead.received_on)
            summary, allegations = retold(lead.summary, lead.allegations, found.content, blocks)
            lead = replace(lead, summary=summary, allegations=allegations)  # noqa: PLW2901 - the same lead
        told.append(lead)
    return told


async def whole_texts(tx: Transaction, lead: Lead, keys: SubjectKeys) -> dict[str, Any]:
    """What was told of a lead that came in by another door than a report's."""
    [lead] = await whole(tx, [lead], keys)
    umbrella, reason = await whole_umbrella(tx, lead.id, keys), await whole_transfer(tx, lead.id, keys)
    told = {"summary": lead.summary, "allegations": lead.allegations, "umbrella": umbrella, "transfer_reason": reason}
    return {name: text for name, text in told.items() if text}


async def whole_umbrella(tx: Transaction, lead_id: UUID, keys: SubjectKeys) -> str | None:
    """What was said with a lead of shielding officials elsewhere than in a report, and what later versions of a call added, for discipline;
    None when nothing was."""
    told = await umbrellas.of_lead(tx, lead_id)
    box = (await subjects.of_leads(tx, [lead_id], TOLD)).get(lead_id) if told else None
    first = _open(keys, lead_id, box, TOLD).get("umbrella", told) if box else told
    later = [row for row in await whole_corrections(tx, lead_id, keys) if row["field"] == UMBRELLA]
    more = [f"补充({china_date(row['recorded_at']).isoformat()}):{row['new']}" for row in later]
    return ";".join([*([first] if first else []), *more]) or None


async def whole_transfer(tx: Transaction, lead_id: UUID, keys: SubjectKeys) -> str | None:
    """Why a partner says that a lead belongs here; None for one that came in by another door."""
    reason = await transfers.reason_of(tx, lead_id)
    box = (await subjects.of_leads(tx, [lead_id], TRANSFER)).get(lead_id) if reason else None
    return _open(keys, lead_id, box, TRANSFER).get("reason", reason) if box else reason


async def whole_calls(tx: Transaction, known: Mapping[str, KnownCall], keys: SubjectKeys) -> dict[str, KnownCall]:
    """These 110 calls as they were told."""
    told = {}
    for number, call in known.items():
        part = call_part(call.revision)
        box = (await subjects.of_leads(tx, [call.lead_id], part)).get(call.lead_id)
        content = put(call.content, _open(keys, call.lead_id, box, part)) if box else call.content
        told[number] = replace(call, content=content)
    return told


async def whole_corrections(tx: Transaction, lead_id: UUID, keys: SubjectKeys) -> list[dict[str, Any]]:
    """All that was corrected of a 110 call, oldest first, as it was told."""
    rows = [dict(row) for row in await police_calls.corrections(tx, lead_id)]
    boxes = await subjects.of_lead(tx, lead_id) if rows else {}
    opened = {}
    for row in rows:
        part = correction_part(row["revision"])
        if part not in opened:
            opened[part] = _open(keys, lead_id, boxes.get(part), part)
        for name in ("old", "new"):
            row[name] = put({name: {row["field"]: row[name]}}, opened[part])[name][row["field"]]
    return rows


def _opened(lead_id: UUID, found: reports.Stored, keys: SubjectKeys) -> Any:
    """The blocks, whole."""
    return put(found.content, _open(keys, lead_id, found.subjects))


def _open(keys: SubjectKeys, lead_id: UUID, box: bytes | None, part: str = "") -> dict[str, str]:
    """What stands apart. A box that no key opens is counted, said in the log and stays shut: nothing else waits for it."""
    try:
        return keys.open(lead_id, box, part)
    except CannotRead:
        SHUT.inc()
        log.warning("subjects.unreadable", lead_id=str(lead_id))
        return {}


def _mark(key_id: str) -> bytes:
    return hashlib.blake2b(key_id.encode(), digest_size=MARK, person=b"xs-subjkey.v1").digest()


def _bound(lead_id: UUID, part: str) -> bytes:
    return b"xiansuo.subjects.v1\0" + lead_id.bytes + part.encode()
