"""The work on a lead 核查任务: arrived, accepted by the unit with two verifiers, concluded, and reviewed if it was drawn for that (D36)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Self
from uuid import UUID

from shared.codes import Labelled
from shared.contracts.verification import (
    WorkAccepted,
    WorkConcluded,
    WorkDisputed,
    WorkFirstReported,
    WorkOpened,
    WorkReturnedByReview,
    WorkReviewed,
)
from shared.deadlines import china_date
from shared.errors import Forbidden, Invalid, NotAllowed
from shared.secrecy import refuse_marked

MIN_VERIFIERS = 2
Step = WorkAccepted | WorkDisputed | WorkFirstReported | WorkConcluded | WorkReviewed | WorkReturnedByReview
"""What is said of a work after its arrival."""
LOST = "原文随数据库恢复遗失"


class Status(Labelled):
    """Where a work stands. 核查任务状态"""

    OPENED = "opened", "已到达", "arrived"
    DISPUTED = "disputed", "管辖有争议", "disputed"
    WITHDRAWN = "withdrawn", "已撤回", "withdrawn by a ruling or taken back"
    ACCEPTED = "accepted", "核查中", "being verified"
    IN_REVIEW = "in_review", "评查中", "under quality review"
    CONCLUDED = "concluded", "已有结论", "concluded"


class Conclusion(Labelled):
    """Conclusion categories of §2.4; C7 (merged) is intake's; C8 rests on a formal decision (domain/accusation.py). 结论类别"""

    C1 = "C1", "查实", "confirmed"
    C2 = "C2", "部分查实", "partly confirmed"
    C3 = "C3", "查否", "refuted"
    C4 = "C4", "无法查证,暂存", "cannot be verified, shelved"
    C5 = "C5", "移交", "handed over"
    C6 = "C6", "不属于涉黑涉恶,转治乱", "not organised crime, treated as disorder"
    C8 = "C8", "诬告", "false accusation"


