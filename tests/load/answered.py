"""What doors answered: by operation and class of answer, what was wrong, and which operations never did what was asked."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

CLASSES = ("2xx", "400", "401", "403", "404", "409", "422", "4xx", "5xx")
"""Columns of the table; a status without one of its own counts with its hundred."""


@dataclass
class Found:
    """What was seen: how many requests, and for each kind of fault an example."""

    requests: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    server_errors: Counter[str] = field(default_factory=Counter)
    undocumented: Counter[str] = field(default_factory=Counter)
    by_door: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """Answers by operation and class."""
    unprepared: Counter[str] = field(default_factory=Counter)
    """Operations for which what stands before them could not be brought about, and why."""

    @property
    def done(self) -> set[str]:
        """Operations that did at least once what was asked."""
        return {door for door, answers in self.by_door.items() if answers["2xx"]}

    @property
    def not_done(self) -> list[str]:
        """The others that were tried."""
        return sorted(set(self.by_door) - self.done)

    def saw(self, door: str, status: int) -> None:
        """One answer."""
        self.requests += 1
        self.statuses[status] += 1
        named = str(status)
        self.by_door[door][named if named in CLASSES else f"{named[0]}xx"] += 1

    def faults(self, least: int) -> list[str]:
        """What makes the run fail; `least`: how many operations must have done what was asked."""
        found = [f"{number} x {fault}" for fault, number in (self.server_errors + self.undocumented).most_common(40)]
        if len(self.done) < least:
            found.append(f"{len(self.done)} operations did what was asked, must be {least}; never: {self.not_done}")
        return found

    def table(self) -> list[str]:
        """Operation × class of answer."""
        lines = ["".join(f"{name:>7}" for name in CLASSES) + "  operation"]
        for door, answers in sorted(self.by_door.items(), key=lambda item: item[0].split(" ")[::-1]):
            lines.append("".join(f"{answers[name] or '':>7}" for name in CLASSES) + f"  {door}")
        return lines

    def lines(self) -> list[str]:
        """As it is printed after the table."""
        by_status = ", ".join(f"{status}: {number}" for status, number in sorted(self.statuses.items()))
        told = [f"{self.requests} requests ({by_status})"]
        told += [f"{len(self.done)} of {len(self.by_door)} operations did what was asked; never: {self.not_done}"]
        told += [f"{self.server_errors.total()} answers of 5xx, {self.undocumented.total()} undocumented"]
        return told + [f"  not prepared: {number} x {why}" for why, number in self.unprepared.most_common()]
