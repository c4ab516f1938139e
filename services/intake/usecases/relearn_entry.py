"""After a restore: the directory stands again as intake itself said last; a name that no event carries is marked lost."""

from typing import Any

from services.intake.db import directory
from services.intake.domain.directory import Entry, Placement, Staff, Unit
from services.intake.domain.directory_codes import PlacementKind, Post, UnitKind
from shared import departures
from shared.contracts.directory import PlacementRecorded, StaffRecorded, UnitRecorded
from shared.db import Transaction
from shared.inbox import Received

LOST = "姓名随数据库恢复遗失"


async def relearn_entry(
    tx: Transaction, event: UnitRecorded | StaffRecorded | PlacementRecorded, received: Received
) -> None:
    """The entry stands as the event says."""
    entry: Entry
    days: dict[str, Any] = {"from_on": event.from_on, "to_on": event.to_on}
    if isinstance(event, UnitRecorded):
        entry = Unit(
            code=event.unit,
            name=event.name,
            kind=UnitKind(event.kind),
            superior=event.superior,
            building=event.building,
            **days,
        )
    elif isinstance(event, StaffRecorded):
        known = (await directory.whole(tx)).staff.get(event.staff)
        entry = Staff(
            staff=event.staff,
            name=known.name if known else LOST,
            home_unit=event.home_unit,
            account=event.account,
            pledged_on=event.pledged_on,
            relatives=known.relatives if known else (),
            **days,
        )
    else:
        kind, post = PlacementKind(event.kind), Post(event.post)
        entry = Placement(staff=event.staff, unit=event.unit, post=post, kind=kind, **days)
    actor, region = "system:intake", received.region
    await directory.save(tx, [entry], region=region, actor=actor, reason="数据库恢复后重新登记", at=received.at)
    if isinstance(event, StaffRecorded):
        await departures.follow(tx, event)
