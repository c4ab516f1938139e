"""The lead 线索: received, classified, assigned, then it follows the work on it. Frozen; a transition returns (new state, event)."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

from services.intake.domain.codes import VERSION, Ground, IssuingLevel, Level, Source, Tier
from services.intake.domain.lead_states import AT_REST, MOVES, Action, Status, Target
from shared.contracts.intake import Facts, LeadAssigned, LeadClassified, LeadReceived
from shared.deadlines import PROFILE_VERSION, Calendar, Deadline, Unit, china_date, profile_of
from shared.errors import Forbidden, Invalid, NotAllowed, Registered

__all__ = ["LOST", "MOST_DISPUTES", "Assignment", "Lead", "Status"]
LOST = "原文随数据库恢复遗失,见核查单位密封材料"
RESULT_LIMIT = {Level.GENERAL: "D07a", Level.KEY: "D07b", Level.MAJOR: "D07c"}
"""How long the unit has for a lead of this level."""
MOST_DISPUTES = 2
MOST_TOLD = 3
"""States that a refusal names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """Who is charged with the lead, and by when: `sign_by` D04, `due_on` the earlier of D07 and the superior's date."""

    unit: str
    number: int
    sign_by: date
    due_on: date
    provisional: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """One lead. Source, day of receipt and upstream number never change after registration."""

    id: UUID
    lead_no: str
    source: Source
    issuing_level: IssuingLevel | None
    upstream_no: str | None
    upstream_deadline: date | None
    received_on: date
    street: str | None
    summary: str
    allegations: tuple[str, ...]
    named: bool
    reporter_ref: UUID | None
    status: Status = Status.RECEIVED
    version: int = 1
    areas: tuple[str, ...] = ()
    manifestations: tuple[str, ...] = ()
    tier: Tier | None = None
    level: Level | None = None
    grounds: tuple[Ground, ...] = ()
    assignment: Assignment | None = None
    profile_version: str = PROFILE_VERSION
    merged_into: UUID | None = None
    """Its master while it is merged as a repeat; whatever else it is stays as it was, so that unmerging restores it."""
    suspended_at: datetime | None = None
    """Since when it is suspended; as with a merge, all else stays as it was."""
    urgent: bool = False
    """紧急: someone is in danger, or evidence is being lost; then the short limits count (D02u, D04u, D07d, D07f)."""
    refused_by: tuple[str, ...] = ()
    """Units that said "not ours", in order; a second one is the last (D05)."""
    earlier_units: tuple[str, ...] = ()
    """Units that worked on it before it was given to another team."""
    source_l2: str | None = None
    codes_version: str = VERSION
    """The version of the code lists that it was registered or last classified with."""

    @property
    def standing(self) -> Status:
        """Its status as people see it."""
        if self.status in AT_REST:
            return self.status
        if self.merged_into:
            return Status.MERGED
        return Status.SUSPENDED if self.suspended_at else self.status

    def step(self, action: Action, **changes: Any) -> Self:
        """It as it stands after this action, by the table of §4.2. Raises `NotAllowed` for what the table lacks."""
        self.must_allow(action)
        target = MOVES[action][self.standing]
        if isinstance(target, Target) or target in (Status.MERGED, Status.SUSPENDED):
            target = self.status
        return replace(self, status=target, version=self.version + 1, **changes)

    def must_be_used(self) -> None:
        """Raises `NotAllowed` when it is sealed or expunged: what it says is not shown any more (G14)."""
        if self.status in AT_REST:
            raise NotAllowed(
                f"线索{self.status.zh},内容不再使用 / the lead is {self.status.en}; its content is not used"
            )

    def must_be_there(self) -> None:
        """Raises `NotAllowed` when its texts were destroyed: what is written afterwards never would be."""
        if self.status is Status.EXPUNGED:
            raise NotAllowed("线索已销毁,不再更正 / the lead is expunged; it is not corrected any more")

    def must_allow(self, action: Action) -> None:
        """Raises `NotAllowed` when nothing of the kind is done in this state."""
        if self.standing not in MOVES[action]:
            fitting = list(MOVES[action])
            zh, en = "、".join(f"“{status.zh}”" for status in fitting), " or ".join(status.en for status in fitting)
            # what fits many states is not refused for the order of the work
            zh, en = (f",应为{zh}", f", not {en}") if len(fitting) <= MOST_TOLD else ("", "")
            if self.merged_into:
                zh, en = (
                    f"{zh};并入后由主线索(merged_into)办理",
                    f"{en}; what is merged is dealt with at its master (merged_into)",
                )
            raise NotAllowed(
                f"不能{action.zh}:线索为“{self.standing.zh}”{zh} / cannot {action.en}: the lead is {self.standing.en}{en}"
            )

    def received(self, *, effective_at: datetime, claimed: bool = False) -> LeadReceived:
        """The event of its registration. `claimed`: its reporter claims danger."""
        return LeadReceived(
            lead_id=self.id,
            lead_no=self.lead_no,
            source=self.source.value,
            issuing_level=self.issuing_level.value if self.issuing_level else None,
            street=self.street,
            area_codes=tuple(self.areas),
            manifestation_codes=self.manifestations,
            named=self.named,
            source_l2=self.source_l2,
            codes_version=self.codes_version,
            urgent=self.urgent,
            claimed=claimed,
            effective_at=effective_at,
        )

    def classify(
        self,
        tier: Tier,
        level: Level,
        areas: tuple[str, ...],
        manifestations: tuple[str, ...],
        *,
        may_major: bool,
        at: datetime,
        urgent: bool | None = None,
        codes_version: str | None = None,
    ) -> tuple[Self, LeadClassified]:
        """A person chooses tier, level, areas and manifestations (M06, M07), of the code lists of `codes_version` (None: as before); again
        until it is assigned.

        Raises `NotAllowed`, `Forbidden` (level 重大 is for OFD), `Invalid` (a superior's lead is never 乱 unchecked, §4.2; no area).
        """
        self.must_allow(Action.CLASSIFY)
        if level is Level.MAJOR and not may_major:
            raise Forbidden("“重大”由扫黑办主任确定 / level 重大 is set by the director of the office (ofd)")
        if tier is Tier.DISORDER and self.source is Source.SUPERIOR:
            raise Invalid(
                "上级转办线索未经核查不得定为“乱”,只能由核查作出结论C6"
                " / a superior's lead is not classed as 乱 unchecked; there it is a finding (C6)",
                fields=[("tier", "上级转办线索不得为乱 / not disorder for a superior's lead")],
            )
        if not areas:
            raise Invalid("至少选一个领域 / at least one area is needed", fields=[("area_codes", "不能为空 / empty")])
        lead = self.step(
            Action.CLASSIFY,
            tier=tier,
            level=level,
            areas=areas,
            manifestations=manifestations,
            urgent=self.urgent if urgent is None else urgent,
            codes_version=codes_version or self.codes_version,
        )
        return lead, LeadClassified(
            lead_id=self.id,
            tier=tier.value,
            level=level.value,
            area_codes=tuple(areas),
            manifestation_codes=manifestations,
            codes_version=lead.codes_version,
            urgent=lead.urgent,
            effective_at=at,
        )

    def is_classified_as(
        self,
        tier: Tier,
        level: Level,
        areas: tuple[str, ...],
        manifestations: tuple[str, ...],
        *,
        urgent: bool | None = None,
    ) -> bool:
        """Whether exactly this is the standing classification."""
        chosen = (self.tier, self.level, self.areas, self.manifestations)
        same = chosen == (tier, level, areas, manifestations) and urgent in (None, self.urgent)
        return self.standing is Status.CLASSIFIED and same

    def assign(
        self,
        unit: str,
        grounds: tuple[Ground, ...],
        *,
        on: date,
        days: Calendar,
        at: datetime,
        same_may: bool = False,
    ) -> tuple[Self, LeadAssigned]:
        """Charge a unit with it (M13), another than before when it was reopened, unless that has found nothing yet (`same_may`). `on` is
        the day in China of `at`. Raises `NotAllowed`, `Invalid`."""
        self.must_allow(Action.ASSIGN)
        anew: dict[str, Any] = {}
        if self.status is Status.REOPENED:
            if not same_may:
                self.must_be_another(unit)
            anew = {"earlier_units": self.worked, "refused_by": ()}
        return self.charged(Action.ASSIGN, unit, on=on, days=days, at=at, grounds=_union(self.grounds, grounds), **anew)

    def must_be_another(self, unit: str) -> None:
        """Raises `Invalid` for a unit that has worked on it before."""
        if unit in self.worked:
            told = "须交其他力量办理 / another team than before is needed"
            raise Invalid(told, fields=[("unit", told)])

    @property
    def worked(self) -> tuple[str, ...]:
        """Units that have worked on it, the present one too."""
        now = (self.assignment.unit,) if self.assignment else ()
        return tuple(dict.fromkeys((*self.earlier_units, *now)))

    def charged(
        self,
        action: Action,
        unit: str,
        *,
        on: date,
        days: Calendar,
        at: datetime,
        since: date | None = None,
        due: Deadline | None = None,
        **more: Any,
    ) -> tuple[Self, LeadAssigned]:
        """A unit is charged by this action. The result is due from `since` on (D07), or on the day on which it is `due` already; the
        signature from `on` on (D04)."""
        if self.level is None:
            raise NotAllowed("不能交办:线索尚未分级 / cannot assign: the lead has no level")
        profile = profile_of(self.profile_version)
        sign = profile[self.sign_limit]
        # what is counted in hours ends on the day of its last hour
        sign_by = sign.day_after(at) if sign.unit is Unit.HOURS else sign.after(on, days)
        if due is None:
            due = profile[self.result_limit].after(since or on, days)
            if self.upstream_deadline and self.upstream_deadline < due.on:
                # D07e: the earlier of the profile's and the superior's date wins, and the superior's is nobody's to move
                due = Deadline(self.upstream_deadline, provisional=False)
        assignment = Assignment(
            unit=unit,
            number=self.assignment.number + 1 if self.assignment else 1,
            sign_by=sign_by.on,
            due_on=due.on,
            provisional=sign_by.provisional or due.provisional,
        )
        lead = self.step(action, assignment=assignment, **more)
        return lead, LeadAssigned(
            lead_id=self.id,
            assignment_no=assignment.number,
            unit=unit,
            level=self.level.value,
            sign_by=assignment.sign_by,
            due_on=assignment.due_on,
            provisional=assignment.provisional,
            urgent=self.urgent,
            dispute_by=profile["D05"].after(on, days).on if lead.may_be_disputed_by(unit) else None,
            effective_at=at,
        )

    @property
    def sign_limit(self) -> str:
        """How long the unit has to sign for it."""
        return "D04u" if self.urgent else "D04"

    @property
    def result_limit(self) -> str:
        """How long the unit has for the result. Raises `NotAllowed` without a level."""
        if self.level is None:
            raise NotAllowed("线索尚未分级 / the lead has no level")
        return "D07d" if self.urgent else RESULT_LIMIT[self.level]

    def may_be_disputed_by(self, unit: str) -> bool:
        """A unit says "not ours" once; what a second unit has refused is ruled for good (D05)."""
        return unit not in self.refused_by and len(self.refused_by) < MOST_DISPUTES

    def with_dates(self, sign: Deadline, conclude: Deadline) -> Self:
        """Its assignment ends on other days: a pause, or a holiday notice that came late."""
        if self.assignment is None:
            return self
        provisional = sign.provisional or conclude.provisional
        work = replace(self.assignment, sign_by=sign.on, due_on=conclude.on, provisional=provisional)
        return replace(self, version=self.version + 1, assignment=work)

    def add_grounds(self, grounds: tuple[Ground, ...]) -> Self:
        """Grounds for the discipline leg were found, at whatever state (M17, M27). Raises `Invalid` when none is given, `Registered` when
        none is new."""
        self.must_allow(Action.ADD_GROUNDS)
        if not grounds:
            raise Invalid(
                "至少选一种涉纪情形 / at least one ground is needed",
                fields=[("discipline_grounds", "不能为空 / empty")],
            )
        if set(grounds) <= set(self.grounds):
            raise Registered("这些涉纪情形已登记 / these grounds are registered already")
        return replace(self, version=self.version + 1, grounds=_union(self.grounds, grounds))

    def corrected(self, grounds: tuple[Ground, ...] = ()) -> Self:
        """A later version of what it came from is on record beside it; what was registered stands, at whatever state. Grounds that it
        brings are added, where grounds still are."""
        more = grounds if self.standing in MOVES[Action.ADD_GROUNDS] else ()
        return replace(self, version=self.version + 1, grounds=_union(self.grounds, more))

    def merge_into(self, master: Self) -> Self:
        """It repeats what `master` reports (§4.2). Only before it is assigned. Raises `NotAllowed`, `Invalid`."""
        self.must_allow(Action.MERGE)
        if master.id == self.id:
            raise Invalid(
                "不能并入自身 / a lead is not merged into itself", fields=[("master_id", "同一线索 / the same lead")]
            )
        if master.merged_into:
            raise NotAllowed("主线索本身已并入其他线索 / the master is itself merged into another lead")
        if master.status in AT_REST:
            raise NotAllowed("主线索已封存 / the master is sealed")
        return self.step(Action.MERGE, merged_into=master.id)

    def unmerge(self) -> Self:
        """It stands for itself again, as it stood before. Raises `NotAllowed`."""
        return self.step(Action.UNMERGE, merged_into=None)

    @classmethod
    def relearned(cls, event: LeadReceived) -> Self:
        """As it was registered, from its own event, when a restored database has forgotten it. What no event carries is marked lost."""
        return cls(
            id=event.lead_id,
            lead_no=event.lead_no,
            source=Source(event.source),
            issuing_level=IssuingLevel(event.issuing_level) if event.issuing_level else None,
            upstream_deadline=None,
            upstream_no=f"{LOST}({event.lead_no})" if event.source == "S" else None,
            received_on=china_date(event.effective_at),
            street=event.street,
            summary=LOST,
            allegations=(),
            named=event.named,
            reporter_ref=None,
            areas=event.area_codes,
            manifestations=event.manifestation_codes,
            source_l2=event.source_l2,
            codes_version=event.codes_version or VERSION,
            urgent=event.urgent,
        )

    def after(self, event: LeadClassified | LeadAssigned, *, recalled: bool = False) -> Self:
        """As its own event says that it became: nothing is decided anew. `recalled`: it was taken back from the unit before."""
        version = self.version + 1
        if isinstance(event, LeadClassified):
            return replace(
                self,
                status=Status.CLASSIFIED,
                version=version,
                tier=Tier(event.tier),
                level=Level(event.level),
                areas=event.area_codes,
                manifestations=event.manifestation_codes,
                codes_version=event.codes_version or self.codes_version,
                urgent=self.urgent if event.urgent is None else event.urgent,
            )
        assignment = Assignment(
            unit=event.unit,
            number=event.assignment_no,
            sign_by=event.sign_by,
            due_on=event.due_on,
            provisional=event.provisional,
        )
        lead = replace(self, status=Status.ASSIGNED, version=version, assignment=assignment, urgent=event.urgent)
        if self.assignment is None or self.status is Status.DISPUTED:
            return lead
        # another team looks: whoever looked before does not look again
        return replace(lead, earlier_units=self.worked, refused_by=self.refused_by if recalled else ())

    def facts(self, *, grounds: tuple[Ground, ...] = ()) -> Facts:
        """The restricted facts for a box: `grounds` for discipline only, nothing of the reporter ever."""
        return Facts(
            lead_no=self.lead_no,
            summary=self.summary,
            upstream_no=self.upstream_no,
            street=self.street,
            allegations=self.allegations,
            discipline_grounds=grounds,
        )


def _union(first: tuple[Ground, ...], second: tuple[Ground, ...]) -> tuple[Ground, ...]:
    return tuple(dict.fromkeys((*first, *second)))
