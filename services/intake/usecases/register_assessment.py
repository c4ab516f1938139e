"""The personal-information officer enters an impact assessment (PIPL §55, §56)."""

from datetime import datetime

from services.intake.db import impact_assessments
from services.intake.domain.impact_assessment import ImpactAssessment
from shared import audit
from shared.auth import Principal
from shared.db import Transaction
from shared.deadlines import china_date
from shared.secrecy import refuse_marked


async def register_assessment(
    tx: Transaction, assessment: ImpactAssessment, *, by: Principal, at: datetime
) -> ImpactAssessment:
    """It is on the register. Raises `Invalid`, `NotFound`, `Registered`."""
    for field in ("processing", "document_no", "measures"):
        refuse_marked(field, [getattr(assessment, field)])
    assessment.must_fit(today=china_date(at))
    if assessment.renews is not None:
        assessment.must_follow(await impact_assessments.day_of(tx, assessment.renews))
    await impact_assessments.add(tx, assessment)
    detail = {"document_no": assessment.document_no, "next_due_on": assessment.next_due_on.isoformat()}
    await audit.record(tx, by, "impact-assessment.register", str(assessment.id), at=at, detail=detail)
    return assessment
