"""What a service says of its orders to keep 依法保留: to nobody but itself, when its database was restored (docs/decisions/0090)."""

from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime

from shared.contracts.envelope import Event


class LegalHoldSet(Event):
    """Somebody ordered to keep something; by which document, who and why stand in the database alone."""

    SUBJECT: ClassVar[str] = "kept"
    kept: UUID
    """What is kept: a lead, or a report past the office."""
    hold_id: UUID
    effective_at: AwareDatetime


class LegalHoldReleased(Event):
    """The order to keep is over."""

    SUBJECT: ClassVar[str] = "kept"
    kept: UUID
    hold_id: UUID
    effective_at: AwareDatetime


class IntakeLegalHoldSet(LegalHoldSet):
    """An order to keep a lead was set; no service hears it 线索已设定依法保留."""

    TYPE: ClassVar[str] = "xiansuo.intake.legal-hold.set.v1"
    TOPIC: ClassVar[str] = "intake.legal-holds"


class IntakeLegalHoldReleased(LegalHoldReleased):
    """An order to keep a lead is over; no service hears it 线索依法保留已解除."""

    TYPE: ClassVar[str] = "xiansuo.intake.legal-hold.released.v1"
    TOPIC: ClassVar[str] = "intake.legal-holds"


class DisciplineLegalHoldSet(LegalHoldSet):
    """An order to keep a report past the office was set; no service hears it 绕行举报已设定依法保留."""

    TYPE: ClassVar[str] = "xiansuo.discipline.legal-hold.set.v1"
    TOPIC: ClassVar[str] = "discipline.register"


class DisciplineLegalHoldReleased(LegalHoldReleased):
    """An order to keep a report past the office is over; no service hears it 绕行举报依法保留已解除."""

    TYPE: ClassVar[str] = "xiansuo.discipline.legal-hold.released.v1"
    TOPIC: ClassVar[str] = "discipline.register"
