"""Time in: which timer does what."""

from services.discipline.usecases import follow_lead, keep_retention
from shared.housekeeping import HOUSEKEEPING
from shared.worker import Timer, Timers

TIMERS: Timers = {
    **HOUSEKEEPING,
    "boxes.destroy": Timer(every=600, run=follow_lead.destroy_late),
    "report-boxes.destroy": Timer(every=600, run=keep_retention.destroy_late),
    "retention.look": Timer(every=3600, run=keep_retention.look_at_retention),
}
