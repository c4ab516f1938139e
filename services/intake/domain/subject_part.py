"""The parts of what is told of a lead, each with a box of its own in the subject store (docs/decisions/0100). Pure."""

TOLD, TRANSFER = "told", "transfer"
"""Its own texts, whichever door they came by; what a partner's letter says beside them."""


def call_part(revision: int) -> str:
    """The part of a version of a 110 call."""
    return f"call-{revision}"


def correction_part(revision: int) -> str:
    """The part of what a version of a 110 call corrected."""
    return f"correction-{revision}"


def revision_of(part: str) -> int:
    """Of which version of a call a part is."""
    return int(part.rpartition("-")[2])
