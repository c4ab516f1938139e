"""The subject store in the worker's hands: reports that lie here as an older release wrote them are taken apart, boxes of older keys are
sealed anew for the newest, and what is kept too long goes (G24; PIPL §19)."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any

from services.intake.db import leads, merges, notices, reports, retention, subjects
from services.intake.domain.lead import Lead
from services.intake.domain.legal_stage import LegalStage, stage_of
from services.intake.domain.restricted import retold, take_apart
from services.intake.domain.retention import Record, over_on, surely_kept
from services.intake.usecases.keep_retention import lock_ended
from services.intake.usecases.subject_store import SHUT, SubjectKeys
from shared import audit, metrics
from shared.db import Transaction
from shared.deadlines import china_date
from shared.file_key import CannotRead
from shared.person_numbers import masked

UNREADABLE = metrics.Gauge(
    "xiansuo_subject_boxes_unreadable",
    "Sealed numbers of the reported whose key this worker does not have (counted to 10,000)",
)
MOST_COUNTED = 10_000
AT_ONCE = 50
"""Reports a turn: a tenth of the worker's second."""


async def take_apart_waiting(tx: Transaction, keys: SubjectKeys) -> int:
    """Some reports that nobody has taken apart; → how many."""
    waiting = await reports.not_apart(tx, limit=AT_ONCE)
    for lead_id, content in waiting:
        lead = await leads.get(tx, lead_id)
        kept, apart = take_apart(content)
        there = _without(lead, content, kept)
        await reports.set_apart(tx, there, kept, keys.seal(lead_id, apart))
    return len(waiting)


async def seal_anew(tx: Transaction, keys: SubjectKeys) -> int:
    """Some boxes that another key than the newest has sealed; → how many now are. One that no key opens stays as it is, and is counted: the
    boxes of keys that are not known here are shown to the operator as they stand at this look."""
    there = await subjects.marks(tx)
    unknown = [mark for mark in there if mark not in keys.marks]
    UNREADABLE.set(await subjects.count_sealed_by(tx, unknown, most=MOST_COUNTED))
    older = [mark for mark in there if mark in keys.marks and mark != keys.newest]
    done = 0
    for lead_id, part, box in await subjects.sealed_by(tx, older, limit=AT_ONCE):
        try:
            apart = keys.open(lead_id, box, part)
        except CannotRead:
            SHUT.inc()
            continue
        done += await subjects.seal_anew(tx, lead_id, part, box, keys.seal(lead_id, apart, part))
    return done


async def retire_subjects(tx: Transaction, at: datetime) -> int:
    """What the store knows of those whose lead ended long enough ago is destroyed; → of how many leads."""
    days = await notices.calendar(tx)
    found = await retention.with_subjects(tx, at - surely_kept(Record.SUBJECTS), limit=AT_ONCE)
    due = [
        lead
        for lead, since in found
        if over_on(Record.SUBJECTS, china_date(since), days, version=lead.profile_version) < china_date(at)
    ]
    done = 0
    for each in due:
        if await lock_ended(tx, each) is None or not await retention.retire_subjects(tx, each.id):
            continue
        await audit.record(tx, None, "lead.retire-subjects", each.id, at=at)
        done += 1
    return done


async def standing_of_subjects(tx: Transaction, lead: Lead) -> tuple[LegalStage, date, date | None]:
    """The stage of those who are reported, since when, and the last day on which the store knows their numbers; None while the lead has
    not ended."""
    steps = await reports.steps(tx, lead.id)
    concluded = await merges.conclusion_of(tx, lead.id)
    stage, since = stage_of(lead.received_on, steps, concluded[0] if concluded else None)
    ended = await retention.ended_at(tx, lead.id)
    if ended is None:
        return stage, since, None
    days, version = await notices.calendar(tx), lead.profile_version
    return stage, since, over_on(Record.SUBJECTS, china_date(ended), days, version=version)


def _without(lead: Lead, content: Any, kept: Any) -> Lead:
    summary, allegations = retold(lead.summary, lead.allegations, content, kept)
    return replace(lead, summary=masked(summary), allegations=tuple(map(masked, allegations)))
