"""Whether a text concerns its reader's own circle, told from the text alone: the scripted misuse test of G12 for the three ties. What
follows from a tie that was found is in tests/shared/test_reads.py."""

import random

import pytest
from opencc import OpenCC

from services.intake.domain.circle import Mark, Tie, called, declared, secret_of, touched
from tests.intake.repeats.generator import Half
from tests.intake.repeats.heldout_words import HELD_OUT
from tests.intake.repeats.tune import SEED

SECRET = secret_of(b"k" * 32)
GIVEN = ("建国", "秀英", "志强", "丽华", "永福", "小梅", "德胜", "玉兰", "文斌", "春燕")
UNITS = ("司法所", "税务所", "城管队", "水务站", "供电所")
ESTATES = ("花园", "小区", "新村", "公寓", "大院")
WORDS = {
    Tie.NEIGHBOUR: [f"{name}{kind}" for name in ("梧桐", "望湖", "福安", "锦绣") for kind in ESTATES],
    Tie.COLLEAGUE: [f"{name}{kind}" for name in ("枫林", "东渡", "柳堤", "新港") for kind in UNITS],
    Tie.RELATIVE: [f"{surname}{given}" for surname in ("欧阳", "邵") for given in GIVEN],
}
SAYS = {
    Tie.NEIGHBOUR: "反映{}三号楼有人开设赌场",
    Tie.COLLEAGUE: "反映{}有人通风报信、收受好处",
    Tie.RELATIVE: "反映{}带人强收保护费,殴打商户",
}
WAYS = (
    lambda text: text,
    OpenCC("s2t").convert,
    lambda text: f"今年三月以来,{text},群众意见很大,电话１３８００１３８０００",
    lambda text: f"{text}。另反映菜市场、工地等处的其他问题。",
)
"""As it is said, in traditional characters, among other words, at the head of a longer text."""


def circle(number: int) -> dict[Tie, str]:
    """What one of twenty readers declares, a word for each tie."""
    return {tie: words[number] for tie, words in WORDS.items()}


def marks(number: int) -> list[Mark]:
    return [mark for tie, word in circle(number).items() for mark in declared(tie, [word], secret=SECRET)]


@pytest.mark.rule("G12")
@pytest.mark.parametrize("tie", Tie)
def test_of_a_hundred_readings_about_ones_own_circle_at_least_95_are_noticed(tie: Tie) -> None:
    noticed = 0
    for number in range(100):
        reader, way = number % 20, WAYS[number // 20 % len(WAYS)]
        text = way(SAYS[tie].format(circle(reader)[tie]))
        noticed += touched(text, marks(reader), own=called(None), secret=SECRET) == {tie}
    assert noticed >= 95


@pytest.mark.rule("G12")
def test_of_a_thousand_readings_about_others_at_most_one_is_noticed() -> None:
    draw, seen = random.Random(20180918), 0
    reports = [each.summary for pair in Half(HELD_OUT, SEED).pairs(400) for each in (pair.one, pair.other)]
    for number in range(1_000):
        # somebody else's circle is named: the same kinds of words, half of them but for one character
        reader, other = number % 20, (number + draw.randrange(1, 20)) % 20
        tie = draw.choice(list(Tie))
        text = SAYS[tie].format(circle(other)[tie]) if number < 200 else reports[number - 200]
        seen += bool(touched(text, marks(reader), own=called(None), secret=SECRET))
    assert seen <= 1


@pytest.mark.rule("G12")
def test_the_readers_own_unit_needs_no_declaration_and_a_mark_tells_nothing_without_the_key() -> None:
    assert touched("反映扫黑办有人压案", [], own=called("区扫黑办"), secret=SECRET) == {Tie.COLLEAGUE}
    assert touched("反映临江派出所有人压案", [], own=called("区临江派出所"), secret=SECRET) == {Tie.COLLEAGUE}
    text = SAYS[Tie.RELATIVE].format(WORDS[Tie.RELATIVE][0])
    assert touched(text, marks(0), own=called(None), secret=secret_of(b"o" * 32)) == set()
