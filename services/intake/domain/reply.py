"""What went back to the superior that handed a lead down 回复上级 (M14, §4.2 "replies sent upstream"). Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from services.intake.domain.codes import Source
from services.intake.domain.lead import Lead
from services.intake.domain.lead_states import Status
from shared.deadlines import china_date
from shared.errors import Invalid, NotAllowed

ANSWERABLE = frozenset(
    {
        Status.NOT_ACCEPTED,
        Status.CONCLUDED,
        Status.TRANSFERRED,
        Status.REDIRECTED,
        Status.FED_BACK,
        Status.CLOSED,
    }
)
"""States of a lead, or of the master that it was merged into, in which there is a result to reply with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One letter to the superior with the result; `sent_on` is its day in China. Its text is not kept here. A correction of the day is the
    next version of the same letter; those before it stay."""

    lead_id: UUID
    reply_no: str
    sent_on: date
    recorded_by: str
    recorded_at: datetime
    version: int = 1


def must_be_answerable(lead: Lead, master: Lead | None) -> None:
    """Raises `Invalid` for a lead that no superior handed down, `NotAllowed` while nothing is found."""
    if lead.source is not Source.SUPERIOR:
        told = "不是上级转办的线索,没有应回复的上级 / no superior handed it down; nobody is to be replied to"
        raise Invalid(told)
    if (master or lead).standing not in ANSWERABLE:
        raise NotAllowed("尚无结论,不能登记回复 / there is no result to reply with yet")


def must_tell_the_result(sent_on: date, *, since: date, today: date) -> None:
    """Raises `Invalid` for a day before the result that stands, or one to come."""
    if not since <= sent_on <= today:
        told = (
            f"回复日期应在{since}(结论日)至今天之间 / a day from {since}, when the result was found, to today is needed"
        )
        raise Invalid(told, fields=[("sent_on", told)])


def must_be_answered(lead: Lead, replies: Iterable[Reply], *, since: date) -> None:
    """A superior's lead ends only when the superior has its answer, a merged one its own (N07). Raises `NotAllowed`."""
    if lead.source is Source.SUPERIOR and not any(reply.sent_on >= since for reply in replies):
        raise NotAllowed(
            f"{lead.lead_no}由上级转办,尚未登记对上级的回复 / {lead.lead_no} was handed down; no reply to the superior is on record"
        )


def corrected(versions: Sequence[Reply], sent_on: date, *, since: date, by: str, at: datetime) -> Reply:
    """The next version of a letter whose day was mistyped. `versions`: as it was put on record and corrected so far; `since`: no letter
    with this result was sent before. Raises `Invalid` for the day that stands, one before `since`, or one after it was put on record."""
    first, standing = versions[0], versions[-1]
    if sent_on == standing.sent_on:
        same = "与已登记的日期相同 / that day is on record"
        raise Invalid(same, fields=[("sent_on", same)])
    last = china_date(first.recorded_at)
    if not since <= sent_on <= last:
        told = f"更正后的日期应在{since}至{last}(登记日)之间 / a day from {since} to {last}, when it was put on record, is needed"
        raise Invalid(told, fields=[("sent_on", told)])
    return replace(standing, sent_on=sent_on, recorded_by=by, recorded_at=at, version=standing.version + 1)
