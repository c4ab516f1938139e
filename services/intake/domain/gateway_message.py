"""A message 来件 as a gateway hands it over: an e-mail, a text message, a voicemail (§2.5; §4.2: a draft, which a clerk registers). Pure.

A mailbox gets what nobody meant for it, so a message is no lead yet: it waits, sealed, until a clerk has looked at it within D01. It is
registered, passed on to discipline, or put aside; what was put aside can be taken back for `DAYS`, then it is destroyed.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Self
from unicodedata import category
from uuid import UUID

from services.intake.domain.attachment import Attachment
from services.intake.domain.discreet import REPORTER, without_person
from services.intake.domain.own_words import NO_TRANSCRIPT, NO_WORDS
from services.intake.domain.report import Channel, Issued, Naming
from shared.codes import Labelled
from shared.contracts.envelope import SealedBox
from shared.errors import NotAllowed
from shared.sealing import SealedRecord

DAYS = 30
"""That what was put aside is kept for."""
MOST_TEXT = 20_000
MOST_PARTS = 30
_COUNTRY = re.compile(r"^(?:\+|00)?86(?=1\d{10}$)")
_WORD = 5
"""Letters that the name before an @ has at least, to be taken out where it stands alone."""


class MessageState(Labelled):
    """Where a message stands. 来件状态"""

    WAITING = "waiting", "待筛查", "waits for a clerk"
    REGISTERED = "registered", "已登记为线索", "became a lead"
    ASIDE = "aside", "已搁置", "put aside; it can be taken back for 30 days"
    GONE = "gone", "已清除", "nothing of it is here any more"


class AsideReason(Labelled):
    """Why a message is not registered. 搁置原因"""

    SPAM = "spam", "垃圾信息、广告", "spam, advertising"
    NO_REPORT = "no-report", "不是举报", "not a report"
    TWICE = "twice", "重复发送", "the same, sent twice"


class MessageFate(Labelled):
    """What became of a message of the batch. 接收结果"""

    TAKEN = "taken", "已接收", "taken"
    KNOWN = "known", "已有,未变动", "known, nothing changed"
    REFUSED = "refused", "未接收", "could not be taken, see errors"


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """One element of a batch as its door read it. `sender`: name, phone, email, note of whoever sent it; nothing of it stands elsewhere."""

    external_no: str
    channel: Channel
    sender: Mapping[str, str] | None
    text: str
    part: int = 1
    parts: int = 1
    files: tuple[tuple[str, bytes], ...] = ()
    """Names and contents."""
    left_out: int = 0
    """Files beyond what a report may have."""
    received_on: date | None = None
    past_office: bool = False
    about_office: bool = False

    @property
    def naming(self) -> Naming:
        """Whose number or address is known did not ask to be named, and not to be anonymous: the most careful of what it may mean."""
        known = {"name", "phone", "email"} & set(self.sender or ())
        return Naming.CONFIDENTIAL if known else Naming.ANONYMOUS


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is kept of one. Without `wrapped_key` nobody can read it any more."""

    id: UUID
    gateway: str
    channel: Channel
    naming: Naming
    received_on: date
    due_on: date
    """By which day a clerk decides (D01)."""
    parts: int
    marks: Mapping[str, str]
    """Number of a part that is here → keyed hash of what came."""
    left_out: int
    key_id: str
    wrapped_key: bytes | None
    box: bytes | None
    """The texts by their parts' numbers, sealed."""
    reporter: SealedRecord | None
    for_discipline: SealedBox | None
    """The sender again, for discipline alone: where a clerk sees that the message is about the office."""
    files: tuple[Attachment, ...] = ()
    state: MessageState = MessageState.WAITING
    reason: AsideReason | None = None
    decided_by: str | None = None
    decided_on: date | None = None
    lead_id: UUID | None = None
    issued: Issued | None = None
    """Of the code that its gateway was given to send back, until a lead has it."""

    @property
    def can_be_answered(self) -> bool:
        """Whether all of it is here, and from somebody who can be written to."""
        return self.reporter is not None and self.naming is not Naming.ANONYMOUS and not self.missing

    @property
    def missing(self) -> list[int]:
        """Parts that are not here yet."""
        return [number for number in range(1, self.parts + 1) if str(number) not in self.marks]

    def hear(self, part: int, parts: int, mark: str) -> MessageFate:
        """What this part does: a number that was used for something else is refused, or a report would be lost in silence."""
        known = self.marks.get(str(part))
        if parts != self.parts or known not in (None, mark):
            return MessageFate.REFUSED
        return MessageFate.KNOWN if known else MessageFate.TAKEN

    def join(self, part: int, mark: str, box: bytes) -> Self:
        """A further part is here. Raises `NotAllowed` when it was decided already."""
        self.must_wait()
        return replace(self, marks={**self.marks, str(part): mark}, box=box)

    def register(self, lead_id: UUID, *, by: str, on: date) -> Self:
        """It became a lead, which has all that it held."""
        self.must_wait()
        return self._emptied(MessageState.REGISTERED, files=(), lead_id=lead_id, decided_by=by, decided_on=on)

    def put_aside(self, reason: AsideReason, *, by: str, on: date) -> Self:
        """It is no report."""
        self.must_wait()
        return replace(self, state=MessageState.ASIDE, reason=reason, decided_by=by, decided_on=on)

    def take_back(self) -> Self:
        """It is looked at once more."""
        self._must_be(MessageState.ASIDE)
        return replace(self, state=MessageState.WAITING, reason=None, decided_by=None, decided_on=None)

    def pass_on(self) -> Self:
        """It went to discipline; who decided it stands nowhere (G22)."""
        self.must_wait()
        return self.gone()

    def gone(self) -> Self:
        """Nobody can read it any more; its files' pieces are removed by the clock."""
        files = tuple(replace(file, wrapped_key=None, name_box=None) for file in self.files)
        return self._emptied(MessageState.GONE, files=files, reason=None, decided_by=None, decided_on=None)

    def without_files(self) -> Self:
        """Their pieces were removed."""
        return replace(self, files=())

    def must_wait(self) -> None:
        """Raises `NotAllowed` when somebody has decided."""
        self._must_be(MessageState.WAITING)

    def _emptied(self, state: MessageState, **more: Any) -> Self:
        empty = {"wrapped_key": None, "box": None, "reporter": None, "for_discipline": None, "issued": None}
        return replace(self, state=state, **{**empty, **more})

    def _must_be(self, state: MessageState) -> None:
        if self.state is not state:
            raise NotAllowed(f"来件为“{self.state.zh}” / the message is {self.state.value}: {self.state.en}")


