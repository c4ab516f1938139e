"""A person chooses tier, level, areas and manifestations of a lead (D02)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.intake.db import code_lists, deadlines, leads, life, notices
from services.intake.domain.codes import Level, Tier
from services.intake.domain.deadline import to_assign, to_meet
from services.intake.domain.lead import Lead
from services.intake.domain.lead_states import Action
from services.intake.domain.urgency import must_be_answered
from services.intake.usecases.ask_of_repeats import answered
from services.intake.usecases.suggest_class import keep_suggestion
from shared import audit, outbox
from shared.auth import Principal
from shared.contracts.intake import DeadlineKind
from shared.db import Transaction
from shared.deadlines import china_date
from shared.errors import NotAllowed
from shared.two_people import must_be_another

FIRST = (
    "“重大”须两人确定:先由另一人分类(可先定为“重点”),再由主任定为“重大” / "
    "level major takes two people: another classifies it first (key for instance), then the director raises it"
)
TWO_PEOPLE = "“重大”须由分类人以外的主任确定 / a director other than the one who classified it raises it to level major"


@dataclass(frozen=True, slots=True, kw_only=True)
class Classification:
    """The choice; without manifestations those of the lead stay."""

    tier: Tier
    level: Level
    areas: tuple[str, ...]
    manifestations: tuple[str, ...] | None
    urgent: bool | None = None
    """None: as it was."""


async def classify_lead(tx: Transaction, lead_id: UUID, chosen: Classification, *, by: Principal, at: datetime) -> Lead:
    """Classify it; again until it is assigned. The same choice a second time (a repeated request) changes and says nothing.

    Level 重大 takes two people (G10): a director raises to it what another person has classified. Raises `NotFound`, `NotAllowed`,
    `Forbidden`, `Invalid`, also for a code that is not in force today.
    """
    lead = await leads.get(tx, lead_id, lock=True)
    manifestations = lead.manifestations if chosen.manifestations is None else chosen.manifestations
    claims = await deadlines.claims_of_repeats(tx, lead.id)
    if not claims and lead.is_classified_as(
        chosen.tier, chosen.level, chosen.areas, manifestations, urgent=chosen.urgent
    ):
        return lead
    before, book = lead, await code_lists.book(tx)
    # in that order: what the lead's state refuses is said first
    lead.must_allow(Action.CLASSIFY)
    if (claims and not lead.urgent) or await deadlines.is_claimed(tx, lead.id):
        must_be_answered(urgent=chosen.urgent)
    codes = book.must_hold(china_date(at), areas=chosen.areas, manifestations=manifestations)
    lead, classified = lead.classify(
        chosen.tier,
        chosen.level,
        chosen.areas,
        manifestations,
        may_major="ofd" in by.roles,
        urgent=chosen.urgent,
        codes_version=codes.version,
        at=at,
    )
    if lead.level is Level.MAJOR and before.level is not Level.MAJOR:
        await _must_be_two(tx, before, by)
    await leads.save(tx, lead, "classify", by=by, effective_at=at, at=at)
    await keep_suggestion(tx, before, lead, by=by, at=at)
    await deadlines.stop(tx, lead.id, DeadlineKind.CLASSIFY, at=at)
    await answered(tx, lead, at=at)
    days = await notices.calendar(tx)
    # to be met: runs from the receipt, but did not always
    await deadlines.start(tx, to_assign(lead, days=days, at=at), *to_meet(lead, days=days))
    await outbox.put(tx, classified, at=at)
    detail = {"tier": chosen.tier.value, "level": chosen.level.value}
    await audit.record(tx, by, "lead.classify", lead.id, at=at, detail=detail)
    return lead


async def _must_be_two(tx: Transaction, before: Lead, by: Principal) -> None:
    if before.level is None:
        raise NotAllowed(FIRST)
    must_be_another(await life.classified_by(tx, before.id), by, TWO_PEOPLE)
