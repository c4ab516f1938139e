"""Time in: which timer does what."""

from shared.housekeeping import HOUSEKEEPING
from shared.worker import Timers

TIMERS: Timers = {**HOUSEKEEPING}
