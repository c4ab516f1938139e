"""A person's name in one writing, however it is typed: in traditional characters, full-width, with blanks between. Pure."""

from functools import lru_cache

from services.intake.domain.repeat_marks import plain


@lru_cache(maxsize=10_000)
def spelt(name: str) -> str:
    """The name as it is compared; empty when nothing was typed."""
    return plain("".join(name.split()))
