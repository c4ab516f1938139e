"""The reporter of a report past the office is opened 举报人信息调取 (G1, G10, G22; §4.1).

One person of discipline asks, for a purpose and for minutes, a leader grants, and who asked reads while the time lasts; for an interview
exactly two officers read, whom the one who asks names (G-MEET). Nobody of them has handled the report.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Never, Self
from uuid import UUID

from shared.codes import Labelled
from shared.errors import Forbidden, Invalid, NotAllowed
from shared.secrecy import refuse_marked
from shared.two_people import Person, must_be_another, must_be_none_of

LONGEST, LONGEST_INTERVIEW = 60, 480
"""Minutes. An interview has its way there and back."""
OFFICERS = 2
"""An interview is held by two (G-MEET)."""
NOT_FOR_INTERVIEWS = frozenset({"id_number", "address"})
"""What two officers need not know to meet somebody (PIPL §6: the minimum)."""
LAPSES = timedelta(days=3)
"""Nobody grants what was asked for longer ago: whoever still needs it asks again."""
ASKS, GRANTS = frozenset({"dhd", "dld"}), frozenset({"dld"})
"""§4.1: discipline's handlers and leaders; its clerk never sees a reporter."""


class Purpose(Labelled):
    """What for, in the codes of the vault, for the reporter is told them. 调取目的"""

    CONTACT = "contact", "联系举报人", "to contact the reporter"
    FEEDBACK = "feedback", "送达反馈", "to deliver feedback"
    PROTECTION = "protection", "保护举报人", "to protect the reporter"
    OWN_REQUEST = "own-request", "举报人本人请求", "the reporter's own request"
    INTERVIEW = "interview", "当面核实情况", "to interview the reporter"
    DANGER = "danger", "人身危险", "danger to a person"
    ORDER = "order", "法定机关要求", "an authority's lawful order"


class State(Labelled):
    """Where it stands. 调取状态"""

    ASKED = "asked", "待批", "asked for"
    GRANTED = "granted", "已批准", "granted"
    REFUSED = "refused", "不予批准", "refused"
    ENDED = "ended", "已收回", "ended early"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """One opening. `handled_by` in its transitions: the accounts in the report's history. What is not allowed raises."""

    id: UUID
    report_id: UUID
    purpose: Purpose
    reason: str
    minutes: int
    officers: tuple[str, ...] = ()
    """The two who read for an interview; none for any other purpose."""
    asked_by: str
    asked_at: datetime
    state: State = State.ASKED
    decided_by: str | None = None
    decided_at: datetime | None = None
    decision_reason: str | None = None
    ends_at: datetime | None = None
    ended_by: str | None = None
    ended_at: datetime | None = None

    @classmethod
    def ask(
        cls,
        opening_id: UUID,
        report_id: UUID,
        purpose: Purpose,
        *,
        reason: str,
        minutes: int,
        officers: tuple[str, ...] = (),
        persons: int = 0,
        handled_by: frozenset[str],
        by: Person,
        at: datetime,
    ) -> Self:
        """Ask for it; `officers` are accounts of so many `persons`, who may be the one who asks and somebody else. Raises `Forbidden` for
        whoever handled the report, `Invalid`."""
        _must_be_apart(ASKS, handled_by, by)
        refuse_marked("reason", [reason])
        if purpose is Purpose.INTERVIEW:
            if len(officers) != OFFICERS or persons != OFFICERS:
                _refuse("officers", "应为两名不同的办案人员 / two different officers")
            if not handled_by.isdisjoint(officers):
                _refuse(
                    "officers",
                    "经办过该举报的人员不得当面核实 / whoever handled this report does not interview its reporter",
                )
        elif officers:
            _refuse("officers", "只有当面核实才指定人员 / only for an interview")
        longest = LONGEST_INTERVIEW if purpose is Purpose.INTERVIEW else LONGEST
        if not 1 <= minutes <= longest:
            _refuse("minutes", f"应为1至{longest}分钟 / must be 1 to {longest} minutes")
        return cls(
            id=opening_id,
            report_id=report_id,
            purpose=purpose,
            reason=reason,
            minutes=minutes,
            officers=officers,
            asked_by=by.sub,
            asked_at=at,
        )

    def decide(self, *, grant: bool, reason: str | None, handled_by: frozenset[str], by: Person, at: datetime) -> Self:
        """A leader, another person, grants it and the time begins; or refuses it. Raises `Forbidden`, `NotAllowed`, `Invalid`."""
        for one in (self.asked_by, *self.officers):
            must_be_another(one, by, "须由另一人批准 / another person than the one who asked or is to read decides")
        _must_be_apart(GRANTS, handled_by, by)
        self._must_be(State.ASKED, "审批", "decide")
        if at - self.asked_at > LAPSES:
            raise NotAllowed("申请已过期,请重新申请 / this was asked for too long ago; ask again")
        refuse_marked("reason", [reason or ""])
        decided = replace(self, decided_by=by.sub, decided_at=at, decision_reason=reason)
        if not grant:
            return replace(decided, state=State.REFUSED)
        return replace(decided, state=State.GRANTED, ends_at=at + timedelta(minutes=self.minutes))

    def must_be_readable(self, *, handled_by: frozenset[str], by: Person, at: datetime) -> None:
        """Raises `Forbidden` unless the caller is the one it was granted for, `NotAllowed` unless it is granted and its time runs."""
        if by.sub not in self.readers:
            raise Forbidden("该调取不是批准给您的 / this was not granted to you")
        _must_be_apart(ASKS, handled_by, by)
        self._must_be(State.GRANTED, "查看", "read")
        if self.decided_at is None or self.ends_at is None or not self.decided_at <= at < self.ends_at:
            raise NotAllowed("批准的时间已过 / the time that was granted is over")

    @property
    def readers(self) -> tuple[str, ...]:
        """Who reads: the one who asked, or exactly the two that are named."""
        return self.officers or (self.asked_by,)

    def must_show_originals(self) -> None:
        """Raises `NotAllowed` for an interview, which needs no files as they came."""
        if self.purpose is Purpose.INTERVIEW:
            raise NotAllowed("当面核实不调阅附件原件 / an interview opens no file as it came")

    def end(self, *, by: Person, at: datetime) -> Self:
        """Take it back before its time is over, or before it was decided. Raises `Forbidden`, `NotAllowed`."""
        if by.sub != self.asked_by and not by.roles & GRANTS:
            raise Forbidden("只有申请人和纪委领导可以收回 / only who asked, or a leader")
        if self.state not in (State.ASKED, State.GRANTED):
            raise NotAllowed(f"不能收回:该调取{self.state.zh} / cannot be ended: it is {self.state.en}")
        return replace(self, state=State.ENDED, ended_by=by.sub, ended_at=at)

    def _must_be(self, state: State, zh: str, en: str) -> None:
        if self.state is not state:
            raise NotAllowed(f"不能{zh}:该调取{self.state.zh} / cannot {en}: it is {self.state.en}")


def _must_be_apart(roles: frozenset[str], handled_by: frozenset[str], by: Person) -> None:
    if not by.roles & roles:
        raise Forbidden("您的职责不得调取举报人信息 / not with your post")
    must_be_none_of(
        handled_by, by, "经办过该举报的人员不得调取 / whoever handled this report does not open its reporter"
    )


def _refuse(field: str, reason: str) -> Never:
    raise Invalid(reason, fields=[(field, reason)])
