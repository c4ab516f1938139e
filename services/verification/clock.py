"""Time in: which timer does what."""

from services.verification.usecases.follow_lead import destroy_late
from services.verification.usecases.keep_review_draws import keep_review_draws
from shared.housekeeping import HOUSEKEEPING
from shared.worker import Timer, Timers

TIMERS: Timers = {
    **HOUSEKEEPING,
    "boxes.destroy": Timer(every=600, run=destroy_late),
    "review-draws.keep": Timer(every=60, run=keep_review_draws),
}
