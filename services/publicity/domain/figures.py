"""What the figures mean. Each is counted from dated facts; its rows are the proof."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from shared.deadlines import china_date

MIN_VERIFIERS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure's code, words and unit."""

    code: str
    zh: str
    en: str
    unit: str
    unit_zh: str


SUPERIOR_LEADS = Figure(
    code="N07",
    zh="上级下发线索已按时规范开展核查",
    en="superior leads whose verification started in time and in order",
    unit="leads",
    unit_zh="条",
)
DUAL_ASSIGNMENTS = Figure(
    code="dual_assignments", zh="双交办线索", en="leads assigned to both tracks", unit="leads", unit_zh="条"
)
WORK_GROUPS = Figure(code="N13", zh="专项工作组", en="special work groups", unit="groups", unit_zh="个")
OFFICE_STAFF = Figure(code="N14", zh="扫黑办专项工作人员", en="staff of the office", unit="persons", unit_zh="人")
POLICE_TEAM = Figure(code="N15", zh="公安扫黑专班人员", en="staff of the police team", unit="persons", unit_zh="人")
UNITS_OF = {WORK_GROUPS.code: "work_group"}
STAFF_OF = {OFFICE_STAFF.code: "office", POLICE_TEAM.code: "police_team"}
"""Figure → the kind of units of the directory that it counts, or whose staff it counts."""
FIGURES = {figure.code: figure for figure in (SUPERIOR_LEADS, DUAL_ASSIGNMENTS, WORK_GROUPS, OFFICE_STAFF, POLICE_TEAM)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """That a unit signed for a lead, and what was on file then."""

    at: datetime
    verifier_count: int
    plan_on_file: bool
    recusals_on_file: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SuperiorLead:
    """What the facts up to a day say of one lead handed down by a superior."""

    lead_id: UUID
    lead_no: str
    issuing_level: str
    received_on: date
    assigned_at: datetime | None
    sign_by: date | None
    acceptance: Acceptance | None

    @property
    def in_time(self) -> bool:
        """Signed for on or before the last day of D04, by the calendar of China."""
        return (
            self.acceptance is not None and self.sign_by is not None and china_date(self.acceptance.at) <= self.sign_by
        )

    @property
    def in_order(self) -> bool:
        """Two verifiers, a plan and the recusal statements were on file when it began."""
        begun = self.acceptance
        return (
            begun is not None
            and begun.verifier_count >= MIN_VERIFIERS
            and begun.plan_on_file
            and begun.recusals_on_file
        )

    @property
    def counted(self) -> bool:
        """Whether N07 counts it: started in time *and* in order (started, not concluded)."""
        return self.in_time and self.in_order


def started(leads: Iterable[SuperiorLead]) -> int:
    """N07's value."""
    return sum(lead.counted for lead in leads)
