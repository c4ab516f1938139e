"""Telling the reporter (G-FEED, D11, D12): tries are logged; who cannot be told at all is found by the system, never waived by a person."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from services.intake.domain.objection import State
from shared.codes import Labelled
from shared.deadlines import Calendar, Limit
from shared.errors import Invalid, NotAllowed

Outcome = Literal["delivered", "attempts", "not-applicable"]
MOST_TRIES, DAYS_OF_TRIES, CHANNELS_OF_TRIES = 3, 3, 2
_NUMBERS = re.compile(r"(?<![0-9a-z])(?:1[3-9][0-9]{9}|[0-9]{17}[0-9x]|[0-9]{16}(?:[0-9]{3})?)(?![0-9a-z])")
"""Of mobile telephones, persons and bank cards: of people, so never of a lead or a letter."""


class Channel(Labelled):
    """How the reporter was told, or tried to be. 反馈方式"""

    PHONE = "phone", "电话", "telephone"
    TEXT = "text", "短信", "text message"
    VISIT = "visit", "当面", "in person"
    MAILBOX = "mailbox", "查询码信箱", "mailbox of the query code"
    LETTER = "letter", "信件", "letter"


class About(Labelled):
    """What the reporter was to be reached for. 联系事由"""

    FEEDBACK = "feedback", "反馈结果", "to tell the result"
    MEETING = "meeting", "约见", "to meet"


class WhyNot(Labelled):
    """Why the reporter was not reached. 未联系上的原因"""

    NO_ANSWER = "no-answer", "无人应答", "no answer"
    WRONG_CONTACT = "wrong-contact", "联系方式有误", "the contact is wrong"
    NOT_NOW = "not-now", "不便接听", "it was no time to talk"
    UNREAD = "unread", "信件未查阅", "the letter was not read"


class NextStep(Labelled):
    """What follows from talking to the reporter (§2.3 E). 下一步"""

    NONE = "none", "无", "nothing"
    OBJECTION = "objection", "有异议,按异议办理", "an objection, to be decided"
    NEW_EVIDENCE = "new-evidence", "有新证据,核查后再定", "new evidence, to be looked at"
    CONTACT_AGAIN = "contact-again", "再次联系", "to be reached again"


OPEN_STEPS = frozenset({NextStep.OBJECTION, NextStep.NEW_EVIDENCE})
"""Then the reporter has not said that nothing is objected to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One try to reach the reporter. `by`: None is the reporter, who read a letter. `understood`, `satisfied`: what the reporter said of
    the result (§2.3 E); None: not asked, or not said. `text`: in what words it was told, else than by a letter."""

    channel: Channel
    on: date
    reached: bool
    about: About = About.FEEDBACK
    why_not: WhyNot | None = None
    by: str | None = None
    understood: bool | None = None
    satisfied: bool | None = None
    text: str | None = None
    next_step: NextStep | None = None

    @property
    def says_content(self) -> bool:
        """Told the result, the reporter said that it satisfies, and that nothing is to follow."""
        return (
            self.about is About.FEEDBACK and self.reached and bool(self.satisfied) and self.next_step is NextStep.NONE
        )

    def must_be_whole(self) -> None:
        """A result that was told has its words on file, which say nothing of third persons (G-FEED); nothing is said of what was not told.
        Raises `Invalid`."""
        told = self.reached and self.about is About.FEEDBACK
        if told and not self.text:
            needed = "应填写告知内容 / the words in which the result was told are needed"
            raise Invalid(needed, fields=[("text", needed)])
        if self.text:
            must_name_nobody(self.text)
        said = {"understood": self.understood, "satisfied": self.satisfied, "text": self.text}
        if self.next_step is not NextStep.CONTACT_AGAIN:
            said["next_step"] = self.next_step
        if not told and (given := [name for name, value in said.items() if value is not None]):
            only = "仅在已反馈结果时填写 / only where the result was told"
            raise Invalid(only, fields=[(name, only) for name in given])


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """How the reporter was told. `accepted`: nothing is objected to."""

    outcome: Outcome
    accepted: bool
    told_on: date


def must_name_nobody(text: str) -> None:
    """What the reporter is told has nothing of third persons (G-FEED): here their numbers are found; that no name stands in it the writer
    declares. Raises `Invalid`, repeating nothing."""
    joined = re.sub(r"(?<=[0-9])[ \-.·](?=[0-9xX])", "", unicodedata.normalize("NFKC", text)).lower()
    if _NUMBERS.search(joined):
        told = (
            "含电话、证件或银行卡号码,反馈不得含他人信息 / it has a number of a person; feedback says nothing of others"
        )
        raise Invalid(told, fields=[("text", told)])


def outcome_of(tries: Sequence[Try], *, reachable: bool, by_code_alone: bool = False) -> Outcome:
    """What the tries amount to. `reachable`: the reporter is named or holds a code; `by_code_alone`: left nothing else, so that there
    is one way only. Raises `NotAllowed` while more is to be tried."""
    if not reachable:
        return "not-applicable"
    if any(each.reached for each in tries):
        return "delivered"
    days, channels = {each.on for each in tries}, {each.channel for each in tries}
    ways = 1 if by_code_alone else CHANNELS_OF_TRIES
    if len(tries) >= MOST_TRIES and len(days) >= DAYS_OF_TRIES and len(channels) >= ways:
        return "attempts"
    if by_code_alone:
        raise NotAllowed(
            "举报人尚未查阅反馈信件:未查阅的,须在三个不同日期写信三次 / the reporter has not read it: three letters on three days are "
            "needed"
        )
    raise NotAllowed(
        "举报人尚未得到反馈:未联系上的,须在三个不同日期以两种方式至少尝试三次 / the reporter was not told: three tries on three days by "
        "two ways are needed"
    )


def must_be_final(
    feedback: Feedback, *, objection: Limit, days: Calendar, today: date, objected: State | None = None
) -> None:
    """Nobody objects any more: said so, nobody is there to, the objection was refused, or the time for it is over (D12). Raises
    `NotAllowed`, also while an objection is undecided."""
    if objected is State.OPEN:
        raise NotAllowed("举报人的异议尚未决定 / the reporter's objection is undecided")
    if objected is State.REFUSED or feedback.outcome == "not-applicable" or feedback.accepted:
        return
    until = objection.after(feedback.told_on, days).on
    if today <= until:
        raise NotAllowed(f"举报人可在{until}(含)前提出异议 / the reporter may object until {until}")
