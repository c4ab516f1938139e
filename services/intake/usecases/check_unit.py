"""The conflict check (G-CONF, G2-G4): every door that charges a unit with a lead calls it first."""

from datetime import datetime

from services.intake.db import conflicts, directory, reports
from services.intake.domain.conflict import ConflictOfInterest, Findings, Neutrality, may_verify, named
from services.intake.domain.directory import Directory, wrong
from services.intake.domain.lead import Lead
from shared.auth import Principal
from shared.db import Transaction
from shared.deadlines import china_date

SHOWN = 12
"""Units that a refusal names as still possible."""


async def check_unit(tx: Transaction, lead: Lead, unit: str, *, by: Principal, at: datetime) -> Findings:
    """Whether `unit` may be charged with the lead by this person; → who in it needs care, and who must not take part.

    A report whose persons bear the name of a member of staff is taken to mean them until the office has said who is meant
    (`state_subjects`). Raises `Invalid` for a unit that the directory has not, or that is not charged with leads (an empty directory has
    none); `ConflictOfInterest` with the reason and with what remains.
    """
    day = china_date(at)
    known = await directory.get_unit(tx, unit)
    if known is None or not may_verify(known, day):
        raise wrong(
            "unit",
            "目录中没有该承办单位(见/intake/v1/directory/units),应为在用的公安、专班、主管部门、街道等",
            "no such unit that can be charged; see /intake/v1/directory/units",
        )
    found, guessed = await neutrality(tx, lead, at=at)
    if found.excluded and await directory.find_account(tx, by.sub) in found.excluded:
        raise ConflictOfInterest(
            "经办人应当回避,须由他人交办 / you are to be left out; another person has to assign it"
        )
    findings = found.of(known)
    if findings.obstacles:
        raise ConflictOfInterest(_refusal(found, findings, guessed=guessed), fields=_fields(findings))
    return findings


async def neutrality(tx: Transaction, lead: Lead, *, at: datetime, whole: bool = False) -> tuple[Neutrality, bool]:
    """The check of a lead, and whether its subjects are guessed from names. Unless `whole`, the directory is read only when there is
    something to check."""
    stated = await conflicts.subjects_of(tx, lead.id)
    content = await reports.content(tx, lead.id) if stated is None else None
    interests = await conflicts.interests_in(tx, lead.id)
    known = await directory.whole(tx) if whole or stated or content or interests else Directory()
    subjects = named(known, content) if stated is None else stated
    return Neutrality(known, subjects, interests, china_date(at)), stated is None and bool(subjects)


async def cautions(tx: Transaction, lead: Lead, unit: str, *, at: datetime) -> list[str]:
    """What whoever charges this unit is told besides: relatives of subjects who work there (G4)."""
    found, _ = await neutrality(tx, lead, at=at)
    if unit not in found.directory.units:
        return []
    near = found.of(found.directory.units[unit]).relatives
    return [f"人员{one}有近亲属被反映,不宜参与 / {one} has a relative among the subjects" for one in near]


def _refusal(found: Neutrality, findings: Findings, *, guessed: bool) -> str:
    free = found.free()
    local = [unit for unit in free if not unit.kind.outside]
    zh = [";".join(one.zh for one in findings.obstacles)]
    en = ["; ".join(one.en for one in findings.obstacles)]
    if guessed:
        zh.append("举报所指人员与目录人员同名,确认并非其人的,请先登记被反映人员")
        en.append(
            "a person in the report bears the name of a member of staff: if another is meant, state the subjects first"
        )
    if not local:
        zh.append("本区已无可承办单位,应报上级机关或移送异地")
        en.append("no local unit remains: the upper body or another district")
    names = "、".join(f"{unit.code} {unit.name}" for unit in free[:SHOWN]) or "无"
    zh.append(f"尚可交办:{names}")
    en.append(f"still possible: {', '.join(unit.code for unit in free[:SHOWN]) or 'none'}")
    return f"{'。'.join(zh)} / {'. '.join(en)}"


def _fields(findings: Findings) -> list[tuple[str, str]]:
    return [("unit", f"{one.zh} / {one.en}") for one in findings.obstacles]
