"""Things to test with, whole and valid; a test says only what matters to it."""

import json
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

from services.discipline.domain.leg import Leg
from services.intake.domain.code_list import CodeBook, Entry, Version
from services.intake.domain.codes import VERSION, Area, IssuingLevel, Level, Source, Tier
from services.intake.domain.lead import Lead
from services.intake.domain.lead_number import LeadNumber
from services.verification.domain.work import Status as WorkStatus
from services.verification.domain.work import Verifier, Work
from shared.auth import Principal
from shared.contracts.envelope import Envelope, Event, encode, schema_of
from shared.deadlines import Calendar

NOON = datetime(2018, 6, 1, 4, tzinfo=UTC)
"""Noon in China on Friday 2018-06-01."""
DAY = date(2018, 6, 1)
DAYS = Calendar()
_WORDS = {
    "area": ("欺行霸市", "滋扰工地", "暴力拆迁", "高利放贷", "黄赌毒", "其他"),
    "tier": ("黑", "恶", "乱"),
    "level": ("一般", "重点", "重大"),
}
SHIPPED = Version(
    version=VERSION,
    from_on=date(2000, 1, 1),
    lists={
        "source": tuple(Entry(code=code.value, zh=code.name, en=code.name) for code in Source),
        "source_l2": (
            Entry(code="S-city", zh="市扫黑办转办", en="city's office", parent="S"),
            Entry(code="M-letter", zh="群众来信", en="letter", parent="M"),
        ),
        **{
            name: tuple(
                Entry(code=code.value, zh=zh, en=code.value) for code, zh in zip(kind, _WORDS[name], strict=True)
            )
            for name, kind in (("area", Area), ("tier", Tier), ("level", Level))
        },
        "manifestation": tuple(Entry(code=f"{n:02d}", zh=f"表现{n}", en=f"manifestation {n}") for n in range(1, 12)),
    },
)
BOOK = CodeBook((SHIPPED,))
"""The codes that the service is shipped with, their words shortened."""


def person(account: str, *roles: str, others: tuple[str, ...] = ()) -> Principal:
    """Who acts; `others` are other accounts of the same person."""
    return Principal(account, frozenset(roles), "GA", others=frozenset(others))


def lead(**changes: Any) -> Lead:
    """A superior's lead, just registered."""
    values: dict[str, Any] = {
        "id": uuid4(),
        "lead_no": str(LeadNumber("999999", Source.SUPERIOR, DAY, 7)),
        "source": Source.SUPERIOR,
        "issuing_level": IssuingLevel.CITY,
        "upstream_no": "C20180601001",
        "upstream_deadline": None,
        "received_on": DAY,
        "street": "临江街",
        "summary": "反映有人在菜市场强收费用",
        "allegations": (),
        "named": False,
        "reporter_ref": None,
    }
    return Lead(**(values | changes))


def classified(level: Level = Level.GENERAL, **changes: Any) -> Lead:
    """A lead with tier, level and area."""
    return lead(**changes).classify(Tier.EVIL, level, (Area.MARKET,), (), may_major=True, at=NOON)[0]


def assigned(**changes: Any) -> Lead:
    """A lead with a unit charged."""
    return classified(**changes).assign("GA", (), on=DAY, days=DAYS, at=NOON)[0]


def work(**changes: Any) -> Work:
    """A work that has just arrived at unit GA."""
    values: dict[str, Any] = {
        "id": uuid4(),
        "lead_id": uuid4(),
        "assignment_no": 1,
        "unit": "GA",
        "level": "general",
        "sign_by": DAY,
        "due_on": date(2018, 9, 3),
        "provisional": False,
        "status": WorkStatus.OPENED,
        "version": 1,
        "opened_at": NOON,
    }
    return Work(**(values | changes))


def verifiers(*staff: str, on: date = DAY) -> list[Verifier]:
    """Verifiers with a recusal statement of that day."""
    return [Verifier(staff=name, recusal_statement_on=on) for name in staff or ("P001", "P002")]


def leg() -> Leg:
    """A leg that has just arrived."""
    return Leg.open(uuid4(), dual_assignment_id=uuid4(), lead_id=uuid4(), at=NOON)[0]


def envelope(event: Event, number: int, /, *, event_id: UUID | None = None, **changes: Any) -> bytes:
    """The record of an event, as its owner's relay would write it."""
    whole = Envelope(
        id=event_id or uuid4(),
        source=f"/xiansuo/999999/{event.TYPE.split('.')[1]}",
        type=event.TYPE,
        subject=event.subject,
        time=NOON,
        dataschema=schema_of(event.TYPE),
        partitionkey=event.partition_key,
        sequence=str(number),
        region="999999",
        data=event.model_dump(mode="json"),
    )
    if not changes:
        return encode(whole)
    return json.dumps(json.loads(encode(whole)) | changes, ensure_ascii=False).encode()
