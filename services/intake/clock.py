"""Time in: which timer does what."""

from functools import partial

from services.intake.domain.repeat_keys import secret_of
from services.intake.usecases.find_repeats import look_at_new
from shared.housekeeping import HOUSEKEEPING
from shared.worker import Timer, Timers


def timers(digest: bytes) -> Timers:
    """All timers; `digest` is the service's key of keyed hashes."""
    return {**HOUSEKEEPING, "repeats.find": Timer(every=1, run=partial(look_at_new, secret=secret_of(digest)))}
