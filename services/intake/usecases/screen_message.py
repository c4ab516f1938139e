"""A clerk looks through what gateways handed over: it is registered by the use case of every report, passed on to discipline, or put aside.
What is put aside stays for 30 days, listed with who did it, and the director takes it back: nothing is made to vanish by one person."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from services.intake.db import attachments, gateway_messages, mailbox, refused_messages
from services.intake.domain.attachment import EXCHANGED, Attachment
from services.intake.domain.code_list import CodeBook
from services.intake.domain.gateway_message import DAYS, AsideReason, Message, whole_text
from services.intake.usecases.attachments import NAME, Store, folder_of
from services.intake.usecases.examine_attachment import examine_attachment
from services.intake.usecases.file_report import Desk, Report
from services.intake.usecases.hand_files_on import examine_first, hand_files_on
from services.intake.usecases.pass_report import hand_over
from services.intake.usecases.passed_files import PassedStore
from services.intake.usecases.register_lead import register_lead
from services.intake.usecases.submit_lead import CREATED, Outcome
from services.intake.usecases.take_messages import content_of, open_texts, passed_of, text_key
from shared import audit, idempotency, metrics
from shared.auth import Principal
from shared.contracts.envelope import day_of
from shared.db import Database, Transaction
from shared.deadlines import china_date
from shared.errors import Conflict, NotAllowed, NotFound, Unavailable
from shared.file_key import CannotRead
from shared.idempotency import Answer, Claim

log = structlog.get_logger(__name__)

_NO_KEY = "没有打开该来件附件的密钥 / no key opens a file of this message"
AT_ONCE = 200
MOST_COUNTED = 10_000
LATE = metrics.Gauge(
    "xiansuo_gateway_messages_late", "Messages that wait for a clerk longer than D01 allows (counted to 10,000)"
)


async def read_messages(
    tx: Transaction, store: Store, messages: Sequence[Message], *, by: Principal, at: datetime
) -> dict[UUID, str]:
    """What they say; each reading is put on record. Somebody has to leaf through a mailbox, so no alert is raised for many."""
    told = {}
    for message in messages:
        await audit.record(tx, by, "message.read", message.id, at=at, purpose=by.purpose)
        with suppress(NotAllowed):  # the others are read all the same
            told[message.id] = text_of(store, message)
    return told


def text_of(store: Store, message: Message) -> str:
    """What a message says that nobody has decided on yet. Raises `NotAllowed` when no key opens it."""
    try:
        return whole_text(open_texts(text_key(store, message), message), message)
    except CannotRead:
        log.warning("message.unreadable", message_id=str(message.id))
        raise NotAllowed("没有打开该来件的密钥 / no key opens this message") from None


async def register_message(
    database: Database,
    desk: Desk,
    store: Store,
    message_id: UUID,
    blocks: Mapping[str, Any],
    *,
    urgent: bool,
    book: CodeBook,
    claim: Claim,
    by: Principal,
    at: datetime,
) -> Outcome:
    """It becomes a lead by the use case of every report; `blocks` as the clerk has ordered what it says. Raises `NotFound`, `NotAllowed`,
    `Invalid`."""
    async with database.transaction() as tx:
        hidden = desk.claim(claim)
        earlier = await idempotency.take(tx, hidden)
        if earlier is not None:
            return Outcome(earlier, replayed=True)
        message = await gateway_messages.get(tx, message_id, lock=True)
        message.must_wait()
        report = replace(_report(store, message, blocks), urgent=urgent)
        order = desk.file(report, book=book, key=claim.key, by=by, at=at)
        lead = await register_lead(tx, order, region=store.region)
        public_key = (await mailbox.box_of(tx, lead.id)).public_key
        for file in message.files:
            mine = _sealed(store, replace(file, lead_id=lead.id), public_key)
            await attachments.add(tx, mine, region=store.region, on=message.received_on)
        await gateway_messages.save(tx, message.register(lead.id, by=by.sub, on=china_date(at)))
        answer = Answer(CREATED, order.answer(lead) if order.answer else None)
        await idempotency.keep(tx, hidden, answer)
    for file in message.files:
        with suppress(Unavailable, NotFound):  # the clock does it again
            await examine_attachment(database, store, file.id, by=by, at=at)
    return Outcome(answer, replayed=False)


async def pass_message(
    database: Database, desk: Desk, store: Store, message_id: UUID, *, book: CodeBook, at: datetime
) -> None:
    """It is about the office: discipline gets all of it, and nothing says that it was here (G22). Raises `NotFound`, `NotAllowed`,
    `Conflict` when more of it came meanwhile, `Unavailable`."""
    async with database.transaction() as tx:
        message = await gateway_messages.get(tx, message_id)
    message.must_wait()
    passed, slip = passed_of(desk, _report(store, message, {}), about_office=True, book=book, at=at)
    theirs = PassedStore.of(store, desk.sealer, slip["query_code"])
    # not held while its files are examined: that takes seconds
    files = await examine_first(
        database, theirs, passed.id, [await _opened(store, file) for file in message.files], at=at
    )
    async with database.transaction() as tx:
        now = await gateway_messages.get(tx, message_id, lock=True)
        now.must_wait()
        if now != message:
            raise Conflict("该来件又有新的部分,请重试 / more of this message came meanwhile, try again")
        await hand_over(tx, passed, region=store.region, at=day_of(at))
        await hand_files_on(tx, theirs, files, at=at)
        await gateway_messages.save(tx, message.pass_on())


async def put_aside(
    tx: Transaction, message_ids: Sequence[UUID], reason: AsideReason, *, by: Principal, at: datetime
) -> None:
    """They are no reports: all of them or none. Raises `NotFound`, `NotAllowed`, and says which is in the way."""
    for message_id in sorted(set(message_ids)):
        try:
            message = (await gateway_messages.get(tx, message_id, lock=True)).put_aside(
                reason, by=by.sub, on=china_date(at)
            )
        except (NotFound, NotAllowed) as wrong:
            raise type(wrong)(wrong.detail, fields=[(f"ids.{message_ids.index(message_id)}", wrong.detail)]) from None
        await gateway_messages.save(tx, message)
        await audit.record(tx, by, "message.put-aside", message_id, at=at, detail={"reason": reason.value})


async def take_back(tx: Transaction, message_id: UUID, *, by: Principal, at: datetime) -> None:
    """It waits once more. Raises `NotFound`, `NotAllowed`."""
    message = await gateway_messages.get(tx, message_id, lock=True)
    await gateway_messages.save(tx, message.take_back())
    await audit.record(tx, by, "message.take-back", message_id, at=at)


async def close_refused(tx: Transaction, refused_ids: Sequence[UUID], *, by: Principal, at: datetime) -> None:
    """The gateway was asked for what it could not hand over, or nothing is to be done. Raises `NotFound`."""
    await refused_messages.close(tx, refused_ids, by=by.sub, on=china_date(at))
    for refused_id in refused_ids:
        await audit.record(tx, by, "message.close-refused", refused_id, at=at)


async def count_late(tx: Transaction, at: datetime) -> None:
    """The clock tells the operator how many wait too long: whoever does not open the day's list would not know."""
    LATE.set(await gateway_messages.late(tx, china_date(at), most=MOST_COUNTED))


