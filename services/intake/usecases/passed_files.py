"""Files of a report past the office (G22): under the reporter's code while they come, handed on to discipline once they were examined.

intake keeps sealed pieces and a key that only the code opens. Discipline is sent the key in a box, and finds the pieces by the index, which
lies sealed beside them: nothing else of a file is told, neither its kind nor what it hashes to.
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.intake.db import attachments, passed_reports
from services.intake.domain.attachment import Attachment, Piece
from services.intake.domain.passed_report import file_wrap
from services.intake.domain.query_code import read_code
from services.intake.usecases.attachments import Store
from services.intake.usecases.file_report import DISCIPLINE
from shared import outbox
from shared.contracts.envelope import day_of
from shared.contracts.passed import LetterPassed
from shared.db import Transaction
from shared.deadlines import china_date
from shared.file_key import FileKeys
from shared.sealing import Sealer


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedStore(Store):
    """The store as the holder of a code has it."""

    sealer: Sealer

    @classmethod
    def of(cls, store: Store, sealer: Sealer, code: str) -> "PassedStore":
        """By the code as it was typed; it is one, for its report was found."""
        return cls.with_keys(store, sealer, FileKeys([file_wrap(read_code(code))]))

    @classmethod
    def with_keys(cls, store: Store, sealer: Sealer, keys: FileKeys) -> "PassedStore":
        """The same under other keys."""
        return cls(keys=keys, objects=store.objects, region=store.region, clamd=store.clamd, sealer=sealer)


async def with_index(store: PassedStore, attachment: Attachment, shared: Sequence[Piece]) -> tuple[Piece, ...]:
    """The pieces of the shared copy, and the index of all pieces as the last one. Raises `Unavailable`."""
    names = {"pieces": [piece.name for piece in attachment.pieces], "shared": [piece.name for piece in shared]}
    return (*shared, await store.write(attachment, store.key_of(attachment), json.dumps(names).encode()))


async def hand_on(
    tx: Transaction,
    store: PassedStore,
    attachment: Attachment,
    *,
    media_type: str,
    sha256: str,
    shared: tuple[Piece, ...],
    at: datetime,
) -> Attachment:
    """It was examined and is fine: discipline gets it as a letter of the reporter. `shared`: of `with_index`. The caller holds the
    file; what was expunged meanwhile it finds destroyed."""
    kept = attachment.hand_on(shared=shared)
    if kept.report_id is None:
        raise ValueError("a file of a lead is not handed on")
    on = china_date(at)
    file = told_of(store, kept, media_type=media_type, sha256=sha256)
    sealed = store.sealer.seal(DISCIPLINE, {"kind": "message", "file": file})
    await outbox.put(tx, LetterPassed(report_id=kept.report_id, on=on, sealed=sealed), at=day_of(at))
    await attachments.save(tx, kept)
    return kept


def told_of(store: PassedStore, kept: Attachment, *, media_type: str, sha256: str) -> dict[str, Any]:
    """What a letter's box says of a file: all that opens it."""
    return {
        "id": str(kept.id),
        "key": base64.b64encode(store.key_of(kept).secret).decode(),
        "index": kept.shared[-1].name,
        "media_type": media_type,
        "sha256": sha256,
        "length": kept.length,
        "copy": len(kept.shared) > 1,
    }


async def held(tx: Transaction, attachment: Attachment) -> Attachment:
    """The file, held, and before it its report, as whoever destroys holds them."""
    if attachment.report_id is not None:
        await passed_reports.lock(tx, attachment.report_id)
    return await attachments.get(tx, attachment.id, lock=True)
