"""When a limit may be extended (D08): once, before it ends, by no more than the profile's days."""

from datetime import datetime

from shared.deadlines.ladder import Schedule
from shared.deadlines.limits import Limit, Unit
from shared.errors import Invalid, NotAllowed


def check_extension(standing: Schedule, number: int, *, most: Limit, extended: bool, now: datetime) -> None:
    """Whether the running limit may be extended by `number` natural days. Raises `NotAllowed`, `Invalid`."""
    if most.unit is not Unit.NATURAL_DAYS:
        raise ValueError(f"{most.id} is not counted in natural days")
    if extended:
        raise NotAllowed("只能延期一次 / it was extended once already")
    if now >= standing.due_at:
        raise NotAllowed("已到期,不能再延期 / it has ended and can no longer be extended")
    if not 1 <= number <= most.number:
        reason = f"应为1至{most.number}天 / must be 1 to {most.number} days"
        raise Invalid(reason, fields=[("days", reason)])
