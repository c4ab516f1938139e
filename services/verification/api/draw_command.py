"""`python -m services.verification draw verify FILE`, where FILE is what GET /verification/v1/review-draws?month=… answered."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.verification.domain.review import faults
from shared.draw_command import verify


def main(arguments: Sequence[str]) -> int:
    """Recompute and say so."""
    return verify("verification", arguments, faults=faults, drawn=_drawn)


def _drawn(published: Mapping[str, Any]) -> tuple[int, int] | None:
    if published["seed"] is None:
        return None
    entries = published["entries"]
    return sum(bool(entry["drawn"]) for entry in entries), len(entries)
