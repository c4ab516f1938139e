"""The deadline profile as data (district-default.toml): versions with dates of force. A lead keeps the version that it started with."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from shared.deadlines.limits import Limit, Unit

NAME = "district-default"


class BadProfile(ValueError):
    """The profile's data do not fit together."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One version: its limits by id, and the day in China from which on new leads start with it."""

    version: str
    from_day: date
    limits: Mapping[str, Limit]

    def __getitem__(self, limit_id: str) -> Limit:
        """The limit. Raises `BadProfile` when this version has none of that id."""
        if limit_id not in self.limits:
            raise BadProfile(f"{self.version} has no limit {limit_id}")
        return self.limits[limit_id]


def profiles_of(content: str) -> dict[str, Profile]:
    """All versions in the data, oldest first. Raises `BadProfile`.

    A version names only the limits that differ from the version before it; `ends = ["D05"]` are those that it no longer has.
    """
    found: dict[str, Profile] = {}
    standing: dict[str, Limit] = {}
    try:
        for entry in tomllib.loads(content)["version"]:
            standing = {key: limit for key, limit in standing.items() if key not in entry.get("ends", ())}
            standing |= {key: _limit(key, value) for key, value in entry["limits"].items()}
            version = Profile(f"{NAME}-{entry['number']}", entry["from"], MappingProxyType(dict(standing)))
            if any(version.from_day <= earlier.from_day or version.version == name for name, earlier in found.items()):
                raise BadProfile(f"{version.version} does not come after the versions before it")
            found[version.version] = version
    except (KeyError, TypeError, ValueError) as fault:
        raise BadProfile(f"{type(fault).__name__}: {fault}") from None
    if not found:
        raise BadProfile("no version")
    return found


def profile_of(version: str) -> Profile:
    """A version by its name. Raises `BadProfile`."""
    if version not in _shipped():
        raise BadProfile(f"there is no profile {version}")
    return _shipped()[version]


def shortest(limit_id: str) -> Limit:
    """The limit in the version in which it is shortest: what began later than so long ago is over by none. Raises `BadProfile`."""
    found = [version.limits[limit_id] for version in _shipped().values() if limit_id in version.limits]
    if not found or len({limit.unit for limit in found}) > 1:
        raise BadProfile(f"{limit_id} is in no version, or counted in different units")
    return min(found, key=lambda limit: limit.number)


def in_force(day: date, versions: Mapping[str, Profile] | None = None) -> Profile:
    """The version that a lead of this day starts with: the newest in force, the oldest for days before any."""
    return _newest(day, versions) if versions else _shipped_in_force(day)


@lru_cache(maxsize=4096)
def _shipped_in_force(day: date) -> Profile:
    return _newest(day, _shipped())


def _newest(day: date, versions: Mapping[str, Profile]) -> Profile:
    known = list(versions.values())
    return next((version for version in reversed(known) if version.from_day <= day), known[0])


@cache
def _shipped() -> dict[str, Profile]:
    return profiles_of(files(__package__).joinpath(f"{NAME}.toml").read_text("utf-8"))


def _limit(key: str, value: Mapping[str, Any]) -> Limit:
    unknown = set(value) - {"number", "unit", "basis", "custody"}
    if unknown:
        raise BadProfile(f"{key} has unknown fields {sorted(unknown)}")
    return Limit(key, int(value["number"]), Unit(value["unit"]), str(value["basis"]), bool(value.get("custody", False)))


PROFILE_VERSION = f"{NAME}-1"
PROFILE: Mapping[str, Limit] = profile_of(PROFILE_VERSION).limits
"""The first version, which leads from before the profile was versioned have."""
