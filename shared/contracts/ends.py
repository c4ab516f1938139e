"""What intake says of conclusions that are no end by themselves (§2.4): a day to look again (C4), the transfer to another organ (C5)."""

from datetime import date
from typing import ClassVar

from shared.contracts.envelope import AboutLead, Code


class _LeadEvent(AboutLead):
    TOPIC: ClassVar[str] = "intake.leads"
    SUBJECT: ClassVar[str] = "lead_id"


class LeadReviewDateSet(_LeadEvent):
    """What cannot be verified now (C4) is looked at again on this day at the latest 暂存复查日期已定. ``since``: the day of the conclusion,
    from which its longest time runs; what is missing until then is restricted."""

    TYPE: ClassVar[str] = "xiansuo.intake.lead.review-date-set.v1"
    review_on: date
    since: date


class LeadTransferred(_LeadEvent):
    """A letter hands it to the organ that it belongs to (C5) 线索已移交."""

    TYPE: ClassVar[str] = "xiansuo.intake.lead.transferred.v1"
    organ: Code
    number: int
    """Which transfer of this lead it is."""


class LeadTransferReceived(_LeadEvent):
    """That organ gave its receipt 移交已获接收."""

    TYPE: ClassVar[str] = "xiansuo.intake.lead.transfer-received.v1"
    number: int
    receipt_on: date


class LeadTransferUndone(_LeadEvent):
    """No receipt came in time: it is back where it was 移交未获接收 (D05)."""

    TYPE: ClassVar[str] = "xiansuo.intake.lead.transfer-undone.v1"
    number: int
