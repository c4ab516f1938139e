"""Proof of work and token buckets: what is ours, solved, in time, and how much is taken."""

import pytest

from services.intake.domain.limits import Bucket, Buckets
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


def test_a_bucket_gives_its_tokens_and_fills_again_with_time() -> None:
    bucket = Bucket(3, 60)
    assert [bucket.take(100) for _ in range(4)] == [True, True, True, False]
    assert not bucket.take(119)
    assert bucket.take(121)
    assert bucket.free(1000) == 1
    assert bucket.take(0)


def test_buckets_are_apart_and_bounded() -> None:
    buckets = Buckets(1, 60, keep=2)
    assert [buckets.take(key, 0) for key in (b"a", b"a", b"b")] == [True, False, True]
    assert buckets.take(b"c", 0)
    assert len(buckets._buckets) == 2
