"""诬告 (C8) rests on a formal decision, and nothing else does (G16): each conclusion with and without the document."""

from datetime import date, timedelta

import pytest

from services.verification.domain.accusation import DISTINCTION, Decision, must_rest_on
from services.verification.domain.work import Conclusion
from shared.errors import Invalid
from tests.support.builders import DAY

PAPER = Decision(organ="示例区公安分局", document_no="示公(刑)决字2018第1号", decided_on=DAY)
LATE = Decision(organ="示例区公安分局", document_no="1", decided_on=DAY + timedelta(days=1))
MARKED = Decision(organ="【机密】某机关", document_no="1", decided_on=date(2018, 5, 1))


def refused(conclusion: Conclusion, decision: Decision | None) -> tuple[str, str] | None:
    try:
        must_rest_on(conclusion, decision, today=DAY)
    except Invalid as wrong:
        return next(iter(wrong.fields))
    return None


@pytest.mark.rule("G16")
@pytest.mark.parametrize("conclusion", Conclusion)
def test_each_conclusion_with_and_without_a_decision(conclusion: Conclusion) -> None:
    accused = conclusion is Conclusion.C8
    without = refused(conclusion, None)
    assert without == (("decision", DISTINCTION) if accused else None)
    for paper, field in ((PAPER, None), (LATE, "decision.decided_on"), (MARKED, "decision")):
        found = refused(conclusion, paper)
        assert (found and found[0]) == (field if accused else "decision")


@pytest.mark.rule("G16")
def test_the_refusal_tells_the_laws_distinction() -> None:
    for words in ("捏造事实", "错告", "严格加以区别", "一百一十一条", "查否(C3)"):
        assert words in DISTINCTION
