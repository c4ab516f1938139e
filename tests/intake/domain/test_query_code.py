"""The query code: 130 bits, read aloud without mistakes, and never passed on when one is made."""

import random

import pytest

from services.intake.domain.query_code import ALPHABET, RANDOM_BYTES, in_groups, mark_of, new_code, read_code

DICE = random.Random(7)


def code() -> str:
    return new_code(DICE.randbytes(RANDOM_BYTES))


def test_a_code_is_130_bits_and_two_check_symbols_in_groups_of_five() -> None:
    highest = new_code(b"\xff" * RANDOM_BYTES)
    assert highest[:26] == "Z" * 26
    assert new_code(bytes(RANDOM_BYTES)) == "0" * 28
    assert [len(group) for group in in_groups(highest).split("-")] == [5, 5, 5, 5, 5, 3]


def test_it_is_read_however_it_is_typed() -> None:
    one = code()
    for typed in (one, in_groups(one), in_groups(one).lower(), one.replace("0", "O").replace("1", "l"), f" {one} "):
        assert read_code(typed) == one
    wide = "".join(chr(ord(symbol) + 0xFEE0) for symbol in in_groups(one))
    for typed in (wide, wide.lower(), in_groups(one).replace("-", "\u2014"), in_groups(one).replace("-", "\u3000")):
        assert read_code(typed) == one


def test_no_single_mistake_and_no_swap_of_two_neighbours_passes() -> None:
    for one in (code() for _ in range(20)):
        wrong = [one[:n] + s + one[n + 1 :] for n in range(28) for s in ALPHABET if s != one[n]]
        wrong += [one[:n] + one[n + 1] + one[n] + one[n + 2 :] for n in range(27) if one[n] != one[n + 1]]
        wrong += [one[:n] + one[n + 2] + one[n + 1] + one[n] + one[n + 3 :] for n in range(26) if one[n] != one[n + 2]]
        for typed in wrong:
            with pytest.raises(ValueError, match="check symbols"):
                read_code(typed)


@pytest.mark.parametrize("typed", ["", "A", "U" * 28, "0" * 27, "0" * 29, "查" * 28])
def test_what_is_no_code_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="a code has"):
        read_code(typed)


def test_what_is_kept_depends_on_the_key() -> None:
    one = code()
    assert mark_of(b"a" * 32, one) == mark_of(b"a" * 32, one) != mark_of(b"b" * 32, one)
