"""What is kept for how long (G24): the limits are the profile's, by versions. What is not accepted ended with that decision. Pure."""

from collections.abc import Mapping
from datetime import date, timedelta

from shared.codes import Labelled
from shared.deadlines import Calendar, Limit, Unit, in_force, profile_of, shortest


class Record(Labelled):
    """A kind of record with a time of its own. 保存事项"""

    UNFOUNDED = (
        "unfounded",
        "查否、不予受理、并入线索:办结(决定)后封存",
        "unfounded, not accepted or merged lead: sealed after its end",
    )
    SEALED = "sealed", "封存线索:期满销毁", "sealed lead: expunged after its time"
    REPORTER = "reporter", "举报人身份:办结后期满销毁", "reporter's identity: shredded after the close"
    SUBJECTS = (
        "subjects",
        "被举报人号码、住址:办结后期满销毁",
        "numbers and addresses of the reported: destroyed after the close",
    )
    AUDIT = "audit", "审计记录:至少保存,不销毁", "audit log: kept at least so long, never destroyed"
    LOGS = "logs", "网络日志:由运维至少保存", "network logs: kept at least so long by the operator"
    ASSESSMENTS = (
        "assessments",
        "个人信息保护影响评估:由个保负责人至少保存",
        "impact assessments: kept at least so long by the DPO",
    )


LIMITS: Mapping[Record, str] = {
    Record.UNFOUNDED: "R1",
    Record.SEALED: "R2",
    Record.REPORTER: "R3",
    Record.SUBJECTS: "R7",
    Record.AUDIT: "R6",
    Record.LOGS: "D34",
    Record.ASSESSMENTS: "D33",
}
"""The limit of the profile that each keeps; R4 and R5 are those of what went past the office (discipline)."""
AT_LEAST = frozenset({Record.AUDIT, Record.LOGS, Record.ASSESSMENTS})
"""Nothing is destroyed here when their time is over: it is how long somebody has to keep them."""


def limit_of(record: Record, since: date, *, version: str | None = None) -> Limit:
    """How long it is kept: by the version of the profile that the lead started with, or else that is in force when it begins."""
    return (profile_of(version) if version else in_force(since))[LIMITS[record]]


def over_on(record: Record, since: date, days: Calendar, *, version: str | None = None) -> date:
    """The last day on which it is kept as it is."""
    return limit_of(record, since, version=version).after(since, days).on


def surely_kept(record: Record) -> timedelta:
    """Whatever began later than so long ago is kept by every version: a month has 28 days at least."""
    limit = shortest(LIMITS[record])
    return timedelta(days=limit.number * (28 if limit.unit is Unit.MONTHS else 1))
