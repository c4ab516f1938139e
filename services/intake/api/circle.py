"""A reader's own circle, declared by the person: written, compared, never shown."""

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import Field, StringConstraints

from services.intake.domain.circle import LONGEST, SHORTEST, Tie
from services.intake.usecases.declare_circle import declare_circle
from shared.auth import Principal
from shared.http import Now, Order, Tx, require

router = APIRouter(tags=["查阅提醒 read alerts"])
Reader = Annotated[Principal, require("icl", "ana", "ofd", "sup", "ldr")]
Word = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=SHORTEST, max_length=LONGEST, pattern=r"^[^\x00]*$")
]


class CircleOrder(Order):
    """Where one lives (小区, 村), relatives' names, units one was in. Kept as keyed hashes. 本人关系申报"""

    places: list[Word] = Field(default_factory=list, max_length=10)
    relatives: list[Word] = Field(default_factory=list, max_length=30)
    units: list[Word] = Field(default_factory=list, max_length=10)


@router.put("/circle", status_code=204)
async def put_circle(order: CircleOrder, request: Request, by: Reader, tx: Tx, at: Now) -> None:
    """Declare one's own circle, in place of what was declared before; nobody is shown it. 申报本人关系"""
    words = {Tie.NEIGHBOUR: order.places, Tie.RELATIVE: order.relatives, Tie.COLLEAGUE: order.units}
    await declare_circle(tx, words, secret=request.app.state.circle_secret, by=by, at=at)
