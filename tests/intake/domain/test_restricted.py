"""Numbers and addresses of those who are reported stand apart, wherever they were written, and both parts are the report again."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain.code_list import CodeBook
from services.intake.domain.report import allegations, lead_summary
from services.intake.domain.restricted import APART, masked, pieces, put, take_apart

ID, PHONE, PLATE, USCC, CARD = (
    "999999198001010011",
    "13900000123",
    "陕A12345",
    "91999999MA0000001N",
    "6222021234567890123",
)
REPORT: dict[str, Any] = {
    "naming": "anonymous",
    "channel": "web",
    "persons": [
        {"name": "被举报人乙", "id_number": ID, "phone": PHONE, "address": "示例区一号楼", "dont_know": ["alias"]},
        {
            "name": "被举报人丙",
            "id_number": "护照 E-1234567",
            "description": f"常开{PLATE}",
            "company": {"name": "示例公司", "uscc": USCC},
        },
        {"name": "被举报人丁"},
    ],
    "facts": {
        "summary": "他的身份证 999999 19800101 0011,还用 E1234567 出境,打 139-0000-0123 收钱100000元",
        "time_from": "2018-05-01",
        "street": "临江街",
        "allegations": [{"act": "打人"}, {"act": f"要求转到{CARD}", "who": "乙"}],
    },
    "umbrella": {"involved": True, "description": f"官员电话{PHONE}"},
}
SECRETS = (ID, PHONE, PLATE, USCC, CARD, "示例区一号楼", "E1234567", "E-1234567", "0011", "139-0000-0123")


@pytest.mark.rule("G14")
def test_what_stands_apart_is_nowhere_in_the_ordinary_store_and_whole_again_with_it() -> None:
    content, apart = take_apart(REPORT)
    ordinary = json.dumps([content, lead_summary(content, CodeBook(())), allegations(content)], ensure_ascii=False)
    assert [each for each in SECRETS if each in ordinary] == []
    assert content["persons"][2] == REPORT["persons"][2]
    assert content["persons"][0]["id_number"] == APART
    assert (content["facts"]["time_from"], content["facts"]["allegations"][0]) == ("2018-05-01", {"act": "打人"})
    assert put(content, apart) == REPORT


def test_summary_and_allegations_are_made_whole_and_taken_apart_by_their_pieces() -> None:
    content, apart = take_apart(REPORT)
    book = CodeBook(())
    changes = list(pieces(content, apart))
    for kept, told in zip(
        (lead_summary(content, book), *allegations(content)),
        (lead_summary(REPORT, book), *allegations(REPORT)),
        strict=True,
    ):
        there, back = kept, told
        for one, other in changes:
            there, back = there.replace(one, other), back.replace(other, one)
        assert (there, back) == (told, kept)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"身份证{ID}。", "身份证〔证件号码〕。"),
        ("号码999999800101001,", "号码〔证件号码〕,"),
        ("证件11010519491231002x", "证件〔证件号码〕"),
        ("９９９９９９１９８００１０１００１１", "〔证件号码〕"),
        ("电话+86 139 0000 0123", "电话〔电话〕"),
        ("座机0990-1234567", "座机〔电话〕"),
        ("幺三九零零零零零幺二三", "〔号码〕"),
        (f"车{PLATE},", "车〔车牌〕,"),
        ("车陕A·D12345", "车〔车牌〕"),
        (f"公司{USCC}", "公司〔信用代码〕"),
        (f"卡{CARD}", "卡〔账号〕"),
        ("卡6222 0212 3456 7890", "卡〔账号〕"),
        # what is none of these stays
        ("2018-05-01至2018-06-30收了1234567元", None),
        ("20180501起在99号收费,共12345678元", None),
        ("三五十人、七八次", None),
        ("S20180601-0000072", None),
        ("陕A公司", None),
    ],
)
def test_what_looks_like_a_number_of_somebody_is_masked(text: str, left: str | None) -> None:
    assert masked(text) == (text if left is None else left)


@given(st.text(max_size=60))
def test_masking_again_changes_nothing(text: str) -> None:
    assert masked(masked(text)) == masked(text)


def test_a_report_that_names_nothing_of_this_stays_the_same_object() -> None:
    plain = {"facts": {"summary": "有人强收费用"}, "persons": [{"name": "被举报人乙"}]}
    assert take_apart(plain) == (plain, {})
    assert take_apart({}) == ({}, {})
