"""What is kept for how long (G24): the retention table as data. What is not accepted ended with that decision. Pure."""

from collections.abc import Mapping
from datetime import date

from shared.codes import Labelled
from shared.deadlines import Calendar, Limit, Unit


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


RETENTION: Mapping[Record, Limit] = {
    Record.UNFOUNDED: Limit("R1", 60, Unit.NATURAL_DAYS, "封存 / seal [DESIGN] §4.2"),
    Record.SEALED: Limit("R2", 24, Unit.MONTHS, "销毁 / expunge [DESIGN] §4.14; PIPL §47"),
    Record.REPORTER: Limit("R3", 24, Unit.MONTHS, "举报人身份 / reporter's identity [DESIGN] §4.14; PIPL §19"),
    Record.SUBJECTS: Limit(
        "R4", 24, Unit.MONTHS, "被举报人号码、住址 / numbers of the reported [DESIGN] §2.3 A; PIPL §19"
    ),
    Record.AUDIT: Limit("R6", 36, Unit.MONTHS, "审计 / audit [DESIGN] §4.14"),
    Record.LOGS: Limit("D34", 6, Unit.MONTHS, "网络日志 / network logs; 网络安全法 §21(3)"),
    Record.ASSESSMENTS: Limit("D33", 36, Unit.MONTHS, "影响评估 / impact assessments; PIPL §56"),
}
"""Defaults, to be fixed with the archive office."""


AT_LEAST = frozenset({Record.AUDIT, Record.LOGS, Record.ASSESSMENTS})
"""Nothing is destroyed here when their time is over: it is how long somebody has to keep them."""


def over_on(record: Record, since: date, days: Calendar) -> date:
    """The last day on which it is kept as it is."""
    return RETENTION[record].after(since, days).on
