"""Proof of work and limits: what is ours, solved, in time, and how much is taken."""

import pytest

from services.intake.domain.limits import Lease, Rate, Seen
from services.intake.domain.proof_of_work import NotSolved, bits_for, check_solution, new_challenge, zero_bits
from tests.support.reporting import solve

KEY = b"k" * 32


def challenge(bits: int = 6, key: bytes = KEY) -> str:
    return new_challenge(key, random=b"r" * 16, bits=bits, expires=1_600_000_000)


def test_a_solved_challenge_is_taken_and_marks_the_challenge_whatever_the_number() -> None:
    first = solve(challenge(), 6)
    second = next(s for s in (f"{challenge()}:{n}" for n in range(10**5, 10**6)) if zero_bits(s) >= 6)
    assert check_solution(KEY, first, now=1_599_999_999) == check_solution(KEY, second, now=0)


@pytest.mark.parametrize(
    ("solution", "why"),
    [
        ("", "unreadable"),
        (challenge(), "unreadable"),
        (f"{challenge()}:-1", "unreadable"),
        (f"{challenge()}:x", "unreadable"),
        (solve(challenge(key=b"o" * 32), 6), "not ours"),
        (solve(challenge(), 6).replace(".6.", ".1."), "not ours"),
        (next(f"{challenge()}:{n}" for n in range(99) if zero_bits(f"{challenge()}:{n}") < 6), "too little work"),
    ],
)
def test_anything_else_is_refused_with_the_reason(solution: str, why: str) -> None:
    with pytest.raises(NotSolved, match=why):
        check_solution(KEY, solution, now=0)


def test_a_challenge_expires() -> None:
    with pytest.raises(NotSolved, match="expired"):
        check_solution(KEY, solve(challenge(), 6), now=1_600_000_000)


def test_the_work_grows_as_the_door_fills() -> None:
    grown = [bits_for(16, 22, free=free / 10) for free in range(10, -1, -1)]
    assert grown[:6] == [16] * 6
    assert grown == sorted(grown)
    assert grown[-1] == 22


def test_a_bucket_is_the_instant_at_which_it_is_full_again() -> None:
    rate = Rate(3, 60)
    assert [rate.worth(number) for number in (1, 3)] == [20, 60]
    assert [rate.free(full_at, 100) for full_at in (0, 100, 130, 160, 900)] == [1, 1, 0.5, 0, 0]


def test_a_lease_gives_what_was_taken_for_as_long_as_the_bucket_takes_to_fill() -> None:
    rate, lease = Rate(600, 60), Lease()
    assert not lease.give(0)
    lease.filled(2, 103.0, rate, 100)
    assert [lease.give(101) for _ in range(3)] == [True, True, False]
    lease.filled(2, 103.0, rate, 100)
    assert [lease.give(at) for at in (159.9, 160)] == [True, False]
    lease.filled(30, None, rate, 200)
    assert (lease.closed_until, lease.full_at) == (201.0, 103.0)


def test_what_was_seen_is_bounded() -> None:
    seen = Seen(keep=2)
    assert [seen.times(thing) for thing in (b"a", b"a", b"b", b"c", b"a")] == [1, 2, 1, 1, 1]
