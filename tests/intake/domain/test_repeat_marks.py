"""What a report's marks are, however they are written."""

import re
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import ric

from services.intake.domain.repeat_keys import MOST_KEYS, keys_of, secret_of
from services.intake.domain.repeat_marks import Marks, Number, is_person_id, marks_of, number_in, words_of
from services.intake.domain.repeat_score import score

DAY = date(2018, 6, 1)


def checked(first: str) -> str:
    """17 symbols with their check symbol."""
    return first + str(ric.calc_check_digit(f"{first}0"))


def of(text: str, **more: Any) -> Marks:
    return marks_of(text, (), received_on=DAY, **more)


@pytest.mark.parametrize(
    "written",
    [
        "13800138000",
        "138-0013-8000",
        "138 0013 8000",
        "+8613800138000",
        "１３８００１３８０００",
        "一三八零零一三八零零零",
    ],
)
def test_a_telephone_number_is_one_however_it_is_written(written: str) -> None:
    assert of(f"其电话{written},常骂人").numbers == {Number("phone", "13800138000")}


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("139 0000 0001 菜市场", ["13900000001", "菜市场"]),
        ("菜市场 +86 139 0000 0001", ["菜市场", "+8613900000001"]),
        ("110105 19491231 002X", ["11010519491231002X"]),
        ("13900000001 13900000002", ["13900000001", "13900000002"]),
        ("2018 06 01", ["2018", "06", "01"]),
        ("京A·12345", ["京A·12345"]),
        (" ", []),
    ],
)
def test_a_number_typed_with_gaps_is_one_word_of_a_search(typed: str, words: list[str]) -> None:
    assert list(words_of(typed, on=DAY)) == words


@pytest.mark.parametrize(
    ("word", "number"),
    [
        ("京A·12345", "京a12345"),
        ("京A1234警", "京a1234警"),
        ("+8613900000001", "13900000001"),
        ("0999-1234567", "09991234567"),
        ("电话13900000001", None),
        ("13900000001的", None),
        ("11010519491231002A", "11010519491231002a"),
        ("1101051949123100ZA", None),
    ],
)
def test_a_word_is_a_number_when_it_is_nothing_else(word: str, number: str | None) -> None:
    found = number_in(word, on=DAY)
    assert (found.value if found else None) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("身份证510107 19850101 0010。", Number("unchecked", "510107198501010010")),
        ("身份证510107-19850101-002x。", Number("unchecked", "51010719850101002x")),
        ("微信wx510107198501010010。", Number("unchecked", "510107198501010010")),
        ("身份证11010519491231002X。", Number("id", "11010519491231002x")),
        ("身份证110105 19491231 002x。", Number("id", "11010519491231002x")),
        ("信用代码91110000600037341L。", Number("credit", "91110000600037341l")),
        ("信用代码91110000600037342L。", Number("unchecked", "91110000600037342l")),
        ("产品abcdefghjklmnpqrtu。", None),
        ("开川A·12345的车", Number("plate", "川a12345")),
        ("開川a 12345的車", Number("plate", "川a12345")),
        ("转到6222 0212 3456 7890 123。", Number("account", "6222021234567890123")),
        ("旧证510107850101001。", Number("account", "510107850101001")),
        ("单号12345678901234567890。", None),
    ],
)
def test_other_numbers_count_as_what_they_are_and_as_no_more_when_their_check_digit_is_wrong(
    text: str, number: Number | None
) -> None:
    assert of(text).numbers == ({number} if number else set())


PERSONS = ("11010519491231002X", "999999198001010011", "999999199912319989", "999999200002290027")
FIRMS = ("91350100M000100Y43", "91999999MA0000001N", "91999999MA0000002R", "919999990000000050")
"""domain.md §2.11; the sum of the last one is divisible by 31."""


@pytest.mark.rule("A9")
@pytest.mark.parametrize(
    ("kind", "number"), [*(("id", number) for number in PERSONS), *(("credit", number) for number in FIRMS)]
)
def test_the_published_numbers_are_known_and_one_mistyped_symbol_never_is(kind: str, number: str) -> None:
    said = {"id": "身份证", "credit": "信用代码"}[kind]
    assert of(f"{said}{number}。").numbers == {Number(kind, number.lower())}
    for place, right in enumerate(number):
        symbols = "0123456789" if kind == "id" else "0123456789ABCDEFGHJKLMNPQRTUWXY"
        for wrong in {*symbols} - {right}:
            slip = number[:place] + wrong + number[place + 1 :]
            assert not [one for one in of(f"{said}{slip}。").numbers if one.kind == kind], slip


