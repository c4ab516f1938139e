"""Units of the directory by their names in free words, as a place to meet is written (G2): the whole name, and how it is shortened. Pure.

`unit` beside a place says whose building it is, if whoever writes it thinks of that; a reporter was once asked to the very station that he
had reported ([S34] of the domain).
"""

import re

from services.intake.domain.conflict import Neutrality
from services.intake.domain.directory import Unit
from services.intake.domain.directory_codes import UnitKind
from services.intake.domain.office_name import OFFICE_ITSELF
from services.intake.domain.repeat_marks import plain

_LEVEL = "区市县省"
_STATION = "派出所"
_LEAST = 3
"""Characters of a shortened name; a shorter one stands in too many words."""
_NO_UNIT = "在有属谓以"
"""What 所 begins another word before, as in 所在."""
KINDS: dict[UnitKind, tuple[str, ...]] = {
    UnitKind.POLICE: ("公安局", "分局"),
    UnitKind.POLICE_STATION: (_STATION, "警务室"),
    UnitKind.POLICE_BRIGADE: ("刑侦大队", "刑警大队", "刑警队"),
    UnitKind.DISCIPLINE: ("纪委", "监委"),
    UnitKind.PROCURATORATE: ("检察院",),
    UnitKind.COURT: ("法院",),
    UnitKind.OFFICE: OFFICE_ITSELF,
    UnitKind.STREET: ("街道办",),
    UnitKind.COMMUNITY: ("居委会",),
}
"""What a unit of a kind is called where only one is meant."""
_GENERAL = {word for words in KINDS.values() for word in words}


def near_in_place(found: Neutrality, place: str) -> Unit | None:
    """A unit too near to whom the lead is about that these words of a place name, by its name or by what such a unit is called."""
    said, unit = _named(found, place)
    if unit is not None:
        return unit
    for kind, words in KINDS.items():
        if any(word in said for word in words):
            alike = (one for one in found.directory.units.values() if one.kind is kind)
            if near := next((one for one in alike if found.of(one).obstacles), None):
                return near
    return None


def near_in_text(found: Neutrality, text: str) -> Unit | None:
    """The same of a letter's words, which may speak of such units in general: one that is named."""
    return _named(found, text)[1]


def _named(found: Neutrality, text: str) -> tuple[str, Unit | None]:
    """The words without names of units that may be met at, and the first that may not."""
    said = _written(text)
    names: dict[str, list[Unit]] = {}
    for unit in found.directory.units.values():
        for name in names_of(unit):
            if name in said:
                names.setdefault(name, []).append(unit)
    # a longer name goes first: the bureau of another district is not this one
    for name in sorted(names, key=len, reverse=True):
        pattern = re.escape(name) + (f"(?![{_NO_UNIT}])" if name.endswith("所") else "")
        if re.search(pattern, said):
            if near := next((unit for unit in names[name] if found.of(unit).obstacles), None):
                return said, near
            if name not in _GENERAL:  # 公安局 is also what the bureau of another level is called
                said = re.sub(pattern, "\n", said)
    return said, None


def names_of(unit: Unit) -> set[str]:
    """Its name in one writing, and shortened: 区建设局 → 建设局; 临江街派出所 → 临江派出所, 临江街所, 临江所."""
    name = _written(unit.name)
    bare = name[1:] if name[:1] in _LEVEL else name
    found = {bare}
    if unit.kind is UnitKind.POLICE_STATION and bare.endswith(_STATION):
        street = bare.removesuffix(_STATION)
        root = street.rstrip("街道镇乡")
        found |= {f"{street}所", f"{root}{_STATION}", f"{root}所"} if len(root) > 1 else {f"{street}所"}
    return {name} | {each for each in found if len(each) >= _LEAST}


def _written(text: str) -> str:
    return "".join(sign for sign in plain(text) if sign.isalnum())
