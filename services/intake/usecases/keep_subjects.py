"""The subject store in the worker's hands: reports that lie here as an older release wrote them are taken apart, boxes of older keys are
sealed anew for the newest, and what is kept too long goes (G24; PIPL §19)."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from services.intake.db import leads, merges, notices, reports, retention
from services.intake.domain.lead import Lead
from services.intake.domain.legal_stage import LegalStage, stage_of
from services.intake.domain.restricted import masked, retold, take_apart
from services.intake.domain.retention import RETENTION, Record, over_on
from services.intake.usecases.keep_retention import lock_ended
from services.intake.usecases.subject_store import SubjectKeys
from shared import audit
from shared.db import Transaction
from shared.deadlines import china_date
from shared.file_key import CannotRead

AT_ONCE = 50
"""Reports a turn: a tenth of the worker's second."""
SURELY_KEPT = timedelta(days=28 * RETENTION[Record.SUBJECTS].number)
"""Whoever ended later than so long ago is not looked at."""


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
    """Some boxes that another key than the newest has sealed; → how many now are. One that no key opens stays as it is."""
    done = 0
    for lead_id, box in await reports.sealed_otherwise(tx, keys.newest, known=keys.marks, limit=AT_ONCE):
        try:
            done += await reports.seal_anew(tx, lead_id, box, keys.seal(lead_id, keys.open(lead_id, box)))
        except CannotRead:
            continue
    return done


async def retire_subjects(tx: Transaction, at: datetime) -> int:
    """What the store knows of those whose lead ended long enough ago is destroyed; → of how many leads."""
    days = await notices.calendar(tx)
    found = await retention.with_subjects(tx, at - SURELY_KEPT, limit=AT_ONCE)
    due = [lead for lead, since in found if over_on(Record.SUBJECTS, china_date(since), days) < china_date(at)]
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
    received_on, steps = await reports.progress(tx, lead.id) or (lead.received_on, ())
    concluded = await merges.conclusion_of(tx, lead.id)
    stage, since = stage_of(received_on, steps, concluded[0] if concluded else None)
    ended = await retention.ended_at(tx, lead.id)
    until = over_on(Record.SUBJECTS, china_date(ended), await notices.calendar(tx)) if ended else None
    return stage, since, until


def _without(lead: Lead, content: Any, kept: Any) -> Lead:
    summary, allegations = retold(lead.summary, lead.allegations, content, kept)
    return replace(lead, summary=masked(summary), allegations=tuple(map(masked, allegations)))
