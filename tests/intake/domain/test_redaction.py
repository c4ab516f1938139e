"""Who may have what blackened in which file, and that nothing that was black is shown again."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from services.intake.domain.attachment import SEALED, Attachment, Door, State
from services.intake.domain.redaction import (
    MOST_COPIES,
    PDF,
    PICTURES,
    Area,
    Hides,
    Redaction,
    all_areas,
    check,
    must_be_seen,
    replaced,
)
from shared.auth import Principal
from shared.errors import Forbidden, Invalid, NotAllowed, Refused

CLERK = Principal(sub="icl", roles=frozenset({"icl"}), unit="SHB")
OTHER = Principal(sub="ofd", roles=frozenset({"ofd"}), unit="SHB")


def area(*edges: float, page: int = 1) -> Area:
    left, top, right, bottom = edges
    return Area(page=page, left=left, top=top, right=right, bottom=bottom, reason=Hides.REPORTER)


NAME = area(0.1, 0.1, 0.4, 0.2)
HAND = area(0.1, 0.5, 0.9, 0.6, page=2)


def original(**changes: Any) -> Attachment:
    found = Attachment(
        id=uuid4(), lead_id=uuid4(), door=Door.LETTER, uploaded_by="icl", length=10, key_id="k", wrapped_key=b"w",
        name_box=None, state=State.KEPT, media_type=PDF,
    )  # fmt: skip
    return replace(found, **changes)


def copy(of: Attachment, number: int, *areas: Area) -> Redaction:
    return Redaction(
        copy_id=uuid4(), original_id=of.id, lead_id=of.lead_id or uuid4(), number=number, areas=areas, pages=2,
        redacted_by="icl", redacted_at=datetime(2018, 6, 1, tzinfo=UTC),
    )  # fmt: skip


def test_a_further_copy_hides_all_that_earlier_ones_hid() -> None:
    scan = original()
    first = copy(scan, 1, NAME)
    assert all_areas(scan, [first], [HAND]) == (HAND, NAME)
    assert all_areas(scan, [first, copy(scan, 2, HAND)], [area(0, 0, 1, 1)]) == (area(0, 0, 1, 1), NAME, HAND)


def test_what_adds_nothing_is_refused() -> None:
    scan = original()
    inner = area(0.1, 0.1, 0.3, 0.15)
    for same in ([NAME], [inner], [NAME, inner]):
        with pytest.raises(NotAllowed, match="已全部涂黑"):
            all_areas(scan, [copy(scan, 1, NAME)], same)
    assert all_areas(scan, [copy(scan, 1, NAME)], [NAME, replace(NAME, page=2)])
    for more in (area(0.0, 0.1, 0.4, 0.2), area(0.1, 0.1, 0.5, 0.2), area(0.1, 0, 0.4, 0.2), area(0.1, 0.1, 0.4, 0.3)):
        assert all_areas(scan, [copy(scan, 1, NAME)], [more])


def test_an_original_is_blackened_so_many_times() -> None:
    scan = original()
    before = [copy(scan, number + 1, area(0, number / 100, 1, number / 100 + 0.01)) for number in range(MOST_COPIES)]
    all_areas(scan, before[:-1], [NAME])
    with pytest.raises(NotAllowed):
        all_areas(scan, before, [area(0, 0.5, 1, 1)])


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("door", Door)
def test_which_files_can_be_blackened(state: State, door: Door) -> None:
    file = original(state=state, door=door)
    if state is State.KEPT and door not in (Door.MAILBOX, Door.REDACTED):
        assert all_areas(file, [], [NAME]) == (NAME,)
    else:
        with pytest.raises(NotAllowed):
            all_areas(file, [], [NAME])


@pytest.mark.parametrize("media_type", [*sorted(PICTURES), "text/plain", "audio/amr", "video/mp4", None])
def test_only_pages_can_be_blackened(media_type: str | None) -> None:
    if media_type in PICTURES:
        assert all_areas(original(media_type=media_type), [], [NAME])
    else:
        with pytest.raises(NotAllowed, match="PDF"):
            all_areas(original(media_type=media_type), [], [NAME])


@pytest.mark.rule("G1")
@pytest.mark.parametrize("door", Door)
def test_what_is_sealed_is_blackened_by_who_knows_it_until_there_is_a_copy(door: Door) -> None:
    file = original(door=door, uploaded_by="icl")
    must_be_seen(file, [], CLERK)
    must_be_seen(file, [], replace(OTHER, others=frozenset({"icl"})))
    must_be_seen(file, [copy(file, 1, NAME)], OTHER)
    if door in SEALED:
        with pytest.raises(Forbidden):
            must_be_seen(file, [], OTHER)
    else:
        must_be_seen(file, [], OTHER)


@pytest.mark.parametrize(
    ("edges", "fields"),
    [
        ((0.5, 0.1, 0.5, 0.2), ["areas.1.right"]),
        ((0.5, 0.1, 0.4, 0.2), ["areas.1.right"]),
        ((0.1, 0.2, 0.4, 0.2), ["areas.1.bottom"]),
        ((0.4, 0.2, 0.1, 0.1), ["areas.1.right", "areas.1.bottom"]),
    ],
)
def test_an_area_has_an_extent(edges: tuple[float, float, float, float], fields: list[str]) -> None:
    with pytest.raises(Invalid) as refused:
        check([NAME, area(*edges)])
    assert [field for field, _ in refused.value.fields] == fields
    with pytest.raises(Refused):
        all_areas(original(), [], [area(*edges)])


@pytest.mark.parametrize(
    ("edges", "pixels"),
    [
        ((0, 0, 1, 1), (0, 0, 30, 20)),
        ((0.1, 0.1, 0.4, 0.2), (3, 2, 12, 4)),
        ((0.11, 0.11, 0.41, 0.21), (3, 2, 13, 5)),
        ((0.5, 0.5, 0.5000001, 0.5000001), (15, 10, 16, 11)),
        ((0.9999999, 0, 1, 1), (29, 0, 30, 20)),
    ],
)
def test_each_pixel_that_an_area_touches_is_in_it(
    edges: tuple[float, float, float, float], pixels: tuple[int, int, int, int]
) -> None:
    assert area(*edges).pixels(30, 20) == pixels


def test_the_newest_copy_is_in_the_place_of_the_original_and_of_all_before() -> None:
    scan, other = original(), original()
    one, two, three = copy(scan, 1, NAME), copy(scan, 2, HAND), copy(other, 1, NAME)
    assert replaced([]) == {}
    assert replaced([three, two, one]) == {
        scan.id: two.copy_id,
        one.copy_id: two.copy_id,
        other.id: three.copy_id,
    }
