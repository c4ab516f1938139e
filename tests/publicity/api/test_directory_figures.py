"""N13-N15: groups and staff counted from the rows of the directory, as of a day, whatever order they came in."""

import random
from datetime import date
from typing import Any

import pytest

from deploy.local.demo.directory import write_directory
from services.intake.api.spreadsheet import read_sheets
from services.intake.domain.directory import Entry, Placement, Staff, Unit
from services.intake.domain.directory_codes import PlacementKind, Post, UnitKind
from services.intake.domain.directory_file import BadEntry, read_directory
from tests.conftest import NewApi
from tests.publicity.api.test_figures import FIGURES
from tests.support.builders import NOON
from tests.support.hearing import Hearing

BEGIN = date(2018, 3, 1)
DAY = "2018-09-18"


def demo(path: Any) -> list[Entry]:
    write_directory(path)
    rows = list(read_directory(read_sheets(path.read_bytes())))
    return [row[2] for row in rows if not isinstance(row, BadEntry)]


async def figures(api: Any, as_of: str = DAY) -> tuple[int, ...]:
    answer = (await api.get(f"{FIGURES}?as_of={as_of}", by="ldr")).json()["figures"]
    found = {one["code"]: one["value"] for one in answer}
    for code in ("N13", "N14", "N15"):
        rows = (await api.get(f"{FIGURES}/{code}/rows?as_of={as_of}&limit=200", by="ldr")).json()["items"]
        assert len(rows) == found[code], "a number is its rows (A2)"
    return found["N13"], found["N14"], found["N15"]


def staff(number: str, **changes: Any) -> Staff:
    return Staff(**{"staff": number, "name": "虚构", "home_unit": "GA", "from_on": BEGIN, **changes})


def placed(number: str, unit: str, kind: PlacementKind = PlacementKind.POST, **changes: Any) -> Placement:
    return Placement(**{"staff": number, "unit": unit, "post": Post.STAFF, "kind": kind, "from_on": BEGIN, **changes})


def unit(code: str, **changes: Any) -> Unit:
    return Unit(**{"code": code, "name": "某组", "kind": UnitKind.WORK_GROUP, "from_on": BEGIN, **changes})


@pytest.mark.rule("N13", "N14", "N15", "A2", "A3", "A4")
async def test_groups_and_staff_are_6_29_30_and_rows_that_do_not_count_change_nothing(
    new_api: NewApi, tmp_path: Any
) -> None:
    api = await new_api("publicity")
    hearing = Hearing(api, "publicity")
    records = hearing.number(*(entry.recorded(at=NOON) for entry in demo(tmp_path / "d.xlsx")))
    random.Random(7).shuffle(records)
    await hearing.take(records)
    assert await figures(api) == (6, 29, 30)
    assert await figures(api, "2018-02-28") == (0, 0, 0)
    # §6.6: on leave; left; twice in the office; of another unit; not yet here; a group that has ended, one of another kind
    others: list[Entry] = [
        *(staff("X-1"), placed("X-1", "SB"), placed("X-1", "SB", PlacementKind.LEAVE, from_on=date(2018, 9, 1))),
        *(staff("X-2", to_on=date(2018, 9, 18)), placed("X-2", "SB"), placed("SB-001", "SB")),
        *(staff("X-3"), placed("X-3", "SB", PlacementKind.MEMBER), placed("X-3", "GA")),
        *(staff("X-4"), placed("X-4", "GAZB", from_on=date(2018, 9, 19))),
        *(staff("X-5"), placed("X-5", "GAZB", to_on=date(2018, 9, 18))),
        *(unit("G7", to_on=date(2018, 9, 1)), unit("G8", kind=UnitKind.DEPARTMENT)),
    ]
    await hearing.take(hearing.number(*(entry.recorded(at=NOON) for entry in others)))
    assert await figures(api) == (6, 29, 30)
    assert await figures(api, "2018-08-31") == (7, 31, 31)
    left_out = (await api.get(f"{FIGURES}/N14/rows?as_of={DAY}&counted=false", by="ldr")).json()["items"]
    assert [row["staff"] for row in left_out] == ["X-1", "X-2"]
    groups = (await api.get(f"{FIGURES}/N13/rows?as_of={DAY}&limit=2", by="ldr")).json()
    assert [row["name"] for row in groups["items"]] == ["工作宣传组", "基层组织建设组"]
    more = (await api.get(f"{FIGURES}/N13/rows?as_of={DAY}&after={groups['next']}", by="ldr")).json()["items"]
    assert len(more) == 4
    assert await api.rows("select count(*) from facts") == [(0,)]
