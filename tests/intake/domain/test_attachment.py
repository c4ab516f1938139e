"""A file's states and actions, all of them; and keys: what was altered, moved or shredded cannot be read."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from nacl.utils import random as random_bytes
from pydantic import SecretStr

from services.intake.domain.attachment import (
    MOST_BYTES,
    MOST_FILES,
    Attachment,
    Door,
    KeyBoxes,
    Piece,
    State,
    check_new,
    side_of,
)
from shared.errors import Conflict, Invalid, NotAllowed, NotFound, TooLarge
from shared.file_key import CannotRead, FileKeys, WrappingKey

ACTIONS: dict[str, Callable[[Attachment], Any]] = {
    "take": lambda a: a.take(Piece("b", 5), at=5),
    "expect": lambda a: a.expect(5),
    "keep": lambda a: a.keep(media_type="text/plain", sha256="0" * 64, shared=()),
    "refuse": lambda a: a.refuse({"field": "file", "reason": "x"}),
    "give_up": lambda a: a.give_up(),
    "readable": lambda a: a.readable(),
}
ALLOWED = {
    (State.UPLOADING, "take"): State.EXAMINING,
    (State.UPLOADING, "expect"): None,
    (State.UPLOADING, "give_up"): State.GONE,
    (State.EXAMINING, "keep"): State.KEPT,
    (State.EXAMINING, "refuse"): State.REFUSED,
    (State.KEPT, "readable"): State.KEPT,
}


def attachment(state: State = State.UPLOADING, boxes: KeyBoxes | None = None) -> Attachment:
    return Attachment(
        id=uuid4(), lead_id=uuid4(), door=Door.OFFICE, uploaded_by="icl", length=10, key_id="k", wrapped_key=b"w",
        name_box=b"n", state=state, pieces=(Piece("a", 5),), boxes=boxes,
    )  # fmt: skip


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("action", ACTIONS)
def test_each_action_is_for_its_state(state: State, action: str) -> None:
    act = ACTIONS[action]
    if (state, action) not in ALLOWED:
        over = state in (State.GONE, State.SHREDDED) and action in ("take", "expect")
        with pytest.raises(NotFound if over else NotAllowed):
            act(attachment(state))
        return
    after = act(attachment(state))
    assert (after.state if after else None) is ALLOWED[state, action]
    if after and after.state in (State.REFUSED, State.GONE):
        assert (after.wrapped_key, after.name_box) == (None, None)


def test_a_sealed_file_leaves_the_key_of_the_service_once_it_was_examined_and_no_box_stays_when_it_is_over() -> None:
    boxes = KeyBoxes(for_reporter=b"r", for_office=b"o", office_key="k")
    for state, action, left in (
        (State.UPLOADING, "take", (b"w", boxes)),
        (State.UPLOADING, "give_up", (None, None)),
        (State.EXAMINING, "refuse", (None, None)),
        (State.EXAMINING, "keep", (None, boxes)),
    ):
        after = ACTIONS[action](attachment(state, boxes))
        assert (after.wrapped_key, after.boxes) == left, action
    sealed = attachment(State.KEPT).seal(boxes)
    assert (sealed.wrapped_key, sealed.boxes) == (None, boxes)
    # what still comes is examined by the clock, too
    for state in (State.UPLOADING, State.EXAMINING):
        coming = attachment(state).seal(boxes)
        assert (coming.state, coming.wrapped_key, coming.boxes) == (state, b"w", boxes)
    for state in (State.REFUSED, State.GONE, State.SHREDDED):
        with pytest.raises(NotAllowed):
            attachment(state).seal(boxes)


def test_a_piece_begins_where_the_file_stands_and_ends_within_it() -> None:
    with pytest.raises(Conflict):
        attachment().take(Piece("b", 1), at=4)
    with pytest.raises(TooLarge):
        attachment().take(Piece("b", 6), at=5)
    half = attachment().take(Piece("b", 4), at=5)
    assert (half.state, half.offset) == (State.UPLOADING, 9)


def test_a_file_has_limits() -> None:
    fine: dict[str, Any] = {"length": MOST_BYTES, "name": "x" * 200, "files": MOST_FILES - 1}
    check_new(**fine)
    for refused, values in (
        (Invalid, {"length": 0}),
        (TooLarge, {"length": MOST_BYTES + 1}),
        (Invalid, {"name": "x" * 201}),
        (NotAllowed, {"files": MOST_FILES}),
    ):
        with pytest.raises(refused):
            check_new(**(fine | values))


def test_each_door_counts_with_its_own_side_and_no_other() -> None:
    sides = {frozenset(side_of(door)) for door in Door}
    assert sorted(door for side in sides for door in side) == sorted(Door), "each door on one side"
    assert side_of(Door.LETTER) == side_of(Door.OFFICE) == side_of(Door.MAILBOX)
    assert all(side_of(door) == {door} for door in (Door.REPORTER, Door.UNIT, Door.PARTNER, Door.CALL))


def wrapping(name: str) -> WrappingKey:
    import base64

    return WrappingKey(key_id=name, key=SecretStr(base64.b64encode(random_bytes(32)).decode()))


def test_a_piece_opens_for_its_file_and_name_alone_and_not_without_the_wrapped_key() -> None:
    old, new = wrapping("old"), wrapping("new")
    one, two = uuid4(), uuid4()
    key, key_id, wrapped = FileKeys([old]).new(one)
    sealed = key.seal("a", b"content")
    later = FileKeys([new, old])
    assert later.open(one, key_id, wrapped).open("a", sealed) == b"content"
    assert later.new(one)[1] == "new"
    secrets = {key.secret, *(keys.new(each)[0].secret for keys in (FileKeys([old]), later) for each in (one, two))}
    assert len(secrets) == 5, "one key a file, whose it is and whatever wraps it"
    for altered in (sealed[:-1] + bytes([sealed[-1] ^ 1]), b"", sealed[:30]):
        with pytest.raises(CannotRead):
            key.open("a", altered)
    with pytest.raises(CannotRead):
        key.open("b", sealed)
    with pytest.raises(CannotRead):
        later.open(two, key_id, wrapped).open("a", sealed)
    for gone in (None, b"x" * 72):
        with pytest.raises(CannotRead):
            later.open(one, key_id, gone)
    with pytest.raises(CannotRead):
        FileKeys([new]).open(one, key_id, wrapped)
