"""What is kept for how long (G24): the retention table as data. Pure."""

from collections.abc import Mapping
from datetime import date

from shared.codes import Labelled
from shared.deadlines import Calendar, Limit, Unit


class Record(Labelled):
    """A kind of record with a time of its own. 保存事项"""

    UNFOUNDED = "unfounded", "查否、并入线索:办结后封存", "unfounded or merged lead: sealed after its close"
    SEALED = "sealed", "封存线索:期满销毁", "sealed lead: expunged after its time"
    REPORTER = "reporter", "举报人身份:办结后期满销毁", "reporter's identity: shredded after the close"


RETENTION: Mapping[Record, Limit] = {
    Record.UNFOUNDED: Limit("R1", 60, Unit.NATURAL_DAYS, "封存 / seal [DESIGN] §4.2"),
    Record.SEALED: Limit("R2", 24, Unit.MONTHS, "销毁 / expunge [DESIGN] §4.14; PIPL §47"),
    Record.REPORTER: Limit("R3", 24, Unit.MONTHS, "举报人身份 / reporter's identity [DESIGN] §4.14; PIPL §19"),
}
"""Defaults, to be fixed with the archive office."""


def over_on(record: Record, since: date, days: Calendar) -> date:
    """The last day on which it is kept as it is."""
    return RETENTION[record].after(since, days).on
