"""A decision on a lead that takes two people (G10): raising to 重大, reopening, sealing, expunging. One proposes (or the clock), another
decides."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self
from uuid import UUID

from shared.codes import Labelled
from shared.errors import Forbidden, NotAllowed
from shared.two_people import Person, must_be_another


class Kind(Labelled):
    """What is decided. 决定事项"""

    RAISE = "raise-level", "提为重大", "raise to level major"
    REOPEN = "reopen", "重启", "reopen"
    SEAL = "seal", "封存", "seal"
    EXPUNGE = "expunge", "销毁", "expunge"


class State(Labelled):
    """Where a decision stands. 决定状态"""

    PROPOSED = "proposed", "待决定", "proposed"
    CONFIRMED = "confirmed", "已通过", "confirmed"
    REFUSED = "refused", "未通过", "refused"


@dataclass(frozen=True, slots=True)
class Pair:
    """Who proposes and who decides, by role."""

    proposes: str | None
    """None: the clock alone."""
    decides: str


PAIRS: Mapping[Kind, Pair] = {
    Kind.RAISE: Pair("ana", "ofd"),
    Kind.REOPEN: Pair("ofd", "qrv"),
    Kind.SEAL: Pair(None, "dpo"),
    Kind.EXPUNGE: Pair("dpo", "aud"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What was proposed, why, and what another person said. `proposed_by` None: the clock."""

    id: UUID
    lead_id: UUID
    kind: Kind
    reason: str
    proposed_by: str | None
    proposed_at: datetime
    state: State = State.PROPOSED
    decided_by: str | None = None
    decided_at: datetime | None = None
    decision_reason: str | None = None

    def decide(self, *, confirm: bool, reason: str | None, by: Person, at: datetime) -> Self:
        """Another person confirms or refuses. Raises `NotAllowed`, `Forbidden`."""
        if PAIRS[self.kind].decides not in by.roles:
            raise Forbidden(
                f"“{self.kind.zh}”须由{PAIRS[self.kind].decides}决定 / decided by {PAIRS[self.kind].decides}"
            )
        if self.state is not State.PROPOSED:
            raise NotAllowed(f"该决定{self.state.zh} / it is {self.state.en}")
        must_be_another(self.proposed_by, by, "须由提议人以外的人决定 / decided by another person than the proposer")
        state = State.CONFIRMED if confirm else State.REFUSED
        return replace(self, state=state, decided_by=by.sub, decided_at=at, decision_reason=reason)


def may_propose(kind: Kind, roles: frozenset[str]) -> None:
    """Raises `Forbidden` for a role that does not propose this."""
    if PAIRS[kind].proposes not in roles:
        role = PAIRS[kind].proposes
        raise Forbidden(f"“{kind.zh}”由{role or '系统按期'}提议 / proposed by {role or 'the clock'}")
