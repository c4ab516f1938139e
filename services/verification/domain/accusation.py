"""False accusation 诬告 (C8, G16): never without the formal decision of the organ that has to make it, and a person of legal review agrees.

A wrong report is none (刑诉法 §111): whoever neither fabricated facts nor forged evidence is told apart strictly, even where what was
reported is not right, or quite wrong; such a lead is refuted (C3).
"""

from dataclasses import dataclass
from datetime import date

from services.verification.domain.work import Conclusion
from shared.errors import Invalid
from shared.secrecy import refuse_marked

DISTINCTION = (
    "诬告须以有权机关的正式决定文书为依据:只要不是捏造事实、伪造证据,即使反映的情况有出入,甚至是错告的,也要和诬告严格加以区别"
    "(刑事诉讼法第一百一十一条);没有决定文书的,结论为查否(C3) / false accusation takes the formal decision of the organ that has to make "
    "it: without fabricated facts or forged evidence even what is wrong is no false accusation; without a decision it is refuted (C3)"
)
ELSE_NONE = "仅结论为诬告(C8)时填写 / only where the conclusion is false accusation (C8)"
LATER = "决定日期晚于今天 / the decision is dated in the future"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The document: which organ decided, its number and its day."""

    organ: str
    document_no: str
    decided_on: date


def must_rest_on(conclusion: Conclusion, decision: Decision | None, *, today: date) -> None:
    """Whether this conclusion comes with what it needs, and with nothing else. Raises `Invalid` with the field."""
    if conclusion is not Conclusion.C8:
        if decision is not None:
            raise Invalid(ELSE_NONE, fields=[("decision", ELSE_NONE)])
        return
    if decision is None:
        raise Invalid(DISTINCTION, fields=[("decision", DISTINCTION)])
    if decision.decided_on > today:
        raise Invalid(LATER, fields=[("decision.decided_on", LATER)])
    refuse_marked("decision", [decision.organ, decision.document_no])
