"""No guilt before judgment: what intake says of somebody who is reported, at every state and conclusion (G8)."""

from datetime import date

import pytest

from services.intake.domain.lead_states import Status
from services.intake.domain.legal_stage import CALLED, LegalStage, stage_of
from services.intake.domain.report import Step

FIRST, SECOND, THIRD, FOURTH = (date(2018, 6, day) for day in (1, 2, 3, 4))
WORDS = ("罪犯", "犯罪", "黑恶分子", "嫌疑人", "criminal", "guilty", "offender")
STAGES = {
    "C1": LegalStage.VERIFIED,
    "C2": LegalStage.PARTLY,
    "C3": LegalStage.REFUTED,
    "C8": LegalStage.REFUTED,
    "C4": LegalStage.UNSETTLED,
    "C5": LegalStage.ELSEWHERE,
    "C6": LegalStage.ELSEWHERE,
}


@pytest.mark.rule("G8")
def test_no_stage_calls_anybody_guilty() -> None:
    said = [*CALLED, *(word for stage in LegalStage for word in (stage.value, stage.zh, stage.en))]
    assert [word for word in WORDS for text in said if word in text] == []


@pytest.mark.rule("G8")
@pytest.mark.parametrize("code", [*STAGES, None])
@pytest.mark.parametrize("status", Status)
def test_the_stage_of_every_state_is_a_finding_only_where_one_was_made(status: Status, code: str | None) -> None:
    steps = (Step(Status.RECEIVED, FIRST), Step(Status.VERIFYING, SECOND), Step(status, THIRD))
    moved = {
        Status.CONCLUDED: STAGES.get(code or "", LegalStage.CHECKING),
        Status.PARKED: LegalStage.UNSETTLED,
        Status.TRANSFERRED: LegalStage.ELSEWHERE,
        Status.REDIRECTED: LegalStage.ELSEWHERE,
        Status.REOPENED: LegalStage.REPORTED,
    }
    stage = moved.get(status, LegalStage.CHECKING)
    assert stage_of(FIRST, steps, code) == (stage, SECOND if stage is LegalStage.CHECKING else THIRD)
    # closing changes nothing of it
    assert stage_of(FIRST, (*steps, Step(Status.CLOSED, FOURTH)), code)[0] is stage
    assert stage_of(FIRST, steps[:1], code) == (LegalStage.REPORTED, FIRST)
