"""Impact assessments of handling personal data 个人信息保护影响评估 (PIPL §55, §56; D33): what was assessed, due again when. Pure."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from shared.codes import Labelled
from shared.errors import Invalid

LONGEST = 3
"""Years. The next one is due within three years: so long a record is kept at least (PIPL §56), so that there is always one that stands."""


class Cause(Labelled):
    """Why an assessment is needed (PIPL §55). 评估事由"""

    SENSITIVE = "sensitive", "处理敏感个人信息", "sensitive personal data"
    AUTOMATED = "automated", "自动化决策", "automated decisions"
    PROVIDED = "provided", "委托处理、向他人提供或公开", "entrusted or given to others, or published"
    OTHER = "other", "其他对个人权益有重大影响的处理", "other handling with great effect on persons"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpactAssessment:
    """One entry of the register. `measures`: what the risks are met with; `renews`: the assessment that it follows. Never changed: a later
    one is an entry of its own."""

    id: UUID
    processing: str
    cause: Cause
    document_no: str
    measures: str
    assessed_on: date
    next_due_on: date
    renews: UUID | None
    recorded_by: str
    recorded_at: datetime

    def must_fit(self, *, today: date) -> None:
        """Raises `Invalid` for an assessment that is to come, or that is due again too early or too late."""
        if self.assessed_on > today:
            told = "评估日期晚于今天 / a day to come"
            raise Invalid(told, fields=[("assessed_on", told)])
        if self.next_due_on <= self.assessed_on:
            told = "下次评估应晚于本次 / the next one is due after this one"
            raise Invalid(told, fields=[("next_due_on", told)])
        last, due = self.assessed_on, self.next_due_on
        if (due.year - LONGEST, due.month, due.day) > (last.year, last.month, last.day):
            told = "下次评估最迟在三年内 / the next one is due within three years"
            raise Invalid(told, fields=[("next_due_on", told)])

    def must_follow(self, earlier: date) -> None:
        """Raises `Invalid` when it was assessed before the one that it renews, of the day `earlier`."""
        if self.assessed_on < earlier:
            told = f"早于所续的评估({earlier}) / before the one that it follows ({earlier})"
            raise Invalid(told, fields=[("assessed_on", told)])
