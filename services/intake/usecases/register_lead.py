"""A lead comes in: number it, seal its reporter and the numbers of those who are reported, put it on the register and say so, all in one
transaction (M05, D01). Every door comes by here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from services.intake.db import deadlines, leads, notices, reporters, reports, subjects, umbrellas
from services.intake.domain.code_list import CodeBook
from services.intake.domain.codes import Ground, IssuingLevel, Source
from services.intake.domain.deadline import to_classify, to_meet
from services.intake.domain.discreet import REPORTER, without_person
from services.intake.domain.lead import Lead
from services.intake.domain.lead_number import LeadNumber
from services.intake.domain.own_words import nothing_told
from services.intake.domain.report import Filed
from services.intake.domain.restricted import may_tell_numbers, numbers_apart
from services.intake.domain.subject_part import TOLD
from services.intake.usecases.subject_store import FactsSealer, SubjectKeys
from shared import audit, metrics, outbox
from shared.auth import Principal
from shared.contracts.envelope import CHINA
from shared.db import Transaction, after_commit, driver
from shared.deadlines import china_date, in_force
from shared.errors import Invalid, Registered
from shared.sealing import SealedRecord
from shared.secrecy import refuse_marked

DEED = "lead.register"

ACCEPTED = metrics.counter("leads_accepted", "Leads registered, by source (S superior, A, M, O)", ["source"])


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLead:
    """What a door knows of a lead. `reporter` is sealed at once and appears nowhere else."""

    source: Source
    summary: str
    """Empty when the reporter told no facts: then it is written with the number."""
    source_l2: str | None = None
    issuing_level: IssuingLevel | None = None
    upstream_no: str | None = None
    upstream_deadline: date | None = None
    received_on: date | None = None
    street: str | None = None
    areas: tuple[str, ...] = ()
    manifestations: tuple[str, ...] = ()
    allegations: tuple[str, ...] = ()
    grounds: tuple[Ground, ...] = ()
    umbrella: str | None = None
    """What is said of shielding officials: for discipline alone."""
    named: bool = False
    urgent: bool = False
    claimed: bool = False
    """Its reporter claims that somebody is in danger now."""
    reporter: Mapping[str, Any] | None = None
    discreet: bool = False
    """Whether its texts are without the reporter's own data (G1) and numbers of the reported already; else they are taken out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """A lead that may be registered as soon as it has a number: checked, its reporter sealed, dated, with the one who registers it."""

    new: NewLead
    id: UUID
    received_on: date
    reporter_ref: UUID | None
    reporter: SealedRecord | None
    by: Principal
    at: datetime
    codes_version: str
    subjects: bytes = b""
    """The sealed numbers of its own texts, whole; empty when none was written there."""
    filed: Filed | None = None
    answer: Callable[[Lead], Any] | None = None
    """Of a report by the public: what is kept of it beside the lead, and what its door answers."""

    @property
    def effective_at(self) -> datetime:
        """It counts from the start of the day of receipt, in China."""
        return datetime.combine(self.received_on, time(), CHINA)

    def numbered(self, number: LeadNumber) -> Lead:
        """The lead under this number."""
        new = self.new
        return Lead(
            id=self.id,
            lead_no=str(number),
            source=new.source,
            issuing_level=new.issuing_level,
            upstream_no=new.upstream_no,
            upstream_deadline=new.upstream_deadline,
            received_on=self.received_on,
            street=new.street,
            summary=new.summary or nothing_told(str(number), self.received_on),
            allegations=new.allegations,
            named=new.named,
            reporter_ref=self.reporter_ref,
            areas=new.areas,
            manifestations=new.manifestations,
            grounds=new.grounds,
            profile_version=in_force(self.received_on).version,
            urgent=new.urgent,
            source_l2=new.source_l2,
            codes_version=self.codes_version,
        )


