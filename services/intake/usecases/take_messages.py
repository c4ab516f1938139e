"""Messages come in from a gateway: e-mail, text, voicemail (peers row 4). Each waits for a clerk, sealed; what its gateway took for
discipline, or for a report about the office, goes there at once and the office never sees it (G22).

A message is known by a keyed hash of its gateway and number, so a batch needs no key of its own, and one that broke off is sent again.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import uuid4

from services.intake.db import gateway_messages, notices, refused_messages
from services.intake.db.refused_messages import RefusedMessage
from services.intake.domain.attachment import LONGEST_NAME, Attachment, Door
from services.intake.domain.code_list import CodeBook
from services.intake.domain.gateway_message import (
    MOST_TEXT,
    Incoming,
    Message,
    MessageFate,
    joined,
    nothing_said,
    plain,
    without_sender,
)
from services.intake.domain.passed_report import Passed
from services.intake.domain.report import Channel, Naming
from services.intake.usecases.attachments import NAME, Store, begin, keep
from services.intake.usecases.file_report import DISCIPLINE, Desk, Report, open_answer
from services.intake.usecases.hand_files_on import examine_first, hand_files_on
from services.intake.usecases.pass_report import hand_over
from services.intake.usecases.passed_files import PassedStore
from shared import metrics
from shared.auth import Principal
from shared.contracts.envelope import day_of
from shared.db import Database, Transaction, after_commit
from shared.deadlines import china_date, in_force
from shared.errors import Invalid, Refused, Unavailable
from shared.file_key import FileKey
from shared.secrecy import refuse_marked, refuse_marked_names

TEXT = "text"
"""What the box of a message is sealed as."""
CAME = metrics.counter(
    "gateway_messages", "Messages that gateways handed over and that were not known, by channel", ["kind"]
)


@dataclass(frozen=True, slots=True)
class MessageDone:
    """What became of one; `errors` are (field, reason) of a refusal."""

    fate: MessageFate
    errors: tuple[tuple[str, str], ...] = ()
    slip: Mapping[str, Any] | None = None
    """The code and receipt to send back; told this once and kept nowhere."""
    reference: str | None = None
    """Of a refused one that the office is told of: what gateway and clerk call it, who have no other name for it in common."""


class TakeMessages:
    """The gateways' door. `slips`: accounts of those that may send codes back (docs/decisions/0102)."""

    def __init__(
        self, database: Database, *, desk: Desk, store: Store, digest: bytes, slips: Collection[str] = ()
    ) -> None:
        self.database, self.desk, self.store, self._digest = database, desk, store, digest
        self._slips = frozenset(slips)

    async def refuse(
        self,
        errors: tuple[tuple[str, str], ...],
        *,
        channel: Channel | None,
        number: str | None,
        part: int,
        past_office: bool,
        by: Principal,
        at: datetime,
    ) -> MessageDone:
        """One that cannot be taken. Its gateway still has it and is told; the office is told that it came and why, or nobody would miss
        it: but not of what was for discipline (G22)."""
        if past_office:
            return MessageDone(MessageFate.REFUSED, errors)
        mark = self._refused(by, number, part) if number else self._mark("unnumbered", by.sub, json.dumps(errors))
        async with self.database.transaction() as tx:
            await refused_messages.keep(tx, RefusedMessage(mark, by.sub, channel, errors), on=china_date(at))
        return MessageDone(MessageFate.REFUSED, errors, reference=reference_of(mark))

    async def __call__(self, incoming: Incoming, *, book: CodeBook, by: Principal, at: datetime) -> MessageDone:
        """Take one. Raises what hinders all alike (no database, no store of files): what was done before is known when the batch comes
        again."""
        try:
            done = await self._take(_checked(incoming, at), book=book, by=by, at=at)
        except Unavailable:
            raise
        except Refused as refused:
            done = MessageDone(MessageFate.REFUSED, tuple(refused.fields) or (("message", refused.detail),))
        if done.fate is not MessageFate.REFUSED:
            return done
        return await self.refuse(
            done.errors,
            channel=incoming.channel,
            number=incoming.external_no,
            part=incoming.part,
            past_office=incoming.past_office,
            by=by,
            at=at,
        )

    async def _take(self, incoming: Incoming, *, book: CodeBook, by: Principal, at: datetime) -> MessageDone:
        mark, content = self._marks(incoming, by)
        async with self.database.transaction() as tx:
            known = await gateway_messages.find(tx, mark)
        if known and (done := _heard(known, incoming, content)).fate is not MessageFate.TAKEN:
            return done
        if incoming.past_office:
            return await self._pass_on(incoming, mark, content, book=book, by=by, at=at)
        message = await self._sealed(incoming, content, by=by, at=at)
        done = MessageDone(MessageFate.KNOWN)
        try:
            async with self.database.transaction() as tx:
                done = await self._keep(tx, message, incoming, mark, content)
                if done.fate is MessageFate.TAKEN:
                    await refused_messages.taken(
                        tx, self._refused(by, incoming.external_no, incoming.part), on=china_date(at)
                    )
        finally:
            if done.fate is not MessageFate.TAKEN:
                await self.store.forget(message.files)
        return done

    def _marks(self, incoming: Incoming, by: Principal) -> tuple[bytes, str]:
        """As what it is known, and what came. Parts are of one message only when they have one sender: numbers for them are few and come
        again."""
        sender = json.dumps(incoming.sender, sort_keys=True) if incoming.parts > 1 else ""
        files = [[name, hashlib.sha256(content).hexdigest()] for name, content in incoming.files]
        said = [incoming.channel, incoming.sender, incoming.text, incoming.past_office, files]
        return self._mark("number", by.sub, incoming.external_no, sender), self._mark(
            "content", *map(json.dumps, said)
        ).hex()

    def _refused(self, by: Principal, number: str, part: int) -> bytes:
        return self._mark("refused", by.sub, number, str(part))

    def _mark(self, *parts: str) -> bytes:
        return hmac.digest(self._digest, b"xiansuo.gateway-message.v1\0" + json.dumps(parts).encode(), "sha256")

    async def _sealed(self, incoming: Incoming, content: str, *, by: Principal, at: datetime) -> Message:
        """The message as it is kept, its files in the store already. Raises `Unavailable`."""
        new, sealer = uuid4(), self.desk.sealer
        key, key_id, wrapped = self.store.keys.new(new)
        received_on = incoming.received_on or china_date(at)
        async with self.database.transaction() as tx:
            days = await notices.calendar(tx)
        told = {**incoming.sender, "naming": incoming.naming.value} if incoming.sender else None
        return Message(
            id=new,
            gateway=by.sub,
            channel=incoming.channel,
            naming=incoming.naming,
            received_on=received_on,
            due_on=in_force(received_on).limits["D01"].after(received_on, days).on,
            parts=incoming.parts,
            marks={str(incoming.part): content},
            left_out=incoming.left_out,
            key_id=key_id,
            wrapped_key=wrapped,
            box=seal_texts(key, joined({str(incoming.part): incoming.text}, incoming.sender)),
            reporter=sealer.seal_record("vault", told) if told else None,
            for_discipline=sealer.seal(DISCIPLINE, told) if told else None,
            files=await self._stored(incoming, by=by, at=at),
        )

    async def _stored(self, incoming: Incoming, *, by: Principal, at: datetime) -> tuple[Attachment, ...]:
        """The files in the store, to be examined once a lead has them. Raises `Unavailable`."""
        new = [self._new(incoming.channel, name, len(content), by=by) for name, content in incoming.files]
        await begin(self.database, new, at=at)
        both = zip(new, incoming.files, strict=True)
        return tuple([await self.store.write_whole(file, content) for file, (_, content) in both])

    def _new(self, channel: Channel, name: str, length: int, *, by: Principal) -> Attachment:
        """A recording lets its caller be heard."""
        new = uuid4()
        key, key_id, wrapped = self.store.keys.new(new)
        return Attachment(
            id=new,
            lead_id=None,
            door=Door.CALL if channel is Channel.VOICE else Door.REPORTER,
            uploaded_by=by.sub,
            length=length,
            key_id=key_id,
            wrapped_key=wrapped,
            name_box=key.seal(NAME, name.encode()) if name else None,
        )

    async def _keep(
        self, tx: Transaction, message: Message, incoming: Incoming, mark: bytes, content: str
    ) -> MessageDone:
        message, slip = self._answered(message, incoming.text)
        if await gateway_messages.add(tx, message, mark, region=self.store.region):
            await keep(tx, message.files)
            after_commit(tx, CAME.labels(incoming.channel.value).inc)
            return MessageDone(MessageFate.TAKEN, slip=slip)
        known = await gateway_messages.find(tx, mark, lock=True)
        if known is None:
            raise RuntimeError("a message was there and is not")
        done = _heard(known, incoming, content)
        if done.fate is MessageFate.TAKEN:
            key = text_key(self.store, known)
            texts = joined({**open_texts(key, known), str(incoming.part): incoming.text}, incoming.sender)
            refuse_marked("text", ["".join(texts.values())])
            whole = known.join(incoming.part, content, seal_texts(key, texts))
            whole, slip = self._answered(whole, "".join(texts.values()))
            await gateway_messages.save(tx, whole)
            return replace(done, slip=slip)
        return done

    def _answered(self, message: Message, text: str) -> tuple[Message, Mapping[str, Any] | None]:
        """With a code for its sender, where its gateway may send one and all of it is here."""
        if message.gateway not in self._slips or not message.can_be_answered:
            return message, None
        _, slip, issued = self.desk.issue({"text": text}, message.received_on)
        return replace(message, issued=issued), slip

    async def _pass_on(
        self, incoming: Incoming, mark: bytes, content: str, *, book: CodeBook, by: Principal, at: datetime
    ) -> MessageDone:
        """To discipline alone; here stays that the number is known."""
        text = without_sender(incoming.text, incoming.sender) or nothing_said(incoming.channel)
        report = Report(
            channel=incoming.channel,
            naming=incoming.naming,
            reporter=incoming.sender,
            content=content_of(incoming.channel, incoming.naming.value, {"summary": text}),
            sent={"text": incoming.text},
        )
        passed, slip = passed_of(self.desk, report, about_office=incoming.about_office, book=book, at=at)
        empty = await self._sealed(replace(incoming, files=(), sender=None), content, by=by, at=at)
        theirs = PassedStore.of(self.store, self.desk.sealer, slip["query_code"])
        files = await examine_first(self.database, theirs, passed.id, incoming.files, at=at)
        async with self.database.transaction() as tx:
            if not await gateway_messages.add(tx, empty.gone(), mark, region=self.store.region):
                return MessageDone(MessageFate.KNOWN)
            await hand_over(tx, passed, region=self.store.region, at=day_of(at))
            await hand_files_on(tx, theirs, files, at=at)
        answerable = empty.gateway in self._slips and incoming.naming is not Naming.ANONYMOUS
        return MessageDone(MessageFate.TAKEN, slip=slip if answerable else None)


