"""The directory stands otherwise: keep what verifiers are chosen by, and whose account has ended."""

from services.verification.db import staff
from shared import departures
from shared.contracts.directory import PlacementRecorded, StaffRecorded
from shared.db import Transaction
from shared.inbox import Received

AWAY = "leave"


async def follow_staff(tx: Transaction, event: StaffRecorded, received: Received) -> None:
    """A member of staff: days and pledge."""
    kept = event.model_dump(include={"staff", "pledged_on", "from_on", "to_on"})
    await staff.keep(tx, {**kept, "region_code": received.region})
    await departures.follow(tx, event)


async def follow_placement(tx: Transaction, event: PlacementRecorded, _: Received) -> None:
    """An absence; posts are no matter of verification."""
    if event.kind == AWAY:
        await staff.keep_absence(
            tx, {"id": event.placement_id, "staff": event.staff, "from_on": event.from_on, "to_on": event.to_on}
        )
