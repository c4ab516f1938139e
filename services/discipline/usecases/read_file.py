"""A file that the reporter of a report past the office added (G22): intake examined it at the door and keeps sealed pieces, discipline has
the key. Who of discipline reads gets the copy without metadata; the file as it came is for who may read the reporter (G1)."""

import json
from collections.abc import AsyncIterator
from datetime import datetime
from uuid import UUID

from services.discipline.db import report_letters, report_openings, reports
from services.discipline.domain.letter import SentFile
from services.discipline.usecases.open_reporter import hold_with_report
from services.discipline.usecases.report_post import Post
from shared import audit, reads
from shared.auth import Principal
from shared.db import Transaction
from shared.deadlines import china_date
from shared.errors import NotAllowed, NotFound, Unavailable
from shared.file_key import FileKey
from shared.objects import PASSED, Objects


async def read_file(
    tx: Transaction, report_id: UUID, number: int, *, post: Post, by: Principal, at: datetime
) -> SentFile:
    """The file of this letter, for its copy without metadata (sound and film: as it came); on record, the letter counts as read. Raises
    `NotFound`, `NotAllowed` once it was destroyed."""
    await reports.get(tx, report_id, lock=True)
    file = await _file(tx, report_id, number, post=post)
    await report_letters.mark_read(tx, report_id, [number], on=china_date(at))
    await reads.note(tx, by, "report.read-file", report_id, at=at, detail={"letter": number})
    return file


async def read_original(
    tx: Transaction, opening_id: UUID, number: int, *, post: Post, by: Principal, at: datetime
) -> SentFile:
    """The file as it came, which can tell who reported: for whom the reporter was opened to, while the time lasts; on record as a
    reading of the opening. Raises `NotFound`, `Forbidden`, `NotAllowed`."""
    opening = await hold_with_report(tx, opening_id)
    opening.must_be_readable(handled_by=await reports.actors(tx, opening.report_id), by=by, at=at)
    opening.must_show_originals()
    file = await _file(tx, opening.report_id, number, post=post)
    reading = await report_openings.add_reading(tx, opening.id, reader=by.sub, at=at)
    detail = {"opening": str(opening.id), "reading": reading, "letter": number, "original": True}
    await audit.record(
        tx, by, "report.read-file", opening.report_id, at=at, purpose=opening.purpose.value, detail=detail
    )
    return file


async def content_of(objects: Objects | None, file: SentFile, *, original: bool) -> AsyncIterator[bytes]:
    """The file in the clear, piece by piece. Raises `Unavailable` when the store is away, not set, or has it no more."""
    if objects is None:
        raise Unavailable(
            "未配置附件存储,请联系运维(DISCIPLINE_ATTACHMENT_STORE) / no store of attachments is set, ask the operator"
        )
    key, folder = FileKey(file.id, file.key), f"{PASSED}/{file.id}"
    index = json.loads(key.open(file.index, await objects.get(folder, file.index)))
    for name in index["pieces" if original or not file.copy else "shared"]:
        yield key.open(name, await objects.get(folder, name))


async def _file(tx: Transaction, report_id: UUID, number: int, *, post: Post) -> SentFile:
    letter = await report_letters.get(tx, report_id, number)
    if letter is None:
        raise NotFound("没有这封信 / no such letter")
    if letter.sealed is None:
        raise NotAllowed("附件已销毁 / the file was destroyed")
    file = SentFile.of(post.read(letter))
    if file is None:
        raise NotFound("该信没有附件 / this letter has no file")
    return file