def plain(text: str) -> str:
    """The text without signs that no text has (NUL and the like, halves of letters) and without empty lines on end."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = "".join(sign for sign in text if sign in "\n\t" or category(sign) not in ("Cc", "Cs"))
    return re.sub(r"\n[ \t\xa0\u3000]*(?:\n[ \t\xa0\u3000]*)+", "\n\n", text).strip()


def without_sender(text: str, sender: Mapping[str, str] | None) -> str:
    """The text with 〔举报人〕 in the place of the sender's name, number and address, also of the name or number before the @."""
    if not sender:
        return text
    address = sender.get("email", "")
    if address:
        text = re.sub(re.escape(address), REPORTER, text, flags=re.IGNORECASE)
    before = address.partition("@")[0]
    if len(before) >= _WORD and not before.isdigit():
        text = re.sub(rf"(?<![0-9A-Za-z]){re.escape(before)}(?![0-9A-Za-z])", REPORTER, text, flags=re.IGNORECASE)
    phone = _COUNTRY.sub("", sender.get("phone", ""))
    own = {"name": sender.get("name"), "phone": phone, "id_number": before if before.isdigit() else None}
    return without_person(text, own, REPORTER)


def joined(texts: Mapping[str, str], sender: Mapping[str, str] | None) -> dict[str, str]:
    """The parts of a text, cleaned of their sender; what stands across two of them makes them one."""
    each = {number: without_sender(texts[number], sender) for number in sorted(texts, key=int)}
    whole = "".join(each.values())
    if (clean := without_sender(whole, sender)) == whole:
        return each
    return {number: clean if place == 0 else "" for place, number in enumerate(each)}


def whole_text(texts: Mapping[str, str], message: Message) -> str:
    """What a clerk reads and a lead says; a part that never came is told in its place."""
    numbers = range(1, message.parts + 1)
    told = "".join(texts.get(str(number), f"〔第{number}段未收到〕") for number in numbers).strip()
    return told or nothing_said(message.channel)


def nothing_said(channel: Channel) -> str:
    """The service's own words for a message that has none."""
    return NO_TRANSCRIPT if channel is Channel.VOICE else NO_WORDS


def reply(code: str) -> str:
    """What a gateway sends back, where the operator lets it."""
    return f"您的来件已收到,查询码{code}。凭码在公开入口查询进展、补充材料;请另行记下后删除本条,勿转发。"