@pytest.mark.rule("A9")
@pytest.mark.parametrize(
    ("number", "valid"),
    [
        *((number, True) for number in PERSONS),
        ("999999199902290027", False),
        ("99999919800101001X", False),
        ("11010519491231002x", True),
        (checked("99999918991231001"), False),
        (checked("99999919000101001"), True),
        (checked("99999920180601001"), True),
        (checked("99999920180602001"), False),
        (checked("99999920180230001"), False),
        (checked("99999901000101001"), False),
    ],
)
def test_an_id_number_needs_its_check_symbol_and_a_day_of_birth_that_was(number: str, valid: bool) -> None:
    assert is_person_id(number, on=DAY) == valid


@pytest.mark.rule("G1")
@pytest.mark.parametrize(
    "text",
    [
        "我的电话是13800138000",
        "本人手机138-0013-8000",
        "举报人联系方式:13800138000",
        "举报人张建国,电话13800138000。",
        "我叫张建国,住附近",
    ],
)
def test_what_the_text_says_of_its_reporter_is_no_mark(text: str) -> None:
    found = of(f"有人赌博。{text}。")
    assert not found.numbers
    assert not found.names
    assert not re.search("张建国|13800138000", found.text)
    assert of("被举报人张建国,被举报人电话13800138000").numbers == {Number("phone", "13800138000")}


def test_traditional_and_simplified_are_one() -> None:
    assert of("舉報張偉強在城東農貿市場強收攤位費").names == of("举报张伟强在城东菜市场强收摊位费").names == {"张伟强"}
    assert of("城東農貿市場").places == of("城东菜市场").places == {"城东市场"}


def test_times_sums_and_doors_are_one_in_digits_and_in_characters() -> None:
    one, other = of("2018年3月起在幸福路十二号收了5万元"), of("二〇一八年三月起在幸福路12号收了50000元")
    assert (one.months, one.sums, one.doors) == (other.months, other.sums, other.doors)
    assert one.doors == {"幸福路12"}
    assert of("去年12月的事").months == {2017 * 12 + 12}
    assert of("12月的事").months == {2017 * 12 + 12}, "a month without a year is the last of that name"


def test_an_alias_and_a_name_by_ear_are_told_apart_from_other_people() -> None:
    assert of("绰号“老黑”的人").alias_cores & of("人称“黑哥”的男子").alias_cores
    assert of("一个叫张志明的人").sounds == of("一个叫章智鸣的人").sounds
    assert not of("一个叫张志明的人").sounds & of("一个叫李志明的人").sounds


def test_keys_tell_nothing_without_the_secret_and_are_the_same_with_it() -> None:
    mine = of("举报张伟强在城东菜市场强收摊位费,电话13800138000")
    here, there = (keys_of(mine, secret_of(key)) for key in (b"a" * 32, b"b" * 32))
    assert here == keys_of(mine, secret_of(b"a" * 32))
    assert not {key.value for key in here} & {key.value for key in there}
    assert here[0].kind == "phone"


def test_keys_stay_for_ever_for_stored_ones_are_compared_with_them() -> None:
    mine = of("举报张伟强在城东菜市场强收摊位费,不交就掀摊子,商户敢怒不敢言")
    stored = {key.value for key in keys_of(mine, b"k") if key.kind in {"text", "place"}}
    assert {1216927531236325223, -1165219405972664089, 5381735183813175864, -2873825935234913262} <= stored


@given(st.text(max_size=400), st.text(max_size=400))
def test_any_text_has_marks_and_a_likelihood_that_does_not_depend_on_the_order(one: str, other: str) -> None:
    mine, yours = of(one), of(other)
    assert len(keys_of(mine, b"k")) <= MOST_KEYS
    there, back = score(mine, yours), score(yours, mine)
    assert there == back
    assert 0 <= there.value <= 1
