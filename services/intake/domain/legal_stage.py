"""How far it has come with those who are reported (G8; 刑诉法 §12): a code with its day, derived from what was done with the lead and typed
by nobody. Intake learns of no judgment, so whatever the stage, a person is 被举报人 and nothing else. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date

from services.intake.domain.lead_states import Status
from services.intake.domain.report import Step
from shared.codes import Labelled

CALLED = ("被举报人", "reported person")
"""What whoever is reported is called before a final judgment."""


class LegalStage(Labelled):
    """What is known of the allegations against a person. 所处阶段"""

    REPORTED = "reported", "被举报,未经查证", "reported, not checked"
    CHECKING = "checking", "核查中", "being checked"
    VERIFIED = "verified", "反映的问题经核查属实,未经审判", "the allegations were found true; no court has judged"
    PARTLY = "partly", "反映的问题经核查部分属实,未经审判", "some allegations were found true; no court has judged"
    REFUTED = "refuted", "反映的问题经核查不属实", "the allegations were found untrue"
    UNSETTLED = "unsettled", "目前无法查证", "it cannot be settled now"
    ELSEWHERE = "elsewhere", "已移交其他机关处理,未经查证", "handed to another organ, not checked here"


_FOUND = {
    "C1": LegalStage.VERIFIED,
    "C2": LegalStage.PARTLY,
    "C3": LegalStage.REFUTED,
    # of who is reported the same is found; of a reporter nothing is said here (G16)
    "C8": LegalStage.REFUTED,
    "C4": LegalStage.UNSETTLED,
    "C5": LegalStage.ELSEWHERE,
    "C6": LegalStage.ELSEWHERE,
}
_AT: Mapping[Status, LegalStage] = {
    Status.VERIFYING: LegalStage.CHECKING,
    Status.TASKFORCE: LegalStage.CHECKING,
    Status.PARKED: LegalStage.UNSETTLED,
    Status.TRANSFERRED: LegalStage.ELSEWHERE,
    Status.REDIRECTED: LegalStage.ELSEWHERE,
    Status.REOPENED: LegalStage.REPORTED,
}


def stage_of(received_on: date, steps: Sequence[Step], conclusion: str | None) -> tuple[LegalStage, date]:
    """The stage that the steps of a lead lead to, and since which day. `conclusion`: the code of the last one (C1 …), if there is one."""
    stage, since = LegalStage.REPORTED, received_on
    for step in steps:
        found = _FOUND.get(conclusion or "") if step.status is Status.CONCLUDED else _AT.get(step.status)
        if found is not None and found is not stage:
            stage, since = found, step.since
    return stage, since
