"""Who may verify (G-TWO): active in the directory on the day, pledge on file, not to be left out of this lead."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from shared.errors import Invalid


@dataclass(frozen=True, slots=True, kw_only=True)
class Colleague:
    """What the directory says of a member of staff. `away`: on leave on the day that is asked about."""

    staff: str
    pledged_on: date | None
    from_on: date
    to_on: date | None
    away: bool

    def unfit_on(self, day: date) -> tuple[str, str] | None:
        """Why they may not verify anything on that day; None when they may."""
        if day < self.from_on or (self.to_on is not None and self.to_on <= day):
            return "不在岗", "not in office"
        if self.away:
            return "离岗休假", "on leave"
        if self.pledged_on is None or self.pledged_on > day:
            return "没有保密承诺", "no confidentiality pledge on file"
        return None


def must_be_fit(named: Iterable[str], known: Mapping[str, Colleague], *, excluded: Collection[str], on: date) -> None:
    """Raise `Invalid` with every one of those named who may not verify, and why."""
    bad = []
    for number in named:
        person = known.get(number)
        unfit = ("目录中没有该人员", "not in the directory") if person is None else person.unfit_on(on)
        if unfit is None and number in excluded:
            unfit = ("应当回避", "has to be left out of this lead")
        if unfit is not None:
            bad.append(("verifiers", f"{number}:{unfit[0]} / {number}: {unfit[1]}"))
    if bad:
        raise Invalid("有人员不能承担核查 / some of those named may not verify", fields=bad)
