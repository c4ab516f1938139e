"""The files of a message past the office (G22), whose code nobody may have: written and examined before anything says that there is such a
report, then handed on in the transaction that passes it on. A process that dies before has passed nothing on, and the message comes, or
waits, once more; one that dies afterwards has handed on all (docs/decisions/0104)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from services.intake.db import attachments
from services.intake.domain.attachment import Attachment, Door
from services.intake.usecases.attachments import NAME, begin, keep
from services.intake.usecases.examine_attachment import Found, look_at, refusal
from services.intake.usecases.file_report import PUBLIC
from services.intake.usecases.passed_files import PassedStore, hand_on
from shared.db import Database, Transaction
from shared.deadlines import china_date


@dataclass(frozen=True, slots=True)
class Examined:
    """A file in the store, and what it is."""

    file: Attachment
    found: Found


async def examine_first(
    database: Database,
    store: PassedStore,
    report_id: UUID,
    files: Sequence[tuple[str, bytes]],
    *,
    door: Door = Door.REPORTER,
    at: datetime,
) -> list[Examined]:
    """Write and examine them; `files`: names and contents. Raises `Unavailable` when store or scanner are away: then nothing is here."""
    new = [_new(store, report_id, door, name, content) for name, content in files]
    await begin(database, new, at=at)
    try:
        examined = []
        for file, (_, content) in zip(new, files, strict=True):
            written = await store.write_whole(file, content)
            examined.append(Examined(written, await look_at(store, written)))
    except BaseException:
        await store.forget(new)
        raise
    return examined


async def hand_files_on(tx: Transaction, store: PassedStore, examined: Sequence[Examined], *, at: datetime) -> None:
    """As if the reporter had sent them; one that is refused stops none of the others. Raises `Unavailable`."""
    await keep(tx, [each.file for each in examined])
    for each in examined:
        media_type, refused, sha256, shared = each.found
        file = each.file.refuse(refusal(refused)) if refused else each.file
        await attachments.add(tx, file, region=store.region, on=china_date(at))
        if not refused:
            await hand_on(tx, store, file, media_type=media_type, sha256=sha256, shared=shared, at=at)


def _new(store: PassedStore, report_id: UUID, door: Door, name: str, content: bytes) -> Attachment:
    new = uuid4()
    key, key_id, wrapped = store.keys.new(new)
    return Attachment(
        id=new,
        lead_id=None,
        report_id=report_id,
        door=door,
        uploaded_by=PUBLIC.sub,
        length=len(content),
        key_id=key_id,
        wrapped_key=wrapped,
        name_box=key.seal(NAME, name.encode()) if name else None,
    )
