"""Someone leaves: from that day on no access in any service and no placement; work in hand is listed for whoever takes over (M10)."""

from dataclasses import replace
from datetime import date, datetime

from services.intake.db import directory
from services.intake.domain.directory import Entry
from services.intake.usecases.record_entry import keep
from shared import audit
from shared.auth import Principal
from shared.db import Transaction
from shared.deadlines import china_date
from shared.errors import NotFound


async def depart_staff(
    tx: Transaction, number: str, left_on: date, reason: str, *, region: str, by: Principal, at: datetime
) -> None:
    """`left_on` is the first day without them. Raises `NotFound`, `Invalid`."""
    await directory.take_turn(tx)
    standing = await directory.whole(tx)
    person = standing.staff.get(number)
    if person is None:
        raise NotFound("目录中没有该人员 / no such member of staff")
    held = [one for one in standing.placements.values() if one.staff == number and one.from_on < left_on]
    ended: list[Entry] = [replace(one, to_on=left_on) for one in held if one.to_on is None or one.to_on > left_on]
    changed = [e for e in (replace(person, to_on=left_on), *ended) if standing.admit(e, today=china_date(at))]
    if not changed:
        return
    await keep(tx, changed, reason, region=region, by=by, at=at)
    await audit.record(tx, by, "directory.depart-staff", number, at=at, purpose=reason)
