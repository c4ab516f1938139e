"""A merge of a repeat into its master: one person proposes, another decides; undoing it takes two again (§4.2, G10). Frozen and pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self
from uuid import UUID

from services.intake.domain.codes import IssuingLevel, Level
from services.intake.domain.lead import Lead
from shared.codes import Labelled
from shared.contracts.intake import LeadMerged, LeadUnmerged
from shared.errors import Invalid, NotAllowed
from shared.two_people import Person, must_be_another

IN_REVIEW = "in-review"
"""In place of a conclusion."""
UNFOUNDED = "C3"
"""查否: reported again, it is looked at again by another team."""
MANY_REPEATS = 3
TWO_PEOPLE = "并案须由另一人复核 / a merge is decided by another person than the one who proposed it"
TWO_TO_UNDO = "撤销并案须由另一人复核 / undoing a merge is decided by another person than the one who proposed it"


class MergeState(Labelled):
    """Where a merge stands. 并案状态"""

    PROPOSED = "proposed", "待复核", "proposed"
    REFUSED = "refused", "未通过", "refused"
    STANDING = "standing", "已并入", "standing"
    UNDO_PROPOSED = "undo-proposed", "撤销待复核", "undoing proposed"
    UNDONE = "undone", "已撤销", "undone"


STANDS = (MergeState.STANDING, MergeState.UNDO_PROPOSED)
"""The lead is a repeat of its master."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """What was proposed, why, and who decided. `likelihood` and `features` are the suggestion as it stood then, if there was one (G20)."""

    id: UUID
    lead_id: UUID
    master_id: UUID
    proposed_at: datetime
    reason: str
    proposed_by: str | None
    """None for a merge learned again after a restore: who proposed it is in the sealed audit chain."""
    state: MergeState = MergeState.PROPOSED
    likelihood: float | None = None
    features: Mapping[str, float] | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    suggested_level: Level | None = None
    undo_by: str | None = None
    undo_at: datetime | None = None
    undo_reason: str | None = None
    undone_by: str | None = None
    undone_at: datetime | None = None

    def confirm(
        self, lead: Lead, master: Lead, *, repeats: Sequence[Lead], has_repeats: bool, by: Person, at: datetime
    ) -> tuple[Self, Lead, LeadMerged]:
        """The second person agrees: the lead is merged. `repeats` are those of the master before. Raises `NotAllowed`, `Forbidden`."""
        self._must_be("复核", "decide", MergeState.PROPOSED)
        must_be_another(self.proposed_by, by, TWO_PEOPLE)
        check_mergeable(lead, master, has_repeats=has_repeats)
        level = suggested_level(master, len(repeats) + 1)
        merge = replace(self, state=MergeState.STANDING, decided_by=by.sub, decided_at=at, suggested_level=level)
        event = LeadMerged(
            lead_id=lead.id, merge_id=self.id, master_id=master.id, repeat_count=len(repeats) + 1, effective_at=at
        )
        return merge, lead.merge_into(master), event

    def refuse(self, *, by: Person, at: datetime) -> Self:
        """The second person does not agree. Raises `NotAllowed`, `Forbidden`."""
        self._must_be("复核", "decide", MergeState.PROPOSED)
        must_be_another(self.proposed_by, by, TWO_PEOPLE)
        return replace(self, state=MergeState.REFUSED, decided_by=by.sub, decided_at=at)

    def propose_undo(self, reason: str, *, by: str, at: datetime) -> Self:
        """Someone holds that these are two matters after all. Raises `NotAllowed`."""
        self._must_be("撤销", "undo", MergeState.STANDING)
        return replace(self, state=MergeState.UNDO_PROPOSED, undo_by=by, undo_at=at, undo_reason=reason)

    def confirm_undo(self, lead: Lead, *, left: int, by: Person, at: datetime) -> tuple[Self, Lead, LeadUnmerged]:
        """The second person agrees: both stand as they would without the merge. `left` repeats stay with the master."""
        self._must_be("复核撤销", "decide on undoing", MergeState.UNDO_PROPOSED)
        must_be_another(self.undo_by, by, TWO_TO_UNDO)
        merge = replace(self, state=MergeState.UNDONE, undone_by=by.sub, undone_at=at)
        event = LeadUnmerged(
            lead_id=lead.id, merge_id=self.id, master_id=self.master_id, repeat_count=left, effective_at=at
        )
        return merge, lead.unmerge(), event

    def refuse_undo(self, *, by: Person) -> Self:
        """The merge stands."""
        self._must_be("复核撤销", "decide on undoing", MergeState.UNDO_PROPOSED)
        must_be_another(self.undo_by, by, TWO_TO_UNDO)
        return replace(self, state=MergeState.STANDING, undo_by=None, undo_at=None, undo_reason=None)

    def _must_be(self, zh: str, en: str, state: MergeState) -> None:
        if self.state is not state:
            raise NotAllowed(f"不能{zh}:并案为“{self.state.zh}” / cannot {en}: the merge is {self.state.en}")


def check_mergeable(lead: Lead, master: Lead, *, has_repeats: bool) -> None:
    """Raises `NotAllowed` or `Invalid` when `lead` cannot become a repeat of `master`."""
    lead.merge_into(master)
    if has_repeats:
        raise NotAllowed(
            "该线索下已有并入的重复举报,请改为并入到它 / repeats are merged into this lead; merge the other into it"
        )


def suggested_level(master: Lead, repeats: int) -> Level:
    """The rubric of §2.1 as far as the register knows: whether three repeats come from two reporters only a person can say."""
    if repeats >= MANY_REPEATS or master.issuing_level is IssuingLevel.CENTRE:
        return Level.MAJOR
    if master.issuing_level is IssuingLevel.PROVINCE:
        return Level.KEY
    return Level.GENERAL


class ReExaminationState(Labelled):
    """Where an entry stands: another team looks, or it was seen that what is new changes nothing. 复查状态"""

    OPEN = "open", "待交其他力量复查", "waiting for another team"
    GIVEN = "given", "已交复查", "given to another team"
    NOTED = "noted", "已阅,无须再查", "seen, nothing to look at again"
    WITHDRAWN = "withdrawn", "已撤回", "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReExamination:
    """A lead that has a conclusion is reported again: found unfounded (查否), another team looks; otherwise the director judges whether
    what is new is to be looked at."""

    merge_id: UUID
    lead_id: UUID
    repeat_id: UUID
    earlier_unit: str
    opened_at: datetime
    conclusion: str = UNFOUNDED
    """That of the master, as it stood then; `IN_REVIEW`: it is not known before its review."""
    state: ReExaminationState = ReExaminationState.OPEN
    unit: str | None = None
    given_by: str | None = None
    given_at: datetime | None = None

    def give(self, unit: str, *, by: str, at: datetime) -> Self:
        """Name the team. Raises `NotAllowed`, `Invalid` for the unit that found nothing."""
        if self.state is not ReExaminationState.OPEN:
            raise NotAllowed(f"不能交办复查:{self.state.zh} / cannot give it: {self.state.en}")
        if unit == self.earlier_unit:
            raise Invalid(
                "原核查单位不得复查 / the unit that found nothing does not look again",
                fields=[("unit", "须为其他单位 / another unit")],
            )
        return replace(self, state=ReExaminationState.GIVEN, unit=unit, given_by=by, given_at=at)

    def note(self, *, by: str, at: datetime) -> Self:
        """Nothing of it is to be looked at again. Raises `NotAllowed` when it is decided, and for what was found unfounded."""
        if self.state is not ReExaminationState.OPEN:
            raise NotAllowed(f"不能登记已阅:{self.state.zh} / cannot note it: {self.state.en}")
        if self.conclusion == IN_REVIEW:
            raise NotAllowed("结论尚在评查,请待评查后再定 / the conclusion is under review; decide after that")
        if self.conclusion == UNFOUNDED:
            raise NotAllowed(
                "查否后又被举报的,须交其他力量复查 / found unfounded and reported again: another team looks at it"
            )
        return replace(self, state=ReExaminationState.NOTED, given_by=by, given_at=at)

    def concluded(self, code: str) -> Self:
        """The review let the conclusion stand: now it is known."""
        return replace(self, conclusion=code) if self.conclusion == IN_REVIEW else self

    def looked_at(self) -> Self:
        """The review sent the conclusion back: the unit, which knows what is new, looks again."""
        return self.withdraw() if self.conclusion == IN_REVIEW else self

    def withdraw(self) -> Self:
        """The merge that opened it was undone; what was given already stays and is told as work done meanwhile."""
        return replace(self, state=ReExaminationState.WITHDRAWN) if self.state is ReExaminationState.OPEN else self
