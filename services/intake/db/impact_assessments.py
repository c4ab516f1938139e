"""The register of impact assessments. Nothing in it is changed or destroyed (D33: at least three years)."""

from datetime import date
from uuid import UUID

from sqlalchemy import exists, select, tuple_
from sqlalchemy.dialects.postgresql import insert

from services.intake.db.life_tables import impact_assessments as table
from services.intake.domain.impact_assessment import Cause, ImpactAssessment
from shared.db import Transaction
from shared.errors import NotFound, Registered


async def day_of(tx: Transaction, assessment_id: UUID) -> date:
    """When it was assessed. Raises `NotFound`."""
    found: date | None = (
        await tx.execute(select(table.c.assessed_on).where(table.c.id == assessment_id))
    ).scalar_one_or_none()
    if found is None:
        raise NotFound("没有该评估 / no such assessment")
    return found


async def add(tx: Transaction, assessment: ImpactAssessment) -> None:
    """Enter one. Raises `Registered` when the one that it follows was renewed already."""
    row = {name: getattr(assessment, name) for name in ImpactAssessment.__dataclass_fields__}
    new = insert(table).values(row | {"cause": assessment.cause.value}).on_conflict_do_nothing().returning(table.c.id)
    if (await tx.execute(new)).first() is None:
        raise Registered("该评估已有后续评估 / that assessment was renewed already")


async def page(
    tx: Transaction, *, due_by: date | None, after: tuple[date, UUID] | None, limit: int
) -> list[tuple[ImpactAssessment, bool]]:
    """The register by the day on which each is due again, each with whether it was renewed; `due_by`: those only that are due by then and
    were not."""
    later = table.alias()
    renewed = exists().where(later.c.renews == table.c.id)
    query = select(table, renewed.label("renewed"))
    if due_by is not None:
        query = query.where(table.c.next_due_on <= due_by, ~renewed)
    if after is not None:
        query = query.where(tuple_(table.c.next_due_on, table.c.id) > after)
    found = (await tx.execute(query.order_by(table.c.next_due_on, table.c.id).limit(limit))).mappings()
    names = ImpactAssessment.__dataclass_fields__
    return [
        (ImpactAssessment(**{name: row[name] for name in names} | {"cause": Cause(row["cause"])}), row["renewed"])
        for row in found
    ]