async def clean_messages(tx: Transaction, at: datetime, *, store: Store) -> None:
    """The clock destroys what was put aside long enough ago, and removes the files of what is gone. Raises `Unavailable` when the store is
    away; the next turn does it again."""
    over = china_date(at) - timedelta(days=DAYS)
    await refused_messages.forget_settled(tx, over)
    for message in await gateway_messages.aside_since(tx, over, limit=AT_ONCE):
        await gateway_messages.save(tx, message.gone())
    for message in await gateway_messages.left_over(tx):
        for file in message.files:
            await store.objects.remove(folder_of(file))
        await gateway_messages.save(tx, message.without_files())


def _report(store: Store, message: Message, blocks: Mapping[str, Any]) -> Report:
    text = text_of(store, message)
    facts = {"summary": text, **blocks.get("facts", {})}
    rest = {name: value for name, value in blocks.items() if name != "facts"}
    return Report(
        channel=message.channel,
        naming=message.naming,
        reporter=None,
        content=content_of(message.channel, message.naming.value, facts, **rest),
        sent={"text": text},
        received_on=message.received_on,
        sealed=message.reporter,
        for_discipline=message.for_discipline,
        issued=message.issued,
    )


def _sealed(store: Store, file: Attachment, public_key: bytes) -> Attachment:
    """As if the reporter had sent it with his code. Raises `NotAllowed` when no key opens it."""
    if file.door not in EXCHANGED:
        return file
    try:
        return replace(file, boxes=store.boxes(store.key_of(file), public_key))
    except CannotRead:
        raise NotAllowed(_NO_KEY) from None


async def _opened(store: Store, file: Attachment) -> tuple[str, bytes]:
    """A file's name and content. Raises `NotAllowed` when no key opens it, `Unavailable`."""
    try:
        name = store.key_of(file).open(NAME, file.name_box).decode() if file.name_box else ""
        return name, b"".join([piece async for piece in store.read(file, file.pieces)])
    except CannotRead:
        raise NotAllowed(_NO_KEY) from None
