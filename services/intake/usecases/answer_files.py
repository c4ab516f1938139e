"""Files of discipline for the reporter of a report past the office (G22): examined at intake like the office's, kept sealed in pieces
whose key intake does not keep. The door's answer has the key in a box for discipline, whose letter hands it on to the query code."""

import base64
import json
import secrets
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from services.intake.db import attachments, passed_reports
from services.intake.domain.attachment import Attachment, Door, check_new
from services.intake.domain.passed_report import file_wrap
from services.intake.usecases.attachments import Store, folder_of, keep
from services.intake.usecases.file_report import DISCIPLINE
from services.intake.usecases.hand_files_on import examine_first
from services.intake.usecases.letter_files import NOT_NAMED
from services.intake.usecases.passed_files import PassedStore, told_of
from shared.contracts.envelope import SealedBox
from shared.db import Database, Transaction
from shared.deadlines import china_date
from shared.errors import Invalid, NotFound
from shared.file_key import FileKey, FileKeys
from shared.sealing import Sealer
from shared.secrecy import refuse_marked_names

ATTACHED = "attached"
"""Where a letter of discipline says how its files are opened."""
_NO_REPORT = "没有该绕行举报,或已销毁 / no such report past the office, or it was destroyed"


async def take_answer_file(
    database: Database, store: Store, sealer: Sealer, report_id: UUID, name: str, content: bytes, *, at: datetime
) -> SealedBox:
    """→ what discipline's letter takes to name the file. A file that no letter names can be opened by nobody. Raises `NotFound`, `Invalid`,
    `NotAllowed` when too many are here, `Unavailable` when store or scanner are away."""
    refuse_marked_names("Upload-Metadata", [name])
    if not content:
        raise Invalid("空文件 / an empty file", fields=[("file", "至少1字节 / at least 1 byte")])
    async with database.transaction() as tx:
        await _must_fit(tx, report_id, name, content)
    # the key is kept in the box alone: what wraps it here is thrown away
    once = PassedStore.with_keys(store, sealer, FileKeys([file_wrap(secrets.token_hex(32))]))
    [examined] = await examine_first(database, once, report_id, [("", content)], door=Door.MAILBOX, at=at)
    media_type, refused, sha256, shared = examined.found
    if refused:
        await once.forget([examined.file])
        raise Invalid("文件未接收 / the file was not taken", fields=[("file", refused)])
    file = replace(examined.file, uploaded_by=DISCIPLINE).hand_on(shared=shared)
    async with database.transaction() as tx:
        await _must_fit(tx, report_id, name, content)
        await keep(tx, [file])
        await attachments.add(tx, file, region=store.region, on=china_date(at))
    told = told_of(once, file, media_type=media_type, sha256=sha256)
    return sealer.seal(DISCIPLINE, {"report_id": str(report_id), "file": {**told, "name": name}})


async def answer_file(
    tx: Transaction, store: Store, report_id: UUID, says: Mapping[str, Any], file_id: UUID
) -> tuple[str, AsyncIterator[bytes]]:
    """The name of a file that this letter of discipline names, and its copy without metadata. Raises `NotFound`, `NotAllowed` when it was
    destroyed."""
    told = next((each for each in says.get(ATTACHED, ()) if each["id"] == str(file_id)), None)
    file = await attachments.get(tx, file_id) if told else None
    if told is None or file is None or file.report_id != report_id:
        raise NotFound(NOT_NAMED)
    return told["name"] or str(file.id), _content(store, file.readable(), told)


async def _content(store: Store, file: Attachment, told: Mapping[str, Any]) -> AsyncIterator[bytes]:
    key, folder = FileKey(file.id, base64.b64decode(told["key"])), folder_of(file)
    index = json.loads(key.open(told["index"], await store.objects.get(folder, told["index"])))
    for name in index["shared"]:
        yield key.open(name, await store.objects.get(folder, name))


async def _must_fit(tx: Transaction, report_id: UUID, name: str, content: bytes) -> None:
    if not await passed_reports.lock(tx, report_id):
        raise NotFound(_NO_REPORT)
    files = await attachments.count_passed(tx, report_id, Door.MAILBOX)
    check_new(length=len(content), name=name, files=files)
