"""`python -m services.intake.api.directory_reading TODAY`: a directory file on stdin, its rows on stdout; and how they are read back."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, astuple
from datetime import date
from typing import Any

from services.intake.api.reading import read_file
from services.intake.api.spreadsheet import answer, read_sheets
from services.intake.domain.directory import Entry, Placement, Staff, Unit
from services.intake.domain.directory_codes import PlacementKind, Post, UnitKind
from services.intake.domain.directory_file import BadEntry, Outcome, read_directory

_KINDS: Mapping[str, Callable[..., Entry]] = {"Unit": Unit, "Staff": Staff, "Placement": Placement}


async def read(content: bytes, *, today: date) -> list[Outcome]:
    """Good rows and bad cells of a file, in its order. Raises `Invalid` and `TooLarge` for the file as a whole."""
    return list(map(_outcome, await read_file(__name__, content, today=today)))


def main() -> None:
    """The process that reads a file."""
    answer(_rows)


def _rows(content: bytes) -> Iterator[list[Any]]:
    for outcome in read_directory(read_sheets(content)):
        if isinstance(outcome, BadEntry):
            yield list(astuple(outcome))
        else:
            sheet, number, entry = outcome
            values = {
                name: value.isoformat() if isinstance(value, date) else value for name, value in asdict(entry).items()
            }
            yield [sheet, number, type(entry).__name__, values]


def _outcome(values: list[Any]) -> Outcome:
    if len(values) == 5:
        return BadEntry(*values)
    sheet, number, kind, fields = values
    return sheet, number, _entry(kind, fields)


def _entry(kind: str, fields: dict[str, Any]) -> Entry:
    for name in ("from_on", "to_on", "pledged_on"):
        if fields.get(name):
            fields[name] = date.fromisoformat(fields[name])
    if kind == "Staff":
        fields["relatives"] = tuple(fields["relatives"])
    if kind == "Unit":
        fields["kind"] = UnitKind(fields["kind"])
    if kind == "Placement":
        fields |= {"post": Post(fields["post"]), "kind": PlacementKind(fields["kind"])}
    return _KINDS[kind](**fields)


if __name__ == "__main__":
    main()
