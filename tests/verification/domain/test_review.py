"""What is drawn for quality review, a draw that nobody can steer and everyone can recompute, and who may not review (D36)."""

import json
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.verification.api.draw_command import main
from services.verification.domain.review import (
    SHARE,
    Draw,
    Review,
    ReviewState,
    because,
    commitment,
    faults,
    needs_draw,
    parties,
)
from services.verification.domain.work import Because, Conclusion
from shared.deadlines import month_after
from shared.errors import Forbidden, Invalid, NotAllowed
from tests.support.builders import NOON, person, verifiers, work

SEED, BEACONS = b"s" * 32, ("intake 7 ab c2ln", "discipline 3 cd c2ln", "publicity 9 ef c2ln")
DRAW = Draw(month=date(2018, 6, 1), seed=SEED, beacons=BEACONS)
TOKENS = [DRAW.token(UUID(int=number)) for number in range(2000)]


@pytest.mark.rule("D36")
def test_what_is_drawn_level_by_conclusion_by_repeats_by_chance() -> None:
    for level, conclusion, repeats, drawn in product(
        ("general", "key", "major"), Conclusion, (0, 1, 2, 3), (False, True)
    ):
        refuted = conclusion is Conclusion.C3
        wanted = None
        if conclusion is Conclusion.C8:
            wanted = Because.ACCUSATION
        elif level == "major":
            wanted = Because.MAJOR
        elif refuted and repeats >= 2:
            wanted = Because.REPEATS
        elif refuted and drawn:
            wanted = Because.RANDOM
        one = work(level=level)
        assert because(one, conclusion, repeats, drawn=drawn) is wanted, (level, conclusion, repeats, drawn)
        assert needs_draw(one, conclusion, repeats) == (level != "major" and refuted and repeats < 2)


def test_who_was_drawn_once_does_not_escape_by_concluding_again_in_another_month() -> None:
    assert because(work(), Conclusion.C3, 0, drawn=False, before=Because.RANDOM) is Because.RANDOM
    assert because(work(), Conclusion.C1, 0, drawn=False, before=Because.RANDOM) is None


