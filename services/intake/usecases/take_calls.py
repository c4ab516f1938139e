"""Calls come in from the 110 feed: new ones become leads, newer versions correct, the rest changes nothing (M05).

Calls that come at the same time, from however many batches, share a transaction (docs/decisions/0022). A call is done once however often it
is sent, because its external number is unique in the database; so a batch needs no key of its own, and one that broke off is sent again.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from services.intake.db import (
    code_lists,
    leads,
    merges,
    notices,
    police_calls,
    reporters,
    subjects,
    submissions,
    umbrellas,
)
from services.intake.db.police_calls import RefusedRecord
from services.intake.domain.code_list import CodeBook
from services.intake.domain.codes import Source
from services.intake.domain.discreet import CALLER, without_person
from services.intake.domain.lead import Lead
from services.intake.domain.lead_number import LeadNumber
from services.intake.domain.lead_states import Status
from services.intake.domain.police_call import (
    FIELDS,
    Call,
    Change,
    Fate,
    KnownCall,
    judge,
    lead_summary,
    still_without_caller,
)
from services.intake.domain.restricted import numbers_apart
from services.intake.domain.subject_part import call_part, correction_part
from services.intake.usecases.register_lead import ACCEPTED, DEED, NewLead, Registration, admit
from services.intake.usecases.say_urgent import settle
from services.intake.usecases.send_facts_again import send_facts_again
from services.intake.usecases.subject_store import FactsSealer, SubjectKeys, whole_calls, whole_umbrella
from services.intake.usecases.submit_lead import row_of
from services.intake.usecases.tell_anew import tell_discipline
from shared import audit, metrics
from shared.auth import Principal
from shared.db import Database, Transaction, after_commit, driver, is_race, wait_at_most
from shared.deadlines import china_date
from shared.errors import Refused, TooLarge
from shared.groupcommit import GroupCommit
from shared.secrecy import refuse_marked

MOST = 250
"""Calls in one transaction."""
TRIES = 3
PATIENCE = 10
"""Seconds to wait for a lock: a large ledger holds no number of source A, but another feed may hold the same calls."""
CORRECTED = metrics.counter("calls_corrected", "Newer versions of 110 calls put on record")


@dataclass(frozen=True, slots=True)
class Handed:
    """A call, by whom and when it was handed over."""

    call: Call
    by: Principal
    at: datetime


@dataclass(frozen=True, slots=True)
class Done:
    """What became of it; `lead_id` and `lead_no` unless it was refused."""

    fate: Fate
    lead_id: UUID | None = None
    lead_no: str | None = None
    fields: tuple[str, ...] = ()
    errors: tuple[tuple[str, str], ...] = ()


class TakeCalls:
    """The feed's door."""

    def __init__(self, database: Database, *, region: str, sealer: FactsSealer, **limits: Any) -> None:
        self.database, self.region, self.sealer = database, region, sealer
        self._queue = GroupCommit[Handed, Done](
            self._together, self._alone, observe=metrics.flush_size.observe, **{"most": MOST, **limits}
        )

    async def __call__(self, calls: Sequence[Call], *, by: Principal, at: datetime) -> list[Done]:
        """What became of each. Versions of one call are done in their order. Raises what hinders all alike (no database): what was done
        before is known when the batch comes again."""
        waves: list[list[int]] = []
        seen: Counter[str] = Counter()
        for place, call in enumerate(calls):
            wave = seen[call.external_no]
            seen[call.external_no] += 1
            if wave == len(waves):
                waves.append([])
            waves[wave].append(place)
        done: dict[int, Done] = {}
        for together in waves:
            handed = (self._queue.submit(Handed(_discreet(calls[place]), by, at)) for place in together)
            found = await asyncio.gather(*handed, return_exceptions=True)
            for place, each in zip(together, found, strict=True):
                if isinstance(each, BaseException):
                    raise each
                done[place] = each
        return [done[place] for place in range(len(calls))]

    async def _together(self, batch: Sequence[Handed]) -> list[Done | None]:
        places: dict[str, int] = {}
        for place, handed in enumerate(batch):
            places.setdefault(handed.call.external_no, place)
        chosen = list(places.values())
        async with self.database.transaction() as tx:
            done = dict(zip(chosen, await self._take(tx, [batch[place] for place in chosen]), strict=True))
        return [done.get(place) for place in range(len(batch))]

    async def _alone(self, handed: Handed) -> Done:
        for tries_left in reversed(range(TRIES)):
            try:
                async with self.database.transaction() as tx:
                    return (await self._take(tx, [handed]))[0]
            except TooLarge as refused:
                return Done(Fate.REFUSED, errors=(("content", refused.detail),))
            except Exception as fault:
                # another process was first with this number: the next look finds it
                if not tries_left or not is_race(fault):
                    raise
        raise RuntimeError("unreachable")

    async def _take(self, tx: Transaction, batch: Sequence[Handed]) -> list[Done]:
        """Calls with different numbers, in the caller's transaction."""
        await wait_at_most(tx, PATIENCE)
        found = await self._known(tx, {handed.call.external_no: handed.call.revision for handed in batch})
        known = await whole_calls(tx, found, self.sealer.subjects)
        book = await code_lists.book(tx)
        done: dict[str, Done] = {}
        new: list[tuple[Call, Registration]] = []
        for handed in sorted(batch, key=lambda each: each.call.external_no):
            number = handed.call.external_no
            try:
                if number in known:
                    done[number] = await self._again(tx, known[number], handed, book)
                else:
                    order = _admitted(handed, book, sealer=self.sealer)
                    new.append((handed.call, order))
            except TooLarge:
                raise
            except Refused as refused:
                errors = tuple((_ours(field), reason) for field, reason in refused.fields)
                done[number] = Done(Fate.REFUSED, errors=errors or (("call", refused.detail),))
        done |= await self._register(tx, new)
        return [done[handed.call.external_no] for handed in batch]

    async def _known(self, tx: Transaction, revisions: Mapping[str, int]) -> Mapping[str, KnownCall]:
        """Those of these numbers that are known; what a newer revision corrects is held, the lead before its call."""
        found = await police_calls.find(tx, self.region, list(revisions))
        older = [call.lead_id for number, call in found.items() if call.revision < revisions[number]]
        if not older:
            return found
        await leads.hold(tx, older)
        return await police_calls.find(tx, self.region, list(revisions))

    async def _register(self, tx: Transaction, new: Sequence[tuple[Call, Registration]]) -> dict[str, Done]:
        if not new:
            return {}
        connection, calendar = await driver(tx), await notices.calendar(tx)
        source = Source.POLICE_110
        days = Counter((source.value, order.received_on) for _, order in new)
        drawn = await submissions.draw_ranges(connection, self.region, days)
        following = {key: last - days[key] for key, last in drawn.items()}
        taken: list[tuple[Lead, Call]] = []
        rows = []
        boxes: list[subjects.Box] = []
        for call, order in new:
            key = (source.value, order.received_on)
            following[key] += 1
            lead = order.numbered(LeadNumber(self.region, source, order.received_on, following[key]))
            kept, apart = _without_numbers(lead.id, call, self.sealer.subjects)
            taken.append((lead, kept))
            boxes += apart
            rows.append(row_of(order, lead, days=calendar))
        await submissions.add(connection, rows, region=self.region, deed=DEED)
        await police_calls.add(connection, taken, region=self.region, at=new[0][1].at)
        await subjects.add(connection, boxes)
        said = [(lead.id, order.new.umbrella) for (lead, _), (_, order) in zip(taken, new, strict=True)]
        await umbrellas.add(tx, [(lead_id, told) for lead_id, told in said if told])
        after_commit(tx, lambda: ACCEPTED.labels(source.value).inc(len(taken)))
        return {call.external_no: Done(Fate.TAKEN, lead.id, lead.lead_no) for lead, call in taken}

    async def _again(self, tx: Transaction, known: KnownCall, handed: Handed, book: CodeBook) -> Done:
        """A call that is a lead already."""
        by, at = handed.by, handed.at
        call = replace(handed.call, content=still_without_caller(known.content, handed.call.content))
        standing = await whole_umbrella(tx, known.lead_id, self.sealer.subjects) if call.umbrella else None
        judged = judge(known, call, standing)
        if judged.fate is Fate.REFUSED:
            return Done(Fate.REFUSED, errors=judged.errors)
        if judged.fate is Fate.CORRECTED:
            refuse_marked("summary", [lead_summary(call.content)])
            refuse_marked("umbrella", [call.umbrella or ""])
            _check_codes(call, book)
            lead, whole = await merges.lock_whole(tx, known.lead_id)
            lead.must_be_there()
            before, lead = lead, lead.corrected(call.grounds)
            fields = [FIELDS[change.field] for change in judged.changes]
            told = [*fields, "报警人(随本版提供,是否有变只有保管库知道)"] if call.caller else fields
            reason = f"110更正(第{call.revision}版):{'、'.join(told) or '内容未变'}"
            await leads.save(tx, lead, "correct", by=by, effective_at=at, at=at, reason=reason)
            ref = await self._seal(tx, call, at)
            kept, boxes = _without_numbers(lead.id, call, self.sealer.subjects)
            changes, more = _changes_without_numbers(
                lead.id, call, [*judged.changes, *judged.added], self.sealer.subjects
            )
            await police_calls.correct(tx, lead.id, kept, changes, reporter_ref=ref, by=by.sub, at=at)
            await subjects.add(await driver(tx), [*boxes, *more])
            head = whole if lead.merged_into else lead
            if judged.added or lead.grounds != before.grounds:
                await tell_discipline(tx, head, grounds=True, region=self.region, sealer=self.sealer, at=at)
            if judged.changes:
                await send_facts_again(tx, head, sealer=self.sealer, at=at)
            detail = {"revision": call.revision, "fields": len(told)}
            await audit.record(tx, by, "lead.correct", lead.id, at=at, detail=detail)
            after_commit(tx, CORRECTED.inc)
            if call.content.get("urgent") and not lead.urgent and lead.standing is Status.RECEIVED:
                await settle(tx, lead, reason, urgent=True, by=by, at=at)
        return Done(judged.fate, known.lead_id, known.lead_no, tuple(change.field for change in judged.changes))

    async def _seal(self, tx: Transaction, call: Call, at: datetime) -> UUID | None:
        """The caller as a newer version has it, in a record of its own: what is in the vault cannot be compared with."""
        if not call.caller:
            return None
        ref = uuid4()
        await reporters.add(tx, ref, self.sealer.seal_record("vault", call.caller), on=china_date(at))
        return ref


