"""What the faults leave for the ledger."""

from dataclasses import dataclass, field


@dataclass
class Seen:
    """What the faults leave for the ledger."""

    forged: set[str] = field(default_factory=set)
    fenced: int = 0
    skipped: int = 0
    refused: int = 0
