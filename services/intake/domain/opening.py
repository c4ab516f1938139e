"""An opening of one reporter's data 举报人信息调取 (G1, G5, G10, §4.1): one asks with purpose and time box, another grants, and then who
was to read reads, while the time lasts. Three kinds: by the keepers, for the two officers of an interview, in an emergency."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self
from uuid import UUID

from services.intake.domain.lead_states import Status
from shared.codes import Labelled
from shared.errors import Forbidden, Invalid, NotAllowed
from shared.secrecy import refuse_marked
from shared.two_people import Person, must_be_another, must_be_none_of

OFFICERS = 2
"""An interview is held by two (G-MEET)."""
LAPSES = timedelta(days=3)
"""Nobody grants what was asked for longer ago: whoever still needs it asks again."""
DISCIPLINE = "JW"
CHECKED = frozenset({Status.VERIFYING, Status.TASKFORCE})
TASK_FORCE = frozenset({"tfl", "tfm"})
"""Its members come from several units."""
NO_INTERVIEW = "线索不在核查中,没有当面核实 / the lead is not being verified, so there is no interview"
INTERVIEWERS = frozenset({"p1", "p2", "p3", "p4", "p5", "p6", "tfl", "tfm", "unh", "dhd", "dld"})
"""Roles that may be named for an interview: of the unit that verifies, or of discipline for its own leg."""
WORKS_ON_LEADS = INTERVIEWERS | {"unl", "qrv", "dcm"}
"""Whoever has one of these roles keeps no reporter (§4.1: RVK ≠ P1–P6)."""
DECIDERS = frozenset({"rvk", "ofd", "ldr"})


class Kind(Labelled):
    """Who reads. 调取方式"""

    KEEPERS = "keepers", "保管员调取", "by a keeper"
    INTERVIEW = "interview", "当面核实", "by two officers for an interview"
    BREAK_GLASS = "break-glass", "紧急调取", "break-glass"


class Purpose(Labelled):
    """What for. 调取目的"""

    CONTACT = "contact", "联系举报人", "to contact the reporter"
    FEEDBACK = "feedback", "送达反馈", "to deliver feedback"
    REWARD = "reward", "发放奖励", "to pay a reward"
    PROTECTION = "protection", "保护举报人", "to protect the reporter"
    OWN_REQUEST = "own-request", "举报人本人请求", "the reporter's own request"
    ORIGINALS = "originals", "核验来信、录音和附件原件", "to examine originals of letters, recordings and files"
    INTERVIEW = "interview", "当面核实情况", "to interview the reporter"
    DANGER = "danger", "人身危险", "danger to a person"
    ORDER = "order", "法定机关要求", "an authority's lawful order"


class State(Labelled):
    """Where it stands. 调取状态"""

    ASKED = "asked", "待批", "asked for"
    GRANTED = "granted", "已批准", "granted"
    REFUSED = "refused", "不予批准", "refused"
    ENDED = "ended", "已收回", "ended early"


_P = Purpose
PURPOSES = {
    Kind.KEEPERS: frozenset({_P.CONTACT, _P.FEEDBACK, _P.REWARD, _P.PROTECTION, _P.OWN_REQUEST, _P.ORIGINALS}),
    Kind.INTERVIEW: frozenset({_P.INTERVIEW}),
    Kind.BREAK_GLASS: frozenset({_P.DANGER, _P.ORDER, _P.PROTECTION}),
}
LONGEST = {Kind.KEEPERS: 60, Kind.INTERVIEW: 480, Kind.BREAK_GLASS: 60}
"""Minutes. An interview has its way there and back."""
SHREDDED = "举报人信息已按规定销毁 / the reporter's data were shredded"
AT_REST = frozenset({_P.OWN_REQUEST, _P.PROTECTION, _P.DANGER, _P.ORDER})
"""What the reporter of a sealed lead may still be opened for: it is stored and not used (PIPL §47), but who reported is protected on."""
NOT_FOR_INTERVIEWS = frozenset({"id_number", "address"})
"""What two officers need not know to meet somebody (PIPL §6: the minimum)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """What the vault knows of a lead: enough to judge who may ask, nothing of what was reported. Of a repeat the status, unit and leg are
    its master's: that is what is checked."""

    lead_id: UUID
    reporter_ref: UUID | None
    status: str
    unit: str | None
    has_discipline_leg: bool
    """One that has not ended."""
    worked_on_by: frozenset[str]
    """Accounts in the history of the matter: registered, classified, assigned, merged it."""
    officers: frozenset[str]
    """Accounts that were named for an interview on the matter before."""
    shredded: bool = False
    """The reporter's data are destroyed; only the vault itself can see that."""
    recalled_at: datetime | None = None
    """When it was last taken back from a unit with a conflict of interest (docs/decisions/0112)."""

    def units(self) -> frozenset[str]:
        """Units that check it."""
        legs = {DISCIPLINE} if self.has_discipline_leg else set()
        return frozenset(legs | ({self.unit} if self.unit else set()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """One opening of one lead's reporter. A transition returns the new state; what is not allowed raises."""

    id: UUID
    lead_id: UUID
    kind: Kind
    purpose: Purpose
    reason: str
    minutes: int
    officers: tuple[str, ...]
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
        matter: Matter,
        kind: Kind,
        purpose: Purpose,
        *,
        reason: str,
        minutes: int,
        officers: Iterable[str] = (),
        persons: int = 0,
        by: Person,
        at: datetime,
    ) -> Self:
        """Ask for it; `officers` are accounts of so many `persons`. Raises `NotAllowed` (no reporter, nobody to interview for), `Forbidden`
        (works on the lead), `Invalid`."""
        named = tuple(officers)
        _must_be_apart(matter, kind, by)
        _must_be_there(matter, purpose)
        if purpose not in PURPOSES[kind]:
            allowed = "、".join(sorted(PURPOSES[kind]))
            _refuse("purpose", f"此方式只用于:{allowed} / only for these: {', '.join(sorted(PURPOSES[kind]))}")
        if not 1 <= minutes <= LONGEST[kind]:
            _refuse("minutes", f"应为1至{LONGEST[kind]}分钟 / must be 1 to {LONGEST[kind]} minutes")
        refuse_marked("reason", [reason])
        if kind is Kind.INTERVIEW:
            _check_interview(matter, named, persons, by)
        elif named:
            _refuse("officers", "只有当面核实才指定人员 / only for an interview")
        return cls(
            id=opening_id,
            lead_id=matter.lead_id,
            kind=kind,
            purpose=purpose,
            reason=reason,
            minutes=minutes,
            officers=named,
            asked_by=by.sub,
            asked_at=at,
        )

    def decide(self, matter: Matter, *, grant: bool, reason: str | None, by: Person, at: datetime) -> Self:
        """A second person grants it, and the time begins; or refuses it. Raises `Forbidden` (the one who asked, an officer that is named,
        whoever works on the lead or has no say in this kind), `NotAllowed`."""
        for one in (self.asked_by, *self.officers):
            must_be_another(one, by, "须由另一人批准 / another person than the one who asked or is to read decides")
        if self.kind is not Kind.BREAK_GLASS and "rvk" not in by.roles:
            raise Forbidden("须由另一名保管员批准 / another keeper decides")
        _must_be_apart(matter, self.kind, by)
        self._must_be(State.ASKED, "审批", "decide")
        if at - self.asked_at > LAPSES:
            raise NotAllowed("申请已过期,请重新申请 / this was asked for too long ago; ask again")
        refuse_marked("reason", [reason or ""])
        decided = replace(self, decided_by=by.sub, decided_at=at, decision_reason=reason)
        if not grant:
            return replace(decided, state=State.REFUSED)
        _must_be_there(matter, self.purpose)  # or the reporter would be told of an opening that nobody had
        return replace(decided, state=State.GRANTED, ends_at=at + timedelta(minutes=self.minutes))

    def must_be_of(self, *, originals: bool) -> None:
        """What was granted for originals of files shows no reporter's data, and the other way round. Raises `NotAllowed`."""
        if (self.purpose is Purpose.ORIGINALS) is not originals:
            what = "举报人信息 / a reporter's data" if self.purpose is not Purpose.ORIGINALS else "原件 / originals"
            zh, en = what.split(" / ")
            raise NotAllowed(f"该调取只用于{zh} / this was granted for {en} alone")

    def must_be_readable(self, matter: Matter, *, by: Person, at: datetime) -> None:
        """Raises `Forbidden` unless the caller is the one it was granted for, `NotAllowed` unless it is granted and its time runs."""
        if by.sub not in self.readers:
            raise Forbidden("该调取不是批准给您的 / this was not granted to you")
        if self.kind is Kind.INTERVIEW:
            of_the_unit = by.roles & INTERVIEWERS and by.unit in matter.units()
            of_the_force = by.roles & TASK_FORCE and matter.status == Status.TASKFORCE
            if not (of_the_unit or of_the_force):
                raise Forbidden("只限核查该线索单位的办案人员 / only officers of a unit that checks this lead")
            if by.unit != DISCIPLINE and matter.recalled_at is not None and self.asked_at <= matter.recalled_at:
                raise Forbidden(
                    "线索已改交,须重新申请 / another unit checks this lead by now: it has to be asked for anew"
                )
        else:
            if not by.roles & ({"rvk"} if self.kind is Kind.KEEPERS else {"ofd"}):
                raise Forbidden("您已不担任该职责 / you do not have that post any more")
            _must_be_apart(matter, self.kind, by)
        self._must_be(State.GRANTED, "查看", "read")
        if self.decided_at is None or self.ends_at is None or not self.decided_at <= at < self.ends_at:
            raise NotAllowed("批准的时间已过 / the time that was granted is over")
        _must_be_there(matter, self.purpose)
        if self.kind is Kind.INTERVIEW and by.unit == matter.unit and matter.status not in CHECKED:
            raise NotAllowed(NO_INTERVIEW)

    @property
    def readers(self) -> tuple[str, ...]:
        """Who reads: the one who asked, or exactly the two that are named."""
        return self.officers if self.kind is Kind.INTERVIEW else (self.asked_by,)

    def end(self, *, by: Person, at: datetime) -> Self:
        """Take it back before its time is over, or before it was decided. Raises `Forbidden`, `NotAllowed`."""
        if not (by.roles & {"rvk", "dpo"} or self.asked_by in by.accounts):
            raise Forbidden("只有申请人、保管员和个人信息保护负责人可以收回 / only who asked, a keeper or the DPO")
        if self.state not in (State.ASKED, State.GRANTED):
            raise NotAllowed(f"不能收回:该调取{self.state.zh} / cannot be ended: it is {self.state.en}")
        return replace(self, state=State.ENDED, ended_by=by.sub, ended_at=at)

    def _must_be(self, state: State, zh: str, en: str) -> None:
        if self.state is not state:
            raise NotAllowed(f"不能{zh}:该调取{self.state.zh} / cannot {en}: it is {self.state.en}")


def _must_be_there(matter: Matter, purpose: Purpose) -> None:
    """Raises `NotAllowed` when there is no reporter to open, or the lead is at rest; files are originals of their own."""
    if matter.status == Status.SEALED and purpose not in AT_REST:
        raise NotAllowed("线索已封存,只保存、不使用 / the lead is sealed: stored, not used")
    if purpose is Purpose.ORIGINALS:
        return
    if matter.reporter_ref is None:
        raise NotAllowed("该线索没有举报人信息 / this lead has no reporter on record")
    if matter.shredded:
        raise NotAllowed(SHREDDED)


def _must_be_apart(matter: Matter, kind: Kind, by: Person) -> None:
    """§4.1: a keeper is no investigator of the lead. In an emergency the director may be the one who assigned it."""
    if by.roles & WORKS_ON_LEADS:
        raise Forbidden("办案人员不得保管举报人信息 / whoever works on leads keeps no reporter")
    told = "承办该线索的单位和人员不得调取 / not for the unit or the people who check this lead"
    if by.unit in matter.units():
        raise Forbidden(told)
    must_be_none_of(matter.officers, by, told)
    if kind is not Kind.BREAK_GLASS:
        told = "经办过该线索的人员不得调取 / whoever handled this lead does not open its reporter"
        must_be_none_of(matter.worked_on_by, by, told)


def _check_interview(matter: Matter, named: tuple[str, ...], persons: int, by: Person) -> None:
    if len(named) != OFFICERS or persons != OFFICERS or by.accounts & set(named):
        _refuse("officers", "应为两名不同的办案人员,不含申请人 / two different officers, not the one who asks")
    if matter.status not in CHECKED and not matter.has_discipline_leg:
        raise NotAllowed(NO_INTERVIEW)


def _refuse(field: str, reason: str) -> None:
    raise Invalid(reason, fields=[(field, reason)])
