"""What is kept of reports past the office for how long (G24). Pure.

The periods are limits of the profile (`district-default.toml`, R4 and R5), in the version that is in force when they begin.
"""

from collections.abc import Mapping
from datetime import date

from shared.codes import Labelled
from shared.deadlines import Calendar, Limit, in_force


class Record(Labelled):
    """A kind of record with a time of its own. 保存事项"""

    REPORT = (
        "report",
        "绕行举报:内容、举报人、往来信件,了结后期满销毁",
        "report past the office: its content, its reporter, the letters; expunged after it came to rest",
    )
    OPENING = (
        "opening",
        "举报人信息调取事由:申请后期满销毁",
        "why a reporter was opened: destroyed after it was asked for",
    )


_LIMITS: Mapping[Record, str] = {Record.REPORT: "R4", Record.OPENING: "R5"}


def limit_of(record: Record, since: date) -> Limit:
    """How long what began on that day is kept, and by which rule."""
    return in_force(since)[_LIMITS[record]]


def over_on(record: Record, since: date, days: Calendar) -> date:
    """The last day on which it is kept."""
    return limit_of(record, since).after(since, days).on
