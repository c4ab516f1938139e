"""The assignment sheet is printed from data, each print under a number and on record (M13, G13); and the unit's receipt for it."""

from datetime import datetime
from uuid import UUID

from services.intake.db import code_lists, directory, leads, life, notices
from services.intake.domain.code_list import LEVEL
from services.intake.domain.lead import Lead
from services.intake.domain.sheet import Sheet
from shared import reads
from shared.auth import Principal
from shared.db import Transaction
from shared.errors import NotAllowed


async def print_sheet(tx: Transaction, lead_id: UUID, *, by: Principal, at: datetime) -> tuple[Sheet, int, str]:
    """The sheet, the number of this print and who issued it, by name. Raises `NotFound`, `NotAllowed`."""
    lead = await leads.get(tx, lead_id, lock=True)
    sheet = await _sheet(tx, lead)
    print_no = await life.add_print(tx, lead_id, lead.assignment.number if lead.assignment else 0, by=by.sub, at=at)
    detail = {"sheet": sheet.number, "print": print_no}
    await reads.note(tx, by, "lead.read-sheet", lead_id, at=at, detail=detail, days=await notices.calendar(tx))
    return sheet, print_no, await directory.name_of(tx, sheet.issued_by)


async def signed_for(tx: Transaction, lead_id: UUID) -> tuple[Sheet, datetime]:
    """The sheet and when the unit signed for it. Raises `NotFound`, `NotAllowed` while it has not."""
    lead = await leads.get(tx, lead_id)
    sheet = await _sheet(tx, lead)
    accepted_at = await life.accepted_at(tx, lead_id)
    if accepted_at is None:
        raise NotAllowed("承办单位尚未签收 / the unit has not signed for it")
    return sheet, accepted_at


async def _sheet(tx: Transaction, lead: Lead) -> Sheet:
    lead.must_be_used()
    issued = await life.last_assignment(tx, lead.id)
    if issued is None:
        raise NotAllowed("线索尚未交办,没有交办单 / the lead is not assigned; there is no sheet")
    unit = await directory.get_unit(tx, lead.assignment.unit) if lead.assignment else None
    return Sheet.of(
        lead,
        to=unit.name if unit else None,
        level=(await code_lists.book(tx)).zh(LEVEL, lead.level or "", version=lead.codes_version),
        issued_by=issued[0],
        issued_at=issued[1],
        days=await notices.calendar(tx),
    )
