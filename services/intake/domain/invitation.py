"""An invitation to meet 约请见面 (必须 1, G-MEET, G2): two officers who are near no subject, places that are none of a subject's, and the
reporter chooses, proposes another place and time, or does not come. Frozen and pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Self
from uuid import UUID

from services.intake.domain.conflict import Findings, Neutrality
from services.intake.domain.directory import Staff, Unit
from services.intake.domain.place_names import near_in_place, near_in_text
from shared.codes import Labelled
from shared.errors import Invalid, NotAllowed

OFFICERS = 2
MOST_OPTIONS = 6


class Reply(Labelled):
    """What the reporter answers. 举报人答复"""

    ACCEPTED = "accepted", "同意见面", "agrees to meet"
    DECLINED = "declined", "不愿见面", "does not want to meet"
    OTHER = "other", "另提时间地点", "proposes another place or time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A place and a time that are offered. `unit`: whose building it is, if a unit's of the directory."""

    day: date
    time: str
    place: str
    unit: str | None = None

    @property
    def words(self) -> str:
        """As the reporter reads it."""
        return f"{self.day} {self.time} {self.place}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """One, as it is kept: codes and days; what it says lies in the mailbox as `message`."""

    lead_id: UUID
    message: int
    officers: tuple[str, ...]
    units: tuple[str, ...]
    options: int
    sent_on: date
    reply: Reply | None = None
    replied_on: date | None = None

    def answer(self, reply: Reply, option: int | None, *, newest: bool, on: date) -> Self:
        """The reporter answers, also anew, as nobody has to come. Raises `NotAllowed` for one that a newer one has replaced, `Invalid` when
        what is accepted is not named, or something is named that was not offered."""
        if not newest:
            raise NotAllowed("已有新的约请,请答复新的 / there is a newer invitation, answer that one")
        if (reply is Reply.ACCEPTED) != (option is not None):
            told = "同意见面须选一项,其他答复不选 / one of the options with accepted, and with nothing else"
            raise Invalid(told, fields=[("option", told)])
        if option is not None and not 1 <= option <= self.options:
            told = f"只有1至{self.options}项 / there are options 1 to {self.options}"
            raise Invalid(told, fields=[("option", told)])
        return replace(self, reply=reply, replied_on=on)


def letter(text: str, options: Sequence[Option]) -> str:
    """What the reporter reads."""
    offered = "\n".join(f"{number}. {option.words}" for number, option in enumerate(options, 1))
    return f"{text}\n{offered}\n您可选其中一项,也可另提您方便、安全的时间和地点,或答复不愿见面;不见面不影响办理。"


def must_be_safe(
    found: Neutrality, text: str, officers: Sequence[str], options: Sequence[Option], *, today: date
) -> None:
    """Two officers of the directory who have pledged secrecy and are near no subject; places of units that are near none, whether as `unit`
    or in words; days to come. Raises `Invalid` by field."""
    fields = [
        *((f"officers.{place}", why) for place, one in enumerate(officers) if (why := _officer(found, one, today))),
        *((f"options.{place}.unit", why) for place, one in enumerate(options) if (why := _place(found, one.unit))),
    ]
    fields += [
        (f"options.{place}.{name}", _named(unit))
        for place, one in enumerate(options)
        for name, words in (("place", one.place), ("time", one.time))
        if (unit := near_in_place(found, words))
    ]
    if unit := near_in_text(found, text):
        fields.append(("text", _named(unit)))
    if len(set(officers)) != OFFICERS:
        fields.append(("officers", "须为两名不同的人员 / two different persons"))
    past = "早于今天 / before today"
    fields += [(f"options.{place}.day", past) for place, one in enumerate(options) if one.day < today]
    if fields:
        raise Invalid("不符合安全见面的要求 / it does not meet the rules for a safe meeting", fields=fields)


def _officer(found: Neutrality, staff: str, today: date) -> str | None:
    person: Staff | None = found.directory.staff.get(staff)
    if person is None or not person.holds_on(today):
        return "目录中没有该在职人员 / no such person in office in the directory"
    if person.pledged_on is None:
        return "未签保密承诺 / has not pledged secrecy"
    if staff in found.excluded:
        return "应当回避 / must not take part"
    unit = found.directory.units.get(person.home_unit)
    return _near(found.of(unit)) if unit else None


def _place(found: Neutrality, code: str | None) -> str | None:
    if code is None:
        return None
    unit = found.directory.units.get(code)
    if unit is None:
        return "目录中没有该单位 / no such unit in the directory"
    return _near(found.of(unit))


def _named(unit: Unit) -> str:
    return (
        f"提到{unit.name}({unit.code}),该单位或其邻近单位被反映,不得约在该处;请另选地点或改写"
        f" / names {unit.code}, which is too near to a subject: another place, or other words"
    )


def _near(findings: Findings) -> str | None:
    if not findings.obstacles:
        return None
    zh = "、".join(one.zh for one in findings.obstacles)
    return f"{zh} / {', '.join(one.en for one in findings.obstacles)}"