@pytest.mark.rule("D36")
def test_about_a_fifth_is_drawn_and_each_ingredient_changes_which() -> None:
    first = {each for each in TOKENS if DRAW.draws(each)}
    # 400 expected, standard deviation 18
    assert abs(len(first) - len(TOKENS) * SHARE // 100) < 80
    again = Draw(month=DRAW.month, seed=SEED, beacons=BEACONS[::-1])
    assert {each for each in TOKENS if again.draws(each)} == first, "the order of the beacons is no matter"
    for other in (
        Draw(month=DRAW.month, seed=b"t" * 32, beacons=BEACONS),
        Draw(month=DRAW.month, seed=SEED, beacons=BEACONS[:2]),
    ):
        assert {each for each in TOKENS if other.draws(each)} != first


def test_while_a_draw_is_not_fixed_all_are_drawn() -> None:
    assert all(Draw(month=DRAW.month, seed=SEED).draws(each) for each in TOKENS[:50])


def published(**changes: Any) -> dict[str, Any]:
    entries = [{"token": each, "drawn": DRAW.draws(each)} for each in TOKENS[:50]]
    found = {"month": "2018-06", "seed": SEED.hex(), "commitment": commitment(SEED), "beacons": list(BEACONS)}
    return found | {"entries": entries} | changes


@pytest.mark.parametrize(
    "forged",
    [
        {"seed": (b"t" * 32).hex()},
        {"commitment": commitment(b"t" * 32)},
        {"beacons": list(BEACONS[:2])},
        {"entries": [{"token": each, "drawn": False} for each in TOKENS[:50]]},
    ],
)
def test_a_published_month_is_recomputed_and_a_forged_one_found(
    forged: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert faults(published()) == []
    assert faults(published(**forged)) != []
    file = tmp_path / "draw.json"
    for content, noted, wanted in (
        (published(), commitment(SEED), 0),
        (published(), "0" * 64, 1),
        (published(**forged), None, 1),
        (published(seed=None, entries=None), None, 2),
        ({"month": "2018-06"}, None, 2),
    ):
        file.write_text(json.dumps(content), "utf-8")
        more = ["--commitment", noted] if noted else []
        assert main(["verify", str(file), *more]) == wanted, content.keys()
    assert "of 50 were drawn" in capsys.readouterr().out


def test_the_next_month_of_each_is_its_first_day() -> None:
    assert [month_after(date(2018, each, 1)) for each in (1, 11, 12)] == [
        date(2018, 2, 1),
        date(2018, 12, 1),
        date(2019, 1, 1),
    ]


WORKS = [
    work(verifiers=tuple(verifiers("GA-101", "GA-102"))),
    work(unit="JS", verifiers=tuple(verifiers("JS-1", "JS-2"))),
]


@pytest.mark.rule("G4", "G10")
@pytest.mark.parametrize(
    ("account", "unit", "numbers", "fits"),
    [
        ("qrv", "ZF", (), True),
        ("qrv", "ZF", ("ZF-7",), True),
        ("qrv", "GA", (), False),
        ("qrv", "JS", (), False),
        ("unl", "ZF", (), False),
        ("qrv", "ZF", ("GA-102",), False),
        ("qrv", "ZF", ("JS-1",), False),
        ("qrv", "ZF", ("ZF-9",), False),
    ],
)
def test_nobody_reviews_what_their_unit_or_they_themselves_verified_or_what_concerns_them(
    account: str, unit: str, numbers: tuple[str, ...], fits: bool
) -> None:
    class By:
        sub, roles, accounts = account, frozenset({"qrv"}), frozenset({account})

    By.unit = unit  # type: ignore[attr-defined]
    those = parties(WORKS, ["unl", "unh"], ["ZF-9"])
    if fits:
        those.must_not_review(By(), numbers)  # type: ignore[arg-type]
        return
    with pytest.raises(Forbidden):
        those.must_not_review(By(), numbers)  # type: ignore[arg-type]


def test_another_account_of_who_took_part_is_nobody_else() -> None:
    with pytest.raises(Forbidden):
        parties([work(unit="JS")], ["unl"], []).must_not_review(person("qrv", "qrv", others=("unl",)), [])


def waiting() -> Review:
    return Review.begin(uuid4(), 1, Because.RANDOM, Conclusion.C3, by="unl", at=NOON)


@pytest.mark.rule("D36", "D10")
def test_it_is_decided_once_and_goes_back_with_a_reason_and_a_limit() -> None:
    assert waiting().due_on == date(2018, 6, 6), "three working days"
    passed = waiting().decide(passed=True, reason=None, by="qrv", at=NOON)
    back = waiting().decide(passed=False, reason="两名证人未询问", by="qrv", at=NOON)
    assert (passed.state, passed.rework_by, passed.decided_by) == (ReviewState.PASSED, None, "qrv")
    assert (back.state, back.rework_by, back.reason) == (ReviewState.RETURNED, date(2018, 6, 5), "两名证人未询问")
    with pytest.raises(Invalid) as refused:
        waiting().decide(passed=False, reason=None, by="qrv", at=NOON)
    assert refused.value.fields[0][0] == "reason"
    with pytest.raises(Invalid):
        waiting().decide(passed=False, reason="【秘密】材料", by="qrv", at=NOON)
    for state in ReviewState:
        for how in (True, False):
            one = {ReviewState.WAITING: waiting(), ReviewState.PASSED: passed, ReviewState.RETURNED: back}[state]
            if state is ReviewState.WAITING:
                assert one.decide(passed=how, reason="理由充分", by="qrv2", at=NOON).state is not state
            else:
                with pytest.raises(NotAllowed):
                    one.decide(passed=how, reason="理由充分", by="qrv2", at=NOON)
