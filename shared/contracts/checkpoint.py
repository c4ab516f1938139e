"""What every service says of its audit chain: how far it is signed. The others keep it and so are witnesses."""

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints

from shared.contracts.envelope import Code, Event, Region

Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Signature = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]{86}==$")]


class Checkpoint(Event):
    """Each service has a class of its own; no lead is concerned. What is signed, and how, says shared/audit_content.py.

    Each checkpoint is its own subject, so that a restored owner, which no longer knows what it signed, never says one number twice.
    """

    SUBJECT: ClassVar[str] = "checkpoint_id"
    checkpoint_id: UUID
    chain: Code
    number: Annotated[int, Field(ge=1)]
    hash: Hash
    effective_at: AwareDatetime
    key_id: Code
    signature: Signature


def chain_of(region: Region, service: str) -> str:
    """The name of a service's chain; districts gathered in one place do not mix theirs."""
    return f"{region}-{service}"
