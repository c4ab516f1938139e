"""What is looked for, and how much of the register the one who looks may see (M17: each side its own). Pure."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from typing import Self

from services.intake.domain.codes import Level, Source, Tier
from services.intake.domain.lead_states import Status
from services.intake.domain.search_terms import OPEN, facet, months
from shared.codes import Labelled
from shared.deadlines import Colour
from shared.errors import Forbidden

OFFICE = frozenset({"icl", "ana", "ofd", "sup", "ldr"})
UNITS = frozenset({"unl", "unh", "p1", "p2", "p3", "p4", "p5", "p6", "tfl", "tfm"})
DISCIPLINE = frozenset({"dcm", "dhd", "dld"})
MAY_READ = frozenset({"ana", "ofd", "sup"}) | UNITS | DISCIPLINE
"""Who reads what was reported may look for its words; to others the search would tell what they may not read."""


class View(Labelled):
    """Ready-made views. 常用视图"""

    ALL = "all", "全区", "whole area"
    TODO = "todo", "待办", "to do"
    HANDLED = "handled", "我办理过的", "handled by me"
    STARTED = "started", "我发起的", "started by me"


TODO = {
    "icl": (Status.RECEIVED,),
    "ana": (Status.RECEIVED,),
    "ofd": (Status.RECEIVED, Status.CLASSIFIED, Status.DISPUTED, Status.FED_BACK, Status.REOPENED),
    "sup": OPEN,
    "ldr": (Status.CLASSIFIED, Status.ASSIGNED, Status.VERIFYING),
    **dict.fromkeys(UNITS, (Status.ASSIGNED, Status.VERIFYING, Status.TASKFORCE, Status.IN_SIGNOFF)),
}
"""What waits for whom."""
LATE = (Colour.ORANGE, Colour.RED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """All of it has to hold; None and empty ask for nothing."""

    text: str | None = None
    statuses: tuple[Status, ...] = ()
    source: Source | None = None
    source_l2: str | None = None
    area: str | None = None
    manifestation: str | None = None
    tier: Tier | None = None
    level: Level | None = None
    street: str | None = None
    unit: str | None = None
    received_from: date | None = None
    received_to: date | None = None
    due_by: date | None = None
    colours: tuple[Colour, ...] = ()
    handled_by: str | None = None
    started_by: str | None = None
    with_leg: bool = False
    leg_open: bool = False
    no_children: bool = False
    """Nothing that names a child under 14 (G19): neither side is told of it, and its words would tell."""
    empty: bool = False
    """It asks for what cannot be."""

    def within(self, view: View, *, sub: str, roles: Collection[str], unit: str) -> Self:
        """This search, in a view, by this person: no wider than what the person may see. Raises `Forbidden`."""
        seen = set(roles)
        if self.text is not None and not seen & MAY_READ:
            raise Forbidden(
                "仅可阅读线索内容的人员可按内容检索 / only who may read what was reported may search its words"
            )
        search = self
        if not seen & OFFICE:
            search = search._of_unit(unit) if seen & UNITS else search._of_discipline()
            search = replace(search, no_children=self.text is not None)
        match view:
            case View.HANDLED:
                return replace(search, handled_by=sub)
            case View.STARTED:
                return replace(search, started_by=sub)
            case View.TODO:
                return search.to_do(seen)
        return search

    def _of_unit(self, unit: str) -> Self:
        if self.unit not in (None, unit):
            raise Forbidden("只能检索本单位线索 / leads of your own unit only")
        return replace(self, unit=unit)

    def _of_discipline(self) -> Self:
        plain = Search(
            text=self.text,
            source=self.source,
            source_l2=self.source_l2,
            street=self.street,
            received_from=self.received_from,
            received_to=self.received_to,
        )
        if self != plain:
            # where the crime side stands is not to be found out by asking
            raise Forbidden(
                "纪律线只可按内容、来源、街道、日期检索 / discipline searches by words, source, street and dates only"
            )
        return replace(self, with_leg=True)

    def to_do(self, roles: Collection[str]) -> Self:
        """What of it waits for someone with these roles."""
        waits = {status for role in roles for status in TODO.get(role, ())}
        if self.with_leg:
            return replace(self, leg_open=True)
        kept = tuple(status for status in OPEN if status in waits and (not self.statuses or status in self.statuses))
        late = LATE if "sup" in roles and not self.colours else self.colours
        return replace(self, statuses=kept, colours=late, empty=not kept)

    @property
    def facets(self) -> list[int]:
        """The terms that every lead that is looked for has."""
        one = self.statuses[0] if len(self.statuses) == 1 else None
        said = [
            ("status", one),
            ("open", bool(self.colours or self.due_by)),
            ("source", self.source),
            ("source_l2", self.source_l2),
            ("area", self.area),
            ("manifestation", self.manifestation),
            ("tier", self.tier),
            ("level", self.level),
            ("street", self.street),
            ("unit", self.unit),
            ("leg", self.with_leg),
        ]
        return [facet(name, value) for name, value in said if value]

    @property
    def any_status(self) -> list[int]:
        """The terms of which it has one, when several states are asked for."""
        return [facet("status", each) for each in self.statuses] if len(self.statuses) > 1 else []

    @property
    def any_month(self) -> list[int]:
        """The same for months."""
        return months(self.received_from, self.received_to)

    @property
    def people(self) -> list[int]:
        """The terms of the people of its history."""
        said = [("handled", self.handled_by), ("started", self.started_by)]
        return [facet(name, value) for name, value in said if value]
