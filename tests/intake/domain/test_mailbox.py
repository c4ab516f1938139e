"""A reporter's key pair comes of the code alone, and no other code opens it."""

from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl.public import PrivateKey
from pydantic import SecretStr

from services.intake.domain import query_code
from services.intake.domain.mailbox import (
    UNREAD_AT_MOST,
    Kind,
    Lock,
    Writer,
    must_have_room,
    private_half,
    public_half,
    salt_of,
    unlocked,
)
from services.intake.usecases.letters import Letters
from services.intake.usecases.office_keys import OfficeKeys
from shared.errors import NotAllowed
from shared.sealing import CannotOpen

RANDOM = st.binary(min_size=query_code.RANDOM_BYTES, max_size=query_code.RANDOM_BYTES)
OFFICE = Letters(OfficeKeys({"office": SecretStr("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE=")}))
Put = Callable[[str, bytes], object]


@settings(max_examples=100)
@given(RANDOM, RANDOM, st.text(min_size=1, max_size=300).filter(lambda text: text.isprintable()))
def test_two_codes_never_share_a_key_and_each_opens_its_own_letters_only(one: bytes, two: bytes, text: str) -> None:
    codes = query_code.new_code(one), query_code.new_code(two)
    first, second = map(private_half, codes)
    assert (first == second) == (codes[0] == codes[1])
    about = {"number": 1, "writer": Writer.OFFICE, "kind": Kind.MESSAGE, "about": 0, "on": date(2018, 6, 1)}
    message = OFFICE.put({"text": text}, public_half(first), **about)  # type: ignore[arg-type] # of each its own kind
    assert OFFICE.for_reporter([message], first) == [{"text": text}] == [OFFICE.for_office(message)]
    if codes[0] != codes[1]:
        with pytest.raises(CannotOpen):
            OFFICE.for_reporter([message], second)


def test_the_public_half_is_not_the_code_nor_its_hash_and_fits_the_private_one() -> None:
    private = private_half("0" * 28)
    assert public_half(private) == bytes(PrivateKey(private).public_key)
    assert len({private, public_half(private), query_code.salt_of("0" * 28)}) == 3


def test_what_is_under_a_code_of_ones_own_opens_with_its_key_alone() -> None:
    private = private_half("0" * 28)
    kept = Lock(b"s" * 16, b"k" * 32).shut(private)
    assert private not in kept
    assert (salt_of(kept), unlocked(kept, b"k" * 32), unlocked(kept, b"x" * 32)) == (b"s" * 16, private, None)


def test_an_api_without_the_offices_key_does_not_start() -> None:
    with pytest.raises(ValueError, match="MAILBOX_KEYS"):
        OfficeKeys({})


def test_a_reporter_who_was_not_read_yet_has_room_for_so_many_letters() -> None:
    must_have_room(UNREAD_AT_MOST - 1)
    with pytest.raises(NotAllowed, match="20封信尚未查阅"):
        must_have_room(UNREAD_AT_MOST)
