"""`python -m services.intake draw verify FILE`, where FILE is what GET /intake/v1/call-back-draws?month=… answered."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.intake.domain.call_back_draw import faults
from shared.draw_command import verify


def main(arguments: Sequence[str]) -> int:
    """Recompute and say so."""
    return verify("intake", arguments, faults=faults, drawn=_drawn)


def _drawn(published: Mapping[str, Any]) -> tuple[int, int] | None:
    return None if published["drawn"] is None else (len(published["drawn"]), len(published["entries"]))