async def keep_refused(
    tx: Transaction, refused: Sequence[RefusedRecord], taken: Sequence[str], *, by: Principal, at: datetime
) -> None:
    """Keep the list of what could not be taken, and settle what was taken after all."""
    await wait_at_most(tx, PATIENCE)
    if taken:
        await police_calls.settle(tx, sorted(taken), at=at)
    await police_calls.refuse(tx, refused, by=by.sub, at=at)


def _discreet(call: Call) -> Call:
    """The call without its caller in its texts."""
    content = {
        name: without_person(value, call.caller, CALLER) if isinstance(value, str) else value
        for name, value in call.content.items()
    }
    umbrella = without_person(call.umbrella, call.caller, CALLER) if call.umbrella else None
    return replace(call, content=content, umbrella=umbrella)


def _without_numbers(lead_id: UUID, call: Call, keys: SubjectKeys) -> tuple[Call, list[subjects.Box]]:
    """The call as it is kept, and the box of what stands apart of this version of it."""
    kept, apart = numbers_apart(call.content)
    part = call_part(call.revision)
    return replace(call, content=kept), [(lead_id, part, keys.seal(lead_id, apart, part))] if apart else []


def _changes_without_numbers(
    lead_id: UUID, call: Call, changes: Sequence[Change], keys: SubjectKeys
) -> tuple[list[Change], list[subjects.Box]]:
    """The same of what this version corrects, old and new values."""
    told = {name: {change.field: getattr(change, name) for change in changes} for name in ("old", "new")}
    kept, apart = numbers_apart(told)
    part = correction_part(call.revision)
    boxes = [(lead_id, part, keys.seal(lead_id, apart, part))] if apart else []
    return [Change(each.field, kept["old"][each.field], kept["new"][each.field]) for each in changes], boxes


def _admitted(handed: Handed, book: CodeBook, *, sealer: FactsSealer) -> Registration:
    return admit(_new(handed.call), book=book, sealer=sealer, by=handed.by, at=handed.at)


def _check_codes(call: Call, book: CodeBook) -> None:
    """Raises `Invalid` for a code that was not in force on the day of the call."""
    new = _new(call)
    book.must_hold(
        china_date(call.called_at),
        areas=new.areas,
        manifestations=new.manifestations,
        source=new.source,
        source_l2=new.source_l2,
    )


def _new(call: Call) -> NewLead:
    content = call.content
    return NewLead(
        source=Source.POLICE_110,
        source_l2=content.get("source_l2"),
        summary=lead_summary(content),
        received_on=china_date(call.called_at),
        street=content.get("street"),
        areas=tuple(content.get("area_codes", ())),
        manifestations=tuple(content.get("manifestation_codes", ())),
        named=call.caller is not None,
        urgent=content.get("urgent", False),
        grounds=call.grounds,
        umbrella=call.umbrella,
        reporter=call.caller,
    )


def _ours(field: str) -> str:
    """A field of the lead as the feed calls it."""
    return {"received_on": "called_at"}.get(field, field)
