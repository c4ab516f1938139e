"""Whether staff typed a number of a person, and what only looks like one."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.person_numbers import are_in

NUMBERS = {
    "ID": "999999198001010011",
    "ID in groups": "999999 19800101 0011",
    "ID of 15": "999999800101001",
    "ID that ends in X": "99999919800101001x",
    "telephone": "13900000123",
    "telephone in groups": "139-0000-0123",
    "telephone by land": "0990-1234567",
    "telephone in full width": "１３９００００４５６７",
    "telephone with dashes of full width": "139－0000－0123",
    "telephone with dashes that do not break": "139‑0000‑0123",
    "telephone copied from a page": "139\u200b0000\u200b0123",
    "telephone by land, area in brackets": "（0990）1234567",
    "telephone by land in groups": "(010)1234 5678",
    "telephone by land with dashes of full width": "0990－123－4567",
    "telephone in words": "幺三九零零零零零幺二三",
    "credit code": "91999999MA0000001N",
    "account": "6222021234567890123",
    "plate": "陕A12345",
    "plate with a dash of full width": "陕A－12345",
    "account with dashes of full width": "6222－0212－3456－7890",
    "plate of the police": "陕A1234警",
}
PASS = [
    "示扫黑办发〔2018〕123号",
    "示公(刑)立字〔2018〕10001号",
    "(2018)示9999刑初123号",
    "接警单J20180601-0001、J20180601-0002",
    "与999999-S20180601-0000072同一事项",
    "与999999-S20180601-1300001 2018-06-01所报为同一人",
    "999999-S20180601-0000072 999999-M20180918-000123X 15件",
    "2018-06-01至2018-07-01两次上门",
    "2018-06-13 - 2018-07-01 2018-07-18三次",
    "2018-06-13 - 2018-06-30 18:30前",
    "2018-06-13 09至2018-06-13 11时",
    "2015 2016 2017 2018年逐年收取",
    "2014-2015 2016-2017两个年度",
    "每日0930-1130 1400-1730到场",
    "20180601-20180701,自2018年6月1日起",
    "2018.06.01 2018.07.01 2018.08.01",
    "收费1380000.00元、138000000.00元、1,380,000,000元",
    "涉案金额约1.38亿元,每户每月300元,共120户",
    "二〇一八年六月一日",
    "工号0123456,卷宗第12至15页,附件1-3",
    "经核不属于受理范围,建议向市场监管部门反映",
]

DAYS = st.dates(date(1900, 1, 1), date(2099, 12, 31))


@pytest.mark.rule("G14")
@pytest.mark.parametrize("number", NUMBERS.values(), ids=NUMBERS)
def test_a_number_of_a_person_is_seen_whatever_stands_beside_it(number: str) -> None:
    for beside in ("", "见2018-06-01记录,", "999999-S20180601-0000072 ", "2018-06-01 ", "付1380000.00元给"):
        assert are_in(f"{beside}联系{number}核实")
        assert are_in(f"{beside}{number}"), beside


@pytest.mark.parametrize("text", PASS)
def test_numbers_of_papers_and_leads_days_and_sums_are_none(text: str) -> None:
    assert not are_in(text)


@given(st.lists(DAYS.map(str), min_size=1, max_size=5), st.sampled_from([" ", "、", " - ", "至", ","]))
def test_days_are_none_however_many(days: list[str], between: str) -> None:
    assert not are_in(between.join(days))
