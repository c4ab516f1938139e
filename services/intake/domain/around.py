"""Who is near the staff whom a lead names or the office states: what alerts about readings need where the directory is not (G12). Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from services.intake.domain.circle import named_in
from services.intake.domain.conflict import Subject
from services.intake.domain.directory import Directory
from services.intake.domain.directory_codes import PlacementKind


@dataclass(frozen=True, slots=True)
class Around:
    """Units of those persons, and staff with a relative among them."""

    units: tuple[str, ...]
    staff: tuple[str, ...]


def around(directory: Directory, text: str, stated: Iterable[Subject], *, since: date) -> Around:
    """Who is near those whom `text` names or who are stated. Units are those where they have been `since` that day."""
    stated = list(stated)
    names = named_in(text, {one.name for one in directory.staff.values()}, on=since)
    meant = {one.staff for one in directory.staff.values() if one.name in names} | {one.staff for one in stated}
    placed = [one for one in directory.placements.values() if one.kind is not PlacementKind.LEAVE]
    units = {one.unit for one in placed if one.staff in meant and (one.to_on is None or one.to_on > since)}
    units |= {one.home_unit for one in directory.staff.values() if one.staff in meant}
    units |= {one.unit for one in stated if one.unit}
    pairs = {(one.staff, other) for one in directory.staff.values() for other in one.relatives}
    pairs |= {(other, one) for one, other in pairs}
    return Around(tuple(sorted(units)), tuple(sorted({one for one, other in pairs if other in meant})))
