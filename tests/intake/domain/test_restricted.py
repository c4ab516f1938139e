"""Numbers and addresses of those who are reported stand apart, wherever they were written, and both parts are the report again."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain.code_list import CodeBook
from services.intake.domain.report import allegations, lead_summary
from services.intake.domain.restricted import APART, may_tell_numbers, numbers_apart, put, retold, take_apart
from shared.person_numbers import masked

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


@pytest.mark.parametrize(
    "report",
    [
        REPORT,
        # what reads the same without its number is told with its own again
        {
            "facts": {
                "summary": "地点 〔电话〕",
                "place": PHONE,
                "evidence": "13900000124",
                "allegations": [{"act": f"打{PHONE}威胁"}, {"act": "打13900000124威胁"}, {"act": "打人"}],
            },
            "persons": [{"phone": PHONE}, {"phone": "13900000124"}],
            "umbrella": {"description": "13900000125"},
        },
        {"facts": {"allegations": [{"act": f"打{PHONE}"}, {"act": "打13900000124"}]}},
    ],
)
def test_summary_and_allegations_are_made_whole_and_taken_apart_line_by_line(report: dict[str, Any]) -> None:
    content, _ = take_apart(report)
    book = CodeBook(())

    def told(blocks: Any) -> tuple[str, tuple[str, ...]]:
        return lead_summary(blocks, book) or allegations(blocks)[0], allegations(blocks)

    assert told(content) != told(report)
    assert retold(*told(content), content, report) == told(report)
    assert retold(*told(report), report, content) == told(content)


def test_a_street_is_a_code_also_where_a_number_reads_the_same() -> None:
    content, apart = take_apart({"persons": [{"phone": "999999001"}], "facts": {"street": "999999001"}})
    assert (content["facts"], list(apart)) == ({"street": "999999001"}, ["persons.0.phone"])


def test_each_of_some_numbers_in_one_field_is_looked_for() -> None:
    told = {"persons": [{"phone": "E1234567 F-7654321"}], "facts": {"summary": "用 f7654321、E 1234567 登记"}}
    assert take_apart(told)[0]["facts"] == {"summary": f"用 {APART}、{APART} 登记"}


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"身份证{ID}。", "身份证〔证件号码〕。"),
        ("号码999999800101001,", "号码〔证件号码〕,"),
        ("证件11010519491231002x", "证件〔证件号码〕"),
        ("９９９９９９１９８００１０１００１１", "〔证件号码〕"),
        ("电话+86 139 0000 0123", "电话〔电话〕"),
        ("座机0990-1234567", "座机〔电话〕"),
        ("微信wx13900000123x", "微信wx〔电话〕x"),
        ("139.0000·0123,139 - 0000 — 0123", "〔电话〕,〔电话〕"),
        (f"No{ID}", "No〔证件号码〕"),
        ("999999.19800101.0011", "〔证件号码〕"),
        ("陕Ａ１２３４Ｄ", "〔车牌〕"),
        ("幺三九零零零零零幺二三", "〔号码〕"),
        (f"车{PLATE},", "车〔车牌〕,"),
        ("车陕A·D12345", "车〔车牌〕"),
        ("车京A1234警,京A12345学校", "车〔车牌〕,〔车牌〕学校"),
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


@given(st.lists(st.sampled_from([ID, PHONE, PLATE, USCC, CARD, "打人", "2018-06-01", ""]), max_size=4))
def test_what_is_told_elsewhere_is_taken_apart_and_whole_again(said: list[str]) -> None:
    told: dict[str, Any] = {
        "summary": "、".join(said),
        "allegations": tuple(said),
        "old": {"street": None, "codes": ["03"]},
    }
    kept, apart = numbers_apart(told)
    secret = [each for each in (ID, PHONE, PLATE, USCC, CARD) if each in said]
    assert [each for each in secret if each in json.dumps(kept, ensure_ascii=False)] == []
    assert json.loads(json.dumps(put(kept, apart))) == json.loads(json.dumps(told))
    assert bool(apart) == bool(secret)
    assert numbers_apart(kept)[1] == {}, "once"
    assert may_tell_numbers([told["summary"]]) or not secret