def reference_of(mark: bytes) -> str:
    """What a refused message is called."""
    return mark.hex()[:12]


def content_of(channel: Channel, naming: str, facts: Mapping[str, Any], **blocks: Any) -> dict[str, Any]:
    """The blocks of a report that came as a message."""
    return {"channel": channel.value, "naming": naming, "facts": dict(facts), **blocks}


def passed_of(
    desk: Desk, report: Report, *, about_office: bool, book: CodeBook, at: datetime
) -> tuple[Passed, dict[str, Any]]:
    """The report as discipline gets it, and its slip, whose code is its files' key. Raises `Invalid`."""
    key = secrets.token_hex(16)
    passed = desk.pass_on(report, about_office=about_office, book=book, key=key, at=at)
    return passed, open_answer(passed.answer, key)


def text_key(store: Store, message: Message) -> FileKey:
    """The key of a message's text. Raises `CannotRead`."""
    return store.keys.open(message.id, message.key_id, message.wrapped_key)


def seal_texts(key: FileKey, texts: Mapping[str, str]) -> bytes:
    """The box of a message."""
    return key.seal(TEXT, json.dumps(texts, ensure_ascii=False).encode())


def open_texts(key: FileKey, message: Message) -> dict[str, str]:
    """The texts by their parts' numbers. Raises `CannotRead`."""
    found: dict[str, str] = json.loads(key.open(TEXT, message.box or b""))
    return found