class Because(Labelled):
    """Why a conclusion is reviewed before anyone is told of it (§4.2, D36). 抽查事由"""

    MAJOR = "major", "重大线索", "a major lead"
    REPEATS = "repeats", "查否且重复举报两次以上", "refuted though reported again twice or more"
    RANDOM = "random", "查否随机抽取", "refuted, drawn at random"
    ACCUSATION = "accusation", "拟认定诬告", "to be found a false accusation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifier:
    """One verifier, by staff number (in capitals once on file), with the date of the recusal statement for this lead."""

    staff: str
    recusal_statement_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """The work on one lead. A transition returns the new state and the event; what is not allowed raises `NotAllowed`."""

    id: UUID
    lead_id: UUID
    assignment_no: int
    unit: str
    level: str
    sign_by: date
    due_on: date
    provisional: bool
    status: Status
    version: int
    opened_at: datetime
    verifiers: tuple[Verifier, ...] = ()
    plan: str | None = None
    conclusion: Conclusion | None = None
    urgent: bool = False
    dispute_by: date | None = None
    """Until when the unit may say that it is not its own (D05); None: a ruling binds it."""
    first_report: str | None = None
    suspended: bool = False
    """The lead stands still: nothing is done until it goes on."""
    at_rest: bool = False
    """The lead is sealed or expunged: its facts are not used any more."""
    arrest_held_until: date | None = None
    publication_held_until: date | None = None
    """Until when these wait for the discipline leg (§4.3)."""
    danger_claimed: bool = False
    """A repeat claims danger to life; nobody has said yet whether that holds."""

    @classmethod
    def relearned(cls, event: WorkOpened, *, before: int) -> Self:
        """A work that a restore has forgotten, as far as its own word tells; `before` others of the lead wait like it. What the assignment
        says of it is not known until that is heard again; until then its number is below 0."""
        day = china_date(event.effective_at)
        return cls(
            id=event.work_id,
            lead_id=event.lead_id,
            assignment_no=-1 - before,
            unit=event.unit,
            level="",
            sign_by=day,
            due_on=day,
            provisional=True,
            status=Status.OPENED,
            version=1,
            opened_at=event.effective_at,
        )

    def after(self, event: Step) -> Self:
        """As an event says that was said and then forgotten in a restore."""
        version = self.version + 1
        match event:
            case WorkAccepted():
                return replace(self, status=Status.ACCEPTED, version=version, plan=LOST)
            case WorkDisputed():
                return replace(self, status=Status.DISPUTED, version=version)
            case WorkFirstReported():
                return replace(self, first_report=LOST, version=version)
            case WorkConcluded():
                status = Status.IN_REVIEW if event.review_because else Status.CONCLUDED
                return replace(self, status=status, version=version, conclusion=Conclusion(event.conclusion))
            case WorkReviewed():
                return replace(self, status=Status.CONCLUDED, version=version)
            case WorkReturnedByReview():
                return replace(self, status=Status.ACCEPTED, version=version, conclusion=None)

    @property
    def is_withdrawn(self) -> bool:
        """Whether the unit has it no more: nothing of it is shown (§2.8, never to the accused)."""
        return self.status is Status.WITHDRAWN

    @property
    def _told_no(self) -> int | None:
        """The number of the assignment, if it is known."""
        return self.assignment_no if self.assignment_no > 0 else None

    @property
    def opened(self) -> WorkOpened:
        """The event of its arrival."""
        return WorkOpened(work_id=self.id, lead_id=self.lead_id, unit=self.unit, effective_at=self.opened_at)

    def accept(
        self, verifiers: Iterable[Verifier], plan: str, *, unit: str, on: date, at: datetime
    ) -> tuple[Self, WorkAccepted]:
        """The unit signs, names its verifiers and plan (N07, G-TWO). `on` is the day in China of `at`.

        Raises `Forbidden` for another unit's leader, `NotAllowed`, and `Invalid` for fewer than two different verifiers, a recusal
        statement dated before the assignment or later than today, no plan, or one with a secrecy mark.
        """
        self.must_belong_to(unit)
        self._must_move()
        self._must_be(Status.OPENED, "签收", "accept")
        named = tuple(replace(verifier, staff=verifier.staff.upper()) for verifier in verifiers)
        different = len({verifier.staff for verifier in named})
        if different < MIN_VERIFIERS or different != len(named):
            raise Invalid(
                "至少需要两名不同的核查人员 / at least two different verifiers are needed",
                fields=[("verifiers", "至少两名不同的人员 / two different persons")],
            )
        if any(verifier.recusal_statement_on > on for verifier in named):
            raise Invalid(
                "回避声明日期晚于今天 / a recusal statement is dated in the future",
                fields=[("verifiers", "回避声明日期晚于今天 / recusal_statement_on in the future")],
            )
        if any(verifier.recusal_statement_on < china_date(self.opened_at) for verifier in named):
            raise Invalid(
                "回避声明早于交办日期 / a recusal statement is dated before the lead was assigned",
                fields=[("verifiers", "回避声明早于交办日期 / recusal_statement_on before the assignment")],
            )
        if not plan.strip():
            raise Invalid("核查方案必填 / a plan is needed", fields=[("plan", "不能为空 / empty")])
        refuse_marked("plan", [plan])
        work = replace(self, status=Status.ACCEPTED, version=self.version + 1, verifiers=named, plan=plan.strip())
        event = WorkAccepted(
            work_id=self.id,
            lead_id=self.lead_id,
            unit=self.unit,
            verifier_count=len(named),
            plan_on_file=True,
            recusals_on_file=True,
            assignment_no=self._told_no,
            effective_at=at,
        )
        return work, event

    def conclude(
        self, conclusion: Conclusion, *, unit: str, at: datetime, review: Because | None
    ) -> tuple[Self, WorkConcluded]:
        """The work ends with a conclusion, which waits for its `review` if it was drawn. Raises `Forbidden`, `NotAllowed`."""
        self.must_belong_to(unit)
        self._must_move()
        self._must_be(Status.ACCEPTED, "作出结论", "conclude")
        status = Status.IN_REVIEW if review else Status.CONCLUDED
        work = replace(self, status=status, version=self.version + 1, conclusion=conclusion)
        return work, WorkConcluded(
            work_id=self.id,
            lead_id=self.lead_id,
            assignment_no=self._told_no,
            conclusion=conclusion.value,
            review_because=review.value if review else None,
            effective_at=at,
        )

    def must_wait_for_review(self) -> Conclusion:
        """The conclusion that waits. Raises `NotAllowed`, also while the lead is suspended."""
        self._must_move()
        self._must_be(Status.IN_REVIEW, "评查", "review")
        if self.conclusion is None:
            raise NotAllowed("没有结论 / there is no conclusion")
        return self.conclusion

    def pass_review(self, *, at: datetime) -> tuple[Self, WorkReviewed]:
        """The conclusion stands. Raises `NotAllowed`."""
        conclusion = self.must_wait_for_review()
        work = replace(self, status=Status.CONCLUDED, version=self.version + 1)
        said = WorkReviewed(
            work_id=self.id,
            lead_id=self.lead_id,
            assignment_no=self._told_no,
            conclusion=conclusion.value,
            effective_at=at,
        )
        return work, said

    def return_by_review(self, *, at: datetime) -> tuple[Self, WorkReturnedByReview]:
        """The conclusion is taken back, the unit verifies again. Raises `NotAllowed`."""
        self.must_wait_for_review()
        work = replace(self, status=Status.ACCEPTED, version=self.version + 1, conclusion=None)
        return work, WorkReturnedByReview(
            work_id=self.id, lead_id=self.lead_id, assignment_no=self._told_no, effective_at=at
        )

    def dispute(self, *, unit: str, on: date, at: datetime) -> tuple[Self, WorkDisputed]:
        """The unit says "not ours" (D05): before it signs, within the time, once. Raises `Forbidden`, `NotAllowed`."""
        self.must_belong_to(unit)
        self._must_move()
        self._must_be(Status.OPENED, "提出管辖异议", "dispute")
        if self.dispute_by is None:
            raise NotAllowed("裁定后不得再提管辖异议 / the ruling binds; it is not disputed again")
        if on > self.dispute_by:
            raise NotAllowed(
                f"管辖异议应于{self.dispute_by}(含)前提出 / a dispute was to be raised by {self.dispute_by}"
            )
        work = replace(self, status=Status.DISPUTED, version=self.version + 1)
        return work, WorkDisputed(
            work_id=self.id, lead_id=self.lead_id, assignment_no=self.assignment_no, effective_at=at
        )

    def withdraw(self) -> Self:
        """The dispute was ruled; the assignment that follows opens a work of its own."""
        self._must_be(Status.DISPUTED, "撤回", "withdraw")
        return replace(self, status=Status.WITHDRAWN, version=self.version + 1)

    def take_back(self) -> Self:
        """Intake took the lead back from this unit (收回改交): the work is over wherever it stands, and what it concluded meanwhile counts
        no more. Raises `NotAllowed` for one that is withdrawn."""
        if self.status is Status.WITHDRAWN:
            raise NotAllowed("该核查任务已撤回 / the work is withdrawn already")
        return replace(self, status=Status.WITHDRAWN, version=self.version + 1, conclusion=None)

    def as_shown(self) -> Self:
        """Without what is said of its lead since, once it is another unit's."""
        if not self.is_withdrawn:
            return self
        return replace(self, arrest_held_until=None, publication_held_until=None, danger_claimed=False)

    def report_first(self, text: str, *, unit: str, at: datetime) -> tuple[Self, WorkFirstReported]:
        """The first report of an urgent lead (D07f). Raises `Forbidden`, `NotAllowed`, `Invalid` for one with a secrecy mark."""
        self.must_belong_to(unit)
        self._must_move()
        self._must_be(Status.ACCEPTED, "报送首报", "report for the first time")
        if not self.urgent or self.first_report is not None:
            raise NotAllowed("非紧急线索或已报首报 / it is not urgent, or the first report is on file")
        refuse_marked("text", [text])
        work = replace(self, first_report=text, version=self.version + 1)
        return work, WorkFirstReported(
            work_id=self.id, lead_id=self.lead_id, assignment_no=self._told_no, effective_at=at
        )

    def _must_move(self) -> None:
        if self.suspended:
            raise NotAllowed("线索已中止,暂不办理 / the lead is suspended; nothing is done until it goes on")

    def must_belong_to(self, unit: str) -> None:
        """Comes before everything else, so that another unit learns nothing of the work's state. Raises `Forbidden`."""
        if unit != self.unit:
            raise Forbidden("该核查任务属于其他单位 / the work is assigned to another unit")

    def _must_be(self, status: Status, zh: str, en: str) -> None:
        if self.status is not status:
            raise NotAllowed(
                f"不能{zh}:核查任务为“{self.status.zh}”,应为“{status.zh}” / cannot {en}: the work is {self.status.en}, not {status.en}"
            )
