"""Screening tasks: opened by the office, findings by the unit become leads of source 其他, returned with or without any (M49)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.intake.db import code_lists, directory, screenings
from services.intake.domain.directory import wrong
from services.intake.domain.lead import Lead
from services.intake.domain.minors import with_minors
from services.intake.domain.screening import Screening, ScreeningState
from services.intake.usecases.register_lead import NewLead, admit, register_lead
from services.intake.usecases.subject_store import FactsSealer
from shared import audit, outbox
from shared.auth import Principal
from shared.contracts.screenings import ScreeningOpened, ScreeningReturned
from shared.db import Transaction
from shared.deadlines import china_date
from shared.errors import Invalid, NotFound
from shared.inbox import Received
from shared.secrecy import refuse_marked


async def open_screening(tx: Transaction, screening: Screening, *, region: str, by: Principal, at: datetime) -> None:
    """Give a unit a task. Raises `Invalid`."""
    refuse_marked("scope", [screening.title, screening.scope])
    if screening.due_on < china_date(at):
        raise Invalid("期限早于今天 / before today", fields=[("due_on", "早于今天 / before today")])
    if await directory.get_unit(tx, screening.unit) is None:
        raise wrong("unit", "目录中没有该单位", "no such unit in the directory")
    await screenings.add(tx, screening, region=region)
    await outbox.put(tx, screening.opened, at=at)
    await audit.record(tx, by, "screening.open", screening.id, at=at)


async def add_finding(
    tx: Transaction,
    screening_id: UUID,
    new: NewLead,
    ages: Sequence[int | None],
    *,
    region: str,
    sealer: FactsSealer,
    by: Principal,
    at: datetime,
) -> tuple[Lead, bool]:
    """What a unit found becomes a lead; → it, and whether minors are named. Raises `NotFound`, `NotAllowed`, `Invalid`."""
    # the row is held: a task is not returned between the look and the finding
    (await screenings.get(tx, screening_id, unit=by.unit, lock=True)).must_be_open()
    minors = with_minors(ages)
    lead = await register_lead(
        tx, admit(new, book=await code_lists.book(tx), sealer=sealer, by=by, at=at), region=region
    )
    await screenings.add_finding(tx, screening_id, lead.id, minors=minors)
    await audit.record(tx, by, "screening.find", screening_id, at=at, detail={"lead": str(lead.id)})
    return lead, minors


async def return_screening(
    tx: Transaction, screening_id: UUID, *, note: str | None, by: Principal, at: datetime
) -> tuple[Screening, int]:
    """The unit is done. Raises `NotFound`, `NotAllowed`, `Invalid`."""
    refuse_marked("note", [note or ""])
    screening = await screenings.get(tx, screening_id, unit=by.unit, lock=True)
    found = await screenings.findings(tx, screening_id)
    screening, said = screening.give_back(found=found > 0, note=note, by=by.sub, at=at)
    await screenings.save(tx, screening)
    await outbox.put(tx, said, at=at)
    await audit.record(tx, by, "screening.return", screening_id, at=at, detail={"findings": found})
    return screening, found


LOST = "随数据库恢复遗失,请向布置人核实"


async def relearn_opened(tx: Transaction, event: ScreeningOpened, received: Received) -> None:
    """After a restore: the task is there, for whom and until when; its words are lost."""
    try:
        await screenings.get(tx, event.screening_id, unit=None)
    except NotFound:
        await screenings.add(tx, _lost(event), region=received.region)


def _lost(event: ScreeningOpened) -> Screening:
    return Screening(
        id=event.screening_id,
        title=LOST,
        scope=LOST,
        unit=event.unit,
        due_on=event.due_on,
        opened_by="lost",
        opened_at=event.effective_at,
    )


async def relearn_returned(tx: Transaction, event: ScreeningReturned, _: Received) -> None:
    """After a restore: it was returned; by whom and with which words is lost."""
    try:
        task = await screenings.get(tx, event.screening_id, unit=None, lock=True)
    except NotFound:
        return
    if task.state is ScreeningState.OPEN:
        returned, _said = task.give_back(found=not event.zero_return, note=None, by="lost", at=event.effective_at)
        await screenings.save(tx, returned)
