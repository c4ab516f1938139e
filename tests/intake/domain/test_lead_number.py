"""Lead numbers: the published form, the check symbol, what a typing slip does."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain.codes import Source
from services.intake.domain.lead_number import LeadNumber

numbers = st.builds(
    LeadNumber,
    region=st.from_regex(r"\A[0-9]{6}\Z"),
    source=st.sampled_from(Source),
    day=st.dates(date(2000, 1, 1), date(2099, 12, 31)),
    sequence=st.integers(1, 999_999),
)


@pytest.mark.rule("A9")
def test_the_published_example() -> None:
    assert str(LeadNumber("999999", Source.SUPERIOR, date(2018, 6, 1), 7)) == "999999-S20180601-0000072"


@given(numbers)
def test_what_is_written_is_read_back(number: LeadNumber) -> None:
    assert LeadNumber.parse(str(number)) == number


@pytest.mark.rule("A9")
@given(numbers, st.data())
def test_one_mistyped_digit_is_always_noticed(number: LeadNumber, data: st.DataObject) -> None:
    text = str(number)
    place = data.draw(st.sampled_from([index for index, symbol in enumerate(text[:-1]) if symbol.isdigit()]))
    other = data.draw(st.sampled_from(sorted(set("0123456789") - {text[place]})))
    with pytest.raises(ValueError, match=r"check symbol|looks like|day|month"):
        LeadNumber.parse(text[:place] + other + text[place + 1 :])


@pytest.mark.parametrize(
    "text", ["", "999999-S20180601-0000071", "999999-X20180601-0000072", "999999-S20180601-00000722"]
)
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"check symbol|looks like"):
        LeadNumber.parse(text)


@pytest.mark.parametrize("sequence", [0, 1_000_000])
def test_a_day_has_numbers_up_to_its_limit(sequence: int) -> None:
    with pytest.raises(ValueError, match="a day has numbers"):
        str(LeadNumber("999999", Source.OTHER, date(2018, 6, 1), sequence))
