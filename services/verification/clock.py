"""Time in: which timer does what."""

from services.verification.usecases.follow_lead import destroy_late
from shared.housekeeping import HOUSEKEEPING
from shared.worker import Timer, Timers

TIMERS: Timers = {**HOUSEKEEPING, "boxes.destroy": Timer(every=600, run=destroy_late)}
