"""Whoever is concerned in a lead comes through no door that names it, and finds it in no list (G4).

Asked in the transaction of every request whose address holds the id of a lead, or of what belongs to one, before the door itself: no door
can forget it. A door with a transaction of its own asks in its use case.
"""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import Depends, Request

from services.intake.db.conflicts import LEADS_OF
from services.intake.usecases.stay_away import leads_to_avoid, must_stay_away
from shared.auth import Principal
from shared.db import Transaction
from shared.http import Tx

Door = TypeVar("Door", bound=Callable[..., Any])
OPEN: dict[Callable[..., Any], str] = {}
"""The doors for those concerned as well, and why."""


def concerned_too(why: str) -> Callable[[Door], Door]:
    """`@concerned_too("…")` under the route: who is concerned may come through this door, for this reason."""

    def mark(door: Door) -> Door:
        OPEN[door] = why
        return door

    return mark


async def stay_out(request: Request, tx: Transaction) -> None:
    """Raises `Forbidden` for whoever is concerned. An id that is none is for the door to refuse."""
    by: Principal | None = getattr(request.state, "principal", None)
    if by is None or request.scope["endpoint"] in OPEN:
        return
    if named := {name: found for name in LEADS_OF.keys() & request.path_params if (found := _id(request, name))}:
        await must_stay_away(tx, named, by)


async def _away(request: Request, tx: Tx) -> Sequence[UUID]:
    return await leads_to_avoid(tx, request.state.principal)


Away = Annotated[Sequence[UUID], Depends(_away, scope="function")]
"""For a list: the leads in which the caller is concerned, which it leaves out."""


def _id(request: Request, name: str) -> UUID | None:
    try:
        return UUID(request.path_params[name])
    except ValueError:
        return None
