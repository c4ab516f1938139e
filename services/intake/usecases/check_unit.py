"""The conflict check (G-CONF, G2-G4): every door that charges a unit with a lead calls it first."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Literal

from services.intake.db import conflicts, directory, merges, reports
from services.intake.domain.conflict import ConflictOfInterest, Findings, Neutrality, may_regulate, may_verify, named
from services.intake.domain.directory import Directory, Unit, wrong
from services.intake.domain.lead import Lead
from services.intake.usecases.ask_about_children import must_be_without_children
from shared.auth import Principal
from shared.db import Transaction
from shared.deadlines import china_date
from shared.errors import Invalid

SHOWN = 12
"""Units that a refusal names as still possible."""


As = Literal["unit", "regulator", "organ"]
FITS: Mapping[As, tuple[Callable[[Unit, date], bool], tuple[str, str]]] = {
    "unit": (may_verify, ("承办单位", "unit that can be charged")),
    "regulator": (may_regulate, ("主管部门", "regulator")),
    "organ": (Unit.holds_on, ("接收单位", "organ that it can be transferred to")),
}
"""As what a unit gets a lead → whether it may, and how it is called."""


async def check_unit(
    tx: Transaction, lead: Lead, unit: str, *, by: Principal, at: datetime, as_: As = "unit", field: str | None = None
) -> Findings:
    """Whether `unit` may be charged with the lead by this person; → who in it needs care, and who must not take part. As a regulator it
    gets a matter of 乱 to treat (M07), as an organ what belongs to it (C5). `field`: where it stands in the order, if not under that name.

    A report whose persons bear the name of a member of staff is taken to mean them until the office has said who is meant
    (`state_subjects`). Raises `Invalid` with those that there are for a unit that the directory has not, or that is not charged with
    leads (an empty directory has none), and while a child under 14 is reported and nothing decided (G19); `ConflictOfInterest` with the
    reason and with what remains.
    """
    day = china_date(at)
    fits, what = FITS[as_]
    known = await directory.get_unit(tx, unit)
    if known is None or not fits(known, day):
        there = [each for each in (await directory.whole(tx)).units.values() if fits(each, day)]
        raise unknown_unit(field or as_, *what, there)
    if as_ != "regulator":
        await must_be_without_children(tx, lead)
    found, guessed = await neutrality(tx, lead, at=at)
    if found.excluded and await directory.find_account(tx, by.sub) in found.excluded:
        raise ConflictOfInterest(
            "经办人应当回避,须由他人交办 / you are to be left out; another person has to assign it"
        )
    findings = found.of(known)
    if findings.obstacles:
        free = found.free(fits)
        raise ConflictOfInterest(_refusal(free, findings, guessed=guessed), fields=_fields(field or as_, findings))
    return findings


async def must_be_known(tx: Transaction, unit: str) -> None:
    """That the directory has or had such a unit. Raises `Invalid` with those that there are."""
    if await directory.get_unit(tx, unit) is None:
        there = [each for each in (await directory.whole(tx)).units.values() if each.kind.verifies]
        raise unknown_unit("unit", "单位", "unit", there)


def unknown_unit(where: str, zh: str, en: str, there: Sequence[Unit]) -> Invalid:
    """The refusal of a unit that there is not, with some of those that there are."""
    first = sorted(there, key=lambda unit: unit.code)[:SHOWN]
    names, more = "、".join(f"{unit.code} {unit.name}" for unit in first) or "无", "等" if len(there) > SHOWN else ""
    codes = ", ".join(unit.code for unit in first) or "none"
    return wrong(
        where,
        f"目录中没有该{zh},可选:{names}{more}(全部见/intake/v1/directory/units)",
        f"no such {en}; there are {codes}{' and more' if more else ''}, see /intake/v1/directory/units",
    )


async def neutrality(tx: Transaction, lead: Lead, *, at: datetime, whole: bool = False) -> tuple[Neutrality, bool]:
    """The check of a lead with all that is one matter with it, and whether some of its subjects are guessed from names: of each report of
    which the office has not stated whom it is about. Unless `whole`, the directory is read only when there is something to check."""
    matter = await merges.matter_of(tx, lead)
    stated = await conflicts.subjects_of(tx, matter)
    contents = await reports.stored(tx, [each for each in matter if each not in stated])
    interests = await conflicts.interests_in(tx, matter)
    known = await directory.whole(tx) if whole or any(stated.values()) or contents or interests else Directory()
    guessed = [one for each in contents.values() for one in named(known, each.content)]
    subjects = [one for each in stated.values() for one in each]
    return Neutrality(known, tuple(dict.fromkeys((*subjects, *guessed))), interests, china_date(at)), bool(guessed)


async def touched(tx: Transaction, lead: Lead, unit: str, *, at: datetime) -> tuple[Neutrality, Findings | None]:
    """The check of a lead, and what stands between it and the unit that has it already; None for a unit that the directory has not."""
    found, _ = await neutrality(tx, lead, at=at)
    known = found.directory.units.get(unit)
    return found, found.of(known) if known else None


async def cautions(tx: Transaction, lead: Lead, unit: str, *, at: datetime) -> list[str]:
    """What whoever charges this unit is told besides: relatives of subjects who work there (G4)."""
    _, findings = await touched(tx, lead, unit, at=at)
    near = findings.relatives if findings else ()
    return [f"人员{one}有近亲属被反映,不宜参与 / {one} has a relative among the subjects" for one in near]


def _refusal(free: Sequence[Unit], findings: Findings, *, guessed: bool) -> str:
    local = [unit for unit in free if not unit.kind.outside]
    zh = [";".join(one.zh for one in findings.obstacles)]
    en = ["; ".join(one.en for one in findings.obstacles)]
    if guessed:
        zh.append("举报或并入的重复举报所指人员与目录人员同名,确认并非其人的,请先登记该举报的被反映人员")
        en.append(
            "a person in the report, or in a repeat of it, bears the name of a member of staff: if another is meant, state that report's "
            "subjects first"
        )
    if not local:
        zh.append("本区已无可承办单位,应报上级机关或移送异地")
        en.append("no local unit remains: the upper body or another district")
    names = "、".join(f"{unit.code} {unit.name}" for unit in free[:SHOWN]) or "无"
    zh.append(f"尚可交办:{names}")
    en.append(f"still possible: {', '.join(unit.code for unit in free[:SHOWN]) or 'none'}")
    return f"{'。'.join(zh)} / {'. '.join(en)}"


def _fields(where: str, findings: Findings) -> list[tuple[str, str]]:
    return [(where, f"{one.zh} / {one.en}") for one in findings.obstacles]
