"""Someone downloads a file, and says what for; that is put on record before the first byte leaves (PIPL §6, G11)."""

from collections.abc import AsyncIterator
from datetime import datetime
from mimetypes import guess_extension
from uuid import UUID

from services.intake.db import attachments, leads, merges, police_calls, redactions, screenings, transfers
from services.intake.domain.attachment import REPORTERS, SEALED, Attachment, Door, State
from services.intake.domain.lead import Lead
from services.intake.domain.redaction import replaced
from services.intake.usecases import ask_about_children
from services.intake.usecases.attachments import NAME, Store
from services.intake.usecases.check_unit import touched
from services.intake.usecases.stay_away import must_not_be_concerned
from shared import audit
from shared.auth import Principal
from shared.db import Transaction
from shared.errors import Forbidden, NotFound
from shared.file_key import CannotRead
from shared.secrecy import refuse_marked

OFFICE = frozenset({"ana", "ofd"})
UNIT = frozenset({"unl", "unh"})
PARTNER = frozenset({"prt"})
FEED = frozenset({"m110"})


async def lead_for(tx: Transaction, lead_id: UUID, by: Principal) -> Lead:
    """The lead, for the office or the unit that is charged with it. Raises `NotFound`, for another unit like for no lead."""
    lead = await leads.get(tx, lead_id)
    if by.roles & (OFFICE | {"icl", "sup"}):
        return lead
    if by.roles >= PARTNER:
        mine = await transfers.unit_of(tx, lead_id) == by.unit
    else:
        mine = lead.assignment is not None and lead.assignment.unit == by.unit
    if not mine:
        raise NotFound("没有该线索 / no such lead")
    return lead


async def matter_for(tx: Transaction, lead_id: UUID, by: Principal, *, at: datetime) -> list[Lead]:
    """The lead and, for a master, its repeats, whose files are the matter's: whoever may see the one's sees the others', but no unit that
    is touched by whom a repeat is about (G2, G-CONF), and none while the director has not said what is done about a child whom a repeat
    names (G19). Raises `NotFound`."""
    lead = await lead_for(tx, lead_id, by)
    repeats = await merges.repeats_of(tx, lead_id)
    if repeats and lead.assignment and not by.roles & (OFFICE | {"icl", "sup"}):
        _, findings = await touched(tx, lead, lead.assignment.unit, at=at)
        if (findings and findings.obstacles) or await ask_about_children.is_asked(tx, lead):
            return [lead]
    return [lead, *repeats]


async def must_add_to(tx: Transaction, lead_id: UUID, by: Principal) -> Door:
    """Through which door they may add a file to this lead: also the unit that found it and the feed that handed it over, who read none.
    Raises `NotFound`, `Forbidden` for who is concerned."""
    await must_not_be_concerned(tx, lead_id, by)
    if by.roles & UNIT:
        if await screenings.found_by(tx, lead_id) != by.unit:
            await lead_for(tx, lead_id, by)
        return Door.UNIT
    if by.roles & FEED:
        if not await police_calls.is_call(tx, lead_id):
            raise NotFound("没有该线索 / no such lead")
        return Door.CALL
    await lead_for(tx, lead_id, by)
    return Door.PARTNER if by.roles & PARTNER else Door.OFFICE


def is_for(attachment: Attachment, by: Principal) -> bool:
    """Whether they may know of the file: what the office writes to a reporter concerns the two alone."""
    return attachment.door is not Door.MAILBOX or bool(by.roles & OFFICE)


def is_listed(attachment: Attachment, by: Principal) -> bool:
    """Whether it stands in their list: to a unit what others sent and nobody ever had whole is of no use."""
    came = attachment.state in (State.KEPT, State.SHREDDED) or attachment.uploaded_by in by.accounts
    return is_for(attachment, by) and (came or not by.roles & UNIT)


async def read_attachment(
    tx: Transaction,
    store: Store,
    lead_id: UUID,
    attachment_id: UUID,
    *,
    original: bool,
    purpose: str,
    by: Principal,
    at: datetime,
) -> tuple[Attachment, AsyncIterator[bytes]]:
    """The shared copy, or the file as it came for the office alone. Raises `NotFound`, `NotAllowed` (also when the lead is
    sealed, G14), `Forbidden`, `Invalid`."""
    refuse_marked("purpose", [purpose])
    await must_not_be_concerned(tx, lead_id, by)
    matter = await matter_for(tx, lead_id, by, at=at)
    attachment = await attachments.get(tx, attachment_id)
    came_with = next((lead for lead in matter if lead.id == attachment.lead_id), None)
    for lead in (matter[0], came_with or matter[0]):
        lead.must_be_used()
    if came_with is None or not is_for(attachment, by):
        raise NotFound("没有该附件 / no such file")
    attachment.readable()
    if original and attachment.shared and attachment.door is Door.REPORTER:
        raise Forbidden(
            "举报人文件的原件可能显露举报人,请下载去除元数据的副本"
            " / what a reporter's file says beside its content could tell who reported; take the copy"
        )
    if not by.roles & OFFICE and (original or not attachment.shared):
        raise Forbidden(
            "原件仅扫黑办可下载,音视频没有去除元数据的副本"
            " / the file as it came is for the office alone; sound and film have no copy without metadata"
        )
    if attachment.id in replaced(await redactions.of_lead(tx, came_with.id)):
        raise Forbidden(
            "该文件已有涂黑件,请下载涂黑件;原件须由两名保管员调阅"
            " / a blackened copy is in its place; two keepers of the vault open what it was made from"
        )
    if attachment.door in SEALED:
        raise Forbidden(
            "信件扫描件、110录音显露举报人,须由两名保管员调阅 / this shows who reported; two keepers of the vault open it"
        )
    detail = {"attachment": str(attachment.id), "original": original}
    if came_with.id != lead_id:
        detail["master"] = str(lead_id)
    await audit.record(tx, by, "attachment.read", came_with.id, at=at, purpose=purpose, detail=detail)
    pieces = attachment.pieces if original or not attachment.shared else attachment.shared
    return attachment, store.read(attachment, pieces)


def called(store: Store, attachment: Attachment) -> str:
    """What it is called where it is saved: its name, or its id with an ending by which a machine knows what opens it."""
    return name_of(store, attachment) or f"{attachment.id}{guess_extension(attachment.media_type or '') or ''}"


def name_of(store: Store, attachment: Attachment) -> str | None:
    """The file's name, for those who may read the file; None also when its key was taken out of the settings. What a reporter calls his
    file can tell who he is: it is shown to nobody."""
    if attachment.name_box is None or attachment.door in REPORTERS:
        return None
    try:
        return store.key_of(attachment).open(NAME, attachment.name_box).decode()
    except CannotRead:
        return None
