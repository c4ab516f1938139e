"""Time limits (domain.md §2.2, §2.12): the calendar, the profile of limits as data, and what a running limit looks like at any instant.

Pure: days and instants in, days and instants out. The start day is not counted; a limit that ends on a holiday moves to the next working
day (刑诉法 §105), except custody, which never moves.
"""

from shared.deadlines.calendar import (
    BadNotice,
    Calendar,
    Deadline,
    Notice,
    Pause,
    Pauses,
    china_date,
    cut_short,
    is_paused,
    month_after,
    month_of,
    start_of,
)
from shared.deadlines.extension import check_extension
from shared.deadlines.ladder import Colour, Due, Schedule, Step, schedule
from shared.deadlines.limits import Limit, Unit
from shared.deadlines.profile import PROFILE, PROFILE_VERSION, Profile, in_force, profile_of, shortest

__all__ = [
    "PROFILE",
    "PROFILE_VERSION",
    "BadNotice",
    "Calendar",
    "Colour",
    "Deadline",
    "Due",
    "Limit",
    "Notice",
    "Pause",
    "Pauses",
    "Profile",
    "Schedule",
    "Step",
    "Unit",
    "check_extension",
    "china_date",
    "cut_short",
    "in_force",
    "is_paused",
    "month_after",
    "month_of",
    "profile_of",
    "schedule",
    "shortest",
    "start_of",
]