def admit(new: NewLead, *, book: CodeBook, sealer: FactsSealer, by: Principal, at: datetime) -> Registration:
    """Check it, seal its reporter and take the numbers out of its texts (docs/decisions/0096, 0100), before anything is written. Its codes
    are those of the day of receipt, which whoever sent it had. Raises `Invalid` (day in the future, a code not in force, secrecy mark, a
    superior's lead without its number)."""
    today = china_date(at)
    received_on = new.received_on or today
    _check(new, received_on, today)
    codes = book.must_hold(
        received_on,
        areas=new.areas,
        manifestations=new.manifestations,
        source=new.source,
        source_l2=new.source_l2,
    )
    sealed = None
    if new.reporter is not None:
        sealed = sealer.seal_record("vault", new.reporter)
    if new.reporter is not None and not new.discreet:
        clean = partial(without_person, person=new.reporter, sign=REPORTER)
        umbrella = clean(new.umbrella) if new.umbrella else None
        new = replace(
            new, summary=clean(new.summary), allegations=tuple(map(clean, new.allegations)), umbrella=umbrella
        )
    lead_id = uuid4()
    new, box = _without_numbers(new, lead_id, sealer.subjects)
    return Registration(
        new=new,
        id=lead_id,
        received_on=received_on,
        reporter_ref=uuid4() if sealed else None,
        reporter=sealed,
        by=by,
        at=at,
        codes_version=codes.version,
        subjects=box,
    )


def _without_numbers(new: NewLead, lead_id: UUID, keys: SubjectKeys) -> tuple[NewLead, bytes]:
    if new.discreet or not may_tell_numbers((new.summary, *new.allegations, new.umbrella or "")):
        return new, b""
    told = {"summary": new.summary, "allegations": new.allegations, "umbrella": new.umbrella}
    kept, apart = numbers_apart(told)
    new = replace(new, summary=kept["summary"], allegations=tuple(kept["allegations"]), umbrella=kept["umbrella"])
    return new, keys.seal(lead_id, apart, TOLD)


async def register_lead(tx: Transaction, order: Registration, *, region: str) -> Lead:
    """Register it. Raises `Registered` when the superior's number is registered already."""
    new, by, at = order.new, order.by, order.at
    if new.source is Source.SUPERIOR and new.upstream_no and await leads.find_superior(tx, region, new.upstream_no):
        raise Registered(
            "该上级编号已登记 / this superior's number is registered already",
            fields=[("upstream_no", "已登记 / registered already")],
        )
    if order.reporter is not None and order.reporter_ref is not None:
        await reporters.add(tx, order.reporter_ref, order.reporter, on=china_date(at))
    lead = order.numbered(await leads.draw_number(tx, region, new.source, order.received_on))
    await leads.add(tx, lead, region=region, by=by, effective_at=order.effective_at, at=at)
    days = await notices.calendar(tx)
    await deadlines.start(tx, to_classify(lead, days=days, at=at, claimed=new.claimed), *to_meet(lead, days=days))
    if order.filed is not None:
        await reports.add(tx, lead.id, order.filed, received_on=order.received_on)
    if order.subjects:
        await subjects.add(await driver(tx), [(lead.id, TOLD, order.subjects)])
    if new.umbrella:
        await umbrellas.add(tx, [(lead.id, new.umbrella)])
    await outbox.put(tx, lead.received(effective_at=order.effective_at, claimed=new.claimed), at=at)
    after_commit(tx, ACCEPTED.labels(new.source.value).inc)
    await audit.record(tx, by, DEED, lead.id, at=at, detail={"source": lead.source.value})
    return lead


def _check(new: NewLead, received_on: date, today: date) -> None:
    if received_on > today:
        raise Invalid(
            "受理日期晚于今天 / the day of receipt is in the future",
            fields=[("received_on", "晚于今天 / in the future")],
        )
    if new.upstream_deadline and new.upstream_deadline < received_on:
        raise Invalid(
            "上级期限早于受理日期 / the superior's deadline is before the day of receipt",
            fields=[("upstream_deadline", "早于受理日期 / before received_on")],
        )
    if new.source is Source.SUPERIOR and not (new.issuing_level and new.upstream_no):
        missing = [
            (name, "上级转办必填 / needed") for name in ("issuing_level", "upstream_no") if not getattr(new, name)
        ]
        raise Invalid(
            "上级转办线索须有下发层级和上级编号 / a superior's lead needs its issuing level and number", fields=missing
        )
    refuse_marked("summary", [new.summary])
    refuse_marked("allegations", new.allegations)
    refuse_marked("umbrella", [new.umbrella or ""])