def _heard(known: Message, incoming: Incoming, content: str) -> MessageDone:
    fate = known.hear(incoming.part, incoming.parts, content)
    if fate is MessageFate.REFUSED:
        reason = "该编号已用于另一来件 / this number was used for another message"
        return MessageDone(fate, (("external_no", reason),))
    if fate is MessageFate.TAKEN and not known.wrapped_key:
        reason = "该短信其余部分已处理,请以新编号另送 / its other parts were dealt with: hand this one over under a number of its own"
        return MessageDone(MessageFate.REFUSED, (("part", reason),))
    return MessageDone(fate)


def _checked(incoming: Incoming, at: datetime) -> Incoming:
    """Its text as it is kept. Raises `Invalid`, `TooLarge`."""
    text = plain(incoming.text)
    if len(text) > MOST_TEXT:
        _refuse("text", f"文字超过{MOST_TEXT}字 / more than {MOST_TEXT} characters")
    if not text and not incoming.files:
        _refuse("text", "没有内容 / it says nothing")
    if incoming.received_on and incoming.received_on > china_date(at):
        _refuse("received_on", "晚于今天 / in the future")
    files = tuple((plain(name)[-LONGEST_NAME:], content) for name, content in incoming.files if content)
    refuse_marked("text", [text])
    refuse_marked_names("files", [name for name, _ in files])
    return replace(incoming, text=text, files=files)


def _refuse(field: str, reason: str) -> None:
    raise Invalid(reason, fields=[(field, reason)])
