"""How well repeats are told from look-alikes, on a half of the labelled set whose words no tuning has seen."""

from collections import Counter

import pytest

from services.intake.domain.repeat_score import THRESHOLD, score
from tests.intake.repeats.generator import Half, Pair
from tests.intake.repeats.heldout_words import HELD_OUT
from tests.intake.repeats.more_tuning_words import MORE_TUNING
from tests.intake.repeats.tune import SEED, marks
from tests.intake.repeats.tuning_words import TUNING
from tests.intake.repeats.words import Words

PAIRS = 1_300


def told(pairs: list[Pair]) -> tuple[float, float, str]:
    """Precision and recall, and both by kind of pair."""
    flagged = [(pair, score(marks(pair.one), marks(pair.other)).value >= THRESHOLD) for pair in pairs]
    right = sum(pair.same for pair, yes in flagged if yes)
    precision, recall = right / sum(yes for _, yes in flagged), right / sum(pair.same for pair in pairs)
    kinds, hits = Counter(pair.kind for pair in pairs), Counter(pair.kind for pair, yes in flagged if yes)
    lines = [
        f"  {'repeat' if p.same else 'other '} {p.kind}: {hits[p.kind]}/{kinds[p.kind]}" for p in pairs[: len(kinds)]
    ]
    return precision, recall, "\n".join(lines)


@pytest.mark.rule("M05")
def test_of_the_unseen_half_nine_of_ten_repeats_are_found_and_four_of_five_suggestions_are_right(
    capsys: pytest.CaptureFixture[str],
) -> None:
    precision, recall, kinds = told(Half(HELD_OUT, SEED + 1).pairs(PAIRS))
    with capsys.disabled():
        print(
            f"\nheld-out half, {PAIRS} pairs: precision {precision:.3f}, recall {recall:.3f} (suggested by kind)\n{kinds}"
        )
    assert recall >= 0.9
    assert precision >= 0.8


@pytest.mark.parametrize("tuned", [TUNING, MORE_TUNING], ids=["first", "second"])
def test_the_halves_share_no_lexicon_and_no_template(tuned: Words) -> None:
    for name in (
        "surnames",
        "aliases",
        "places",
        "streets",
        "firms",
        "trades",
        "firm",
        "money",
        "contact",
        "templates",
    ):
        assert not set(getattr(tuned, name)) & set(getattr(HELD_OUT, name)), name
    for name in ("acts", "details"):
        ours, theirs = (
            {phrase for each in getattr(half, name).values() for phrase in each} for half in (tuned, HELD_OUT)
        )
        assert not ours & theirs, name


def test_the_set_is_the_same_each_time() -> None:
    assert Half(TUNING, SEED).pairs(50) == Half(TUNING, SEED).pairs(50)
