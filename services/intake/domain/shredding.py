"""The end of a reporter's data 举报人信息销毁: the DPO orders it, a keeper carries it out, nobody reads them again (G14, G24)."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self
from uuid import UUID

from shared.codes import Labelled
from shared.errors import NotAllowed
from shared.secrecy import refuse_marked
from shared.two_people import Person, must_be_another


class Ground(Labelled):
    """Why it ends. 销毁事由"""

    RETENTION = "retention", "保存期满", "kept as long as it may be"
    OWN_REQUEST = "own-request", "举报人本人要求", "the reporter asks for it"
    EXPUNGEMENT = "expungement", "线索销毁", "the lead is expunged"


class Step(Labelled):
    """Where it stands. 销毁状态"""

    ORDERED = "ordered", "待执行", "ordered"
    DONE = "done", "已销毁", "carried out"
    REFUSED = "refused", "未执行", "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shredding:
    """One order. A transition returns the new state."""

    id: UUID
    lead_id: UUID
    ground: Ground
    reason: str
    ordered_by: str
    ordered_at: datetime
    state: Step = Step.ORDERED
    decided_by: str | None = None
    decided_at: datetime | None = None

    @classmethod
    def order(
        cls,
        shredding_id: UUID,
        lead_id: UUID,
        ground: Ground,
        reason: str,
        *,
        reporter_ref: UUID | None,
        by: str,
        at: datetime,
    ) -> Self:
        """Order it. Raises `NotAllowed` where there is no reporter, `Invalid` for a secrecy mark."""
        if reporter_ref is None:
            raise NotAllowed("该线索没有举报人信息 / this lead has no reporter on record")
        refuse_marked("reason", [reason])
        return cls(id=shredding_id, lead_id=lead_id, ground=ground, reason=reason, ordered_by=by, ordered_at=at)

    def decide(self, *, carry_out: bool, held: bool, marked: bool, by: Person, at: datetime) -> Self:
        """The keeper carries it out, or refuses. Raises `Forbidden` for the one who ordered it, `NotAllowed`: carried out never while a
        legal hold stands (`held`; the order waits), refused never when the data are given up already (`marked`)."""
        must_be_another(
            self.ordered_by, by, "须由另一人执行 / another person than the one who ordered it carries it out"
        )
        if self.state is not Step.ORDERED:
            raise NotAllowed(f"不能执行:{self.state.zh} / cannot be carried out: it is {self.state.en}")
        if carry_out and held:
            raise NotAllowed(
                "依法保留期间不得销毁,指令待解除后执行 / under a legal hold: the order waits until it is released"
            )
        if marked and not carry_out:
            raise NotAllowed(
                "线索已销毁或保存期满,须执行 / the lead is expunged or its time is over: it is carried out"
            )
        return replace(self, state=Step.DONE if carry_out else Step.REFUSED, decided_by=by.sub, decided_at=at)
