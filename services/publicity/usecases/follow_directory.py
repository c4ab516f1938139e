"""The directory stands otherwise: keep what figures count of it, and nothing else."""

from services.publicity.db import directory
from shared import departures
from shared.contracts.directory import PlacementRecorded, StaffRecorded, UnitRecorded
from shared.db import Transaction
from shared.inbox import Received


async def follow_unit(tx: Transaction, event: UnitRecorded, received: Received) -> None:
    """A unit: its name, kind and days."""
    kept = event.model_dump(include={"name", "kind", "from_on", "to_on"})
    await directory.keep_unit(tx, {**kept, "code": event.unit, "region_code": received.region})


async def follow_staff(tx: Transaction, event: StaffRecorded, received: Received) -> None:
    """A member of staff: the days; and whose account has ended."""
    kept = event.model_dump(include={"staff", "from_on", "to_on"})
    await directory.keep_staff(tx, {**kept, "region_code": received.region})
    await departures.follow(tx, event)


async def follow_placement(tx: Transaction, event: PlacementRecorded, received: Received) -> None:
    """A placement."""
    kept = event.model_dump(include={"staff", "unit", "post", "kind", "from_on", "to_on"})
    await directory.keep_placement(tx, {**kept, "id": event.placement_id, "region_code": received.region})
