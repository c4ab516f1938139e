"""What the doors of orders to keep 依法保留 take and show, the same at every service (`shared.legal_holds`)."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StringConstraints

from shared.http.fields import Order, Reason

Number = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64, pattern=r"^[^\x00]*$")]


class HoldOrder(Order):
    """The document that orders to keep, and why. 依法保留"""

    basis_no: Number
    reason: Reason


class ReleaseOrder(Order):
    """Why it ends. 解除依法保留"""

    reason: Reason


class LegalHoldView(BaseModel):
    """An order to keep; a service adds under which name it shows what is `kept`."""

    model_config = ConfigDict(from_attributes=True)
    id: UUID
    basis_no: str
    reason: str
    set_by: str
    set_at: datetime
    released_by: str | None
    released_at: datetime | None
    release_reason: str | None
