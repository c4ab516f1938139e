"""Four eyes (G10): what one person begins another decides."""

from shared.errors import Forbidden


def must_be_another(first: str | None, second: str, told: str) -> None:
    """Raises `Forbidden` with `told` when both are one. `first` None: the service itself began it, or a restore has lost who did."""
    if first == second:
        raise Forbidden(told)
