"""Telling the reporter (G-FEED, D11, D12): tries are logged; who cannot be told at all is found by the system, never waived by a person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from shared.codes import Labelled
from shared.deadlines import Calendar, Limit
from shared.errors import NotAllowed

Outcome = Literal["delivered", "attempts", "not-applicable"]
MOST_TRIES, DAYS_OF_TRIES, CHANNELS_OF_TRIES = 3, 3, 2


class Channel(Labelled):
    """How the reporter was told, or tried to be. 反馈方式"""

    PHONE = "phone", "电话", "telephone"
    TEXT = "text", "短信", "text message"
    VISIT = "visit", "当面", "in person"
    MAILBOX = "mailbox", "查询码信箱", "mailbox of the query code"
    LETTER = "letter", "信件", "letter"


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One try to tell the reporter."""

    channel: Channel
    on: date
    reached: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """How the reporter was told. `accepted`: nothing is objected to."""

    outcome: Outcome
    accepted: bool
    told_on: date


def outcome_of(tries: Sequence[Try], *, reachable: bool) -> Outcome:
    """What the tries amount to. `reachable`: the reporter is named or holds a code. Raises `NotAllowed` while more is to be tried."""
    if not reachable:
        return "not-applicable"
    if any(each.reached for each in tries):
        return "delivered"
    days, channels = {each.on for each in tries}, {each.channel for each in tries}
    if len(tries) >= MOST_TRIES and len(days) >= DAYS_OF_TRIES and len(channels) >= CHANNELS_OF_TRIES:
        return "attempts"
    raise NotAllowed(
        "举报人尚未得到反馈:未联系上的,须在三天内以两种方式至少尝试三次 / the reporter was not told: three tries on three days by two "
        "ways are needed"
    )


def must_be_final(feedback: Feedback, *, objection: Limit, days: Calendar, today: date) -> None:
    """Nobody objects any more: said so, nobody is there to, or the time for it is over (D12). Raises `NotAllowed`."""
    if feedback.outcome == "not-applicable" or feedback.accepted:
        return
    until = objection.after(feedback.told_on, days).on
    if today <= until:
        raise NotAllowed(f"举报人可在{until}前提出异议 / the reporter may object until {until}")
