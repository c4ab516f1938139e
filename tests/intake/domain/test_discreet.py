"""What people write of themselves into a report is taken out (G1); what they say of others stays."""

from typing import Any

import pytest

from services.intake.domain.discreet import report_without_reporter

ME = {"name": "王小示", "phone": "13900000123", "id_number": None, "address": "示例区一号楼", "naming": "confidential"}
SAID: dict[str, Any] = {
    "facts": {
        "summary": "我叫王小示,电话139-0000-0123,住示例区一号楼。张某强收费用,电话13800138000。",
        "allegations": [{"act": "打了王小示", "who": "张某"}],
        "area_codes": ["market"],
        "ongoing": True,
    },
    "persons": [{"name": "张某", "phone": "13900000123", "description": "认识王小示"}],
    "umbrella": {"description": "王小示报过警", "officials": [{"name": "李某", "act": "威胁王小示"}]},
    "channel": "web",
}


@pytest.mark.rule("G1")
def test_every_free_text_is_without_the_reporter_and_names_and_numbers_of_others_stay() -> None:
    assert report_without_reporter(SAID, ME) == {
        "facts": {
            "summary": "我叫〔举报人〕,电话〔举报人〕,住〔举报人〕。张某强收费用,电话13800138000。",
            "allegations": [{"act": "打了〔举报人〕", "who": "张某"}],
            "area_codes": ["market"],
            "ongoing": True,
        },
        "persons": [{"name": "张某", "phone": "13900000123", "description": "认识〔举报人〕"}],
        "umbrella": {"description": "〔举报人〕报过警", "officials": [{"name": "李某", "act": "威胁〔举报人〕"}]},
        "channel": "web",
    }


def test_nothing_changes_without_a_reporter_and_a_name_that_a_reported_person_bears_stays() -> None:
    assert report_without_reporter(SAID, None) == SAID
    assert report_without_reporter(SAID, {"name": "张某"}) == SAID


@pytest.mark.rule("G1")
@pytest.mark.parametrize(
    ("own", "written"),
    [
        ("13900000123", "１３９－００００－０１２３"),
        ("13900000123", "139\u200b0000\u200b0123"),
        ("13900000123", "139.0000.0123"),
        ("13900000123", "139、0000、0123"),
        ("13900000123", "139/0000/0123"),
        ("13900000123", "139(0000)0123"),
        ("13900000123", "幺三九零零零零零一二三"),
        ("１３９００００　０１２３", "13900000123"),
        ("+86 139 0000 0123", "13900000123"),
        ("013900000123", "13900000123"),
        ("0990-1234567", "（0990）1234567"),
        ("0990-1234567", "123-4567"),
        ("1234567", "0990-1234567"),
        ("99999919750315001X", "９９９９９９１９７５０３１５００１Ｘ"),
        ("99999919750315001X", "999999 19750315 001x"),
        ("13900000123", "①③⑨⓪⓪⓪⓪⓪①②③"),
        ("13900000123", "١٣٩٠٠٠٠٠١٢٣"),
        ("13900000123", "壹參玖零零零零零壹貳參"),
    ],
)
def test_a_number_of_ones_own_is_taken_out_however_it_is_written(own: str, written: str) -> None:
    for name in ("phone", "id_number"):
        told = report_without_reporter({"facts": {"summary": f"联系我{written},勿告他人"}}, {name: own})
        left = told["facts"]["summary"]
        assert left.startswith("联系我"), left
        assert left.endswith("〔举报人〕,勿告他人"), left
        assert not any(sign.isnumeric() for sign in left), left


@pytest.mark.rule("G1")
def test_a_name_with_blanks_in_it_is_ones_own_and_another_number_is_not() -> None:
    told = {"facts": {"summary": "我叫王　小 示,他的电话139-0000-0124、13812345678"}}
    left = report_without_reporter(told, {"name": "王小示", "phone": "13900000123", "id_number": "0990-1234567"})
    assert left["facts"]["summary"] == "我叫〔举报人〕,他的电话139-0000-0124、13812345678"


@pytest.mark.rule("G1")
def test_what_reaches_the_reporter_safely_is_ones_own_too() -> None:
    told = {"facts": {"summary": "请打139-0000-0125或0990-1234567,勿打139-0000-0124,信箱me@example.org"}}
    me = {"safe_contact": "晚上打姐姐电话13900000125、0990-1234567,说是旧同学", "email": "me@example.org"}
    left = report_without_reporter(told, me)
    assert left["facts"]["summary"] == "请打〔举报人〕或〔举报人〕,勿打139-0000-0124,信箱〔举报人〕"


@pytest.mark.rule("G1")
@pytest.mark.parametrize(
    ("own", "written"),
    [
        ({"name": "张国庆"}, "張國慶"),
        ({"name": "張國慶"}, "张 国  庆"),
        ({"name": "张国庆"}, "张\u200b国庆"),
        ({"name": "阿里木·买买提"}, "阿里木买买提"),
        ({"name": "阿里木·买买提"}, "阿里木•买买提"),
        ({"name": "王 小示"}, "王小示"),
        ({"name": "王小示\uff08店主\uff09"}, "王小示"),
        ({"name": "王小示先生"}, "王小示"),
        ({"name": "姓名\uff1a王小示"}, "王小示"),
        ({"name": "王小示、李小范"}, "李小范"),
        ({"name": "Wang Xiaoshi"}, "WANG XIAOSHI"),
        ({"address": "示例区一街12号"}, "示例区一街\uff11\uff12号"),
        ({"email": "me@example.org"}, "Me\uff20Example.ORG"),
        ({"phone": "13900000123或0990-1234567"}, "139-0000-0123"),
        ({"phone": "13900000123或0990-1234567"}, "0990-1234567"),
        ({"phone": "13900000123 13800138000"}, "13800138000"),
    ],
)
def test_what_is_ones_own_is_taken_out_in_every_writing(own: dict[str, str], written: str) -> None:
    told = report_without_reporter({"facts": {"summary": f"联系我{written},勿告他人"}}, own)
    assert told["facts"]["summary"] == "联系我〔举报人〕,勿告他人"


def test_what_only_looks_like_ones_own_stays() -> None:
    told = {"facts": {"summary": "police问过王某,小示范区菜市场摊主、个体户都知道,王,小示范"}}
    assert report_without_reporter(told, {"name": "Li"}) == told
    assert report_without_reporter(told, {"name": "王小示/个体户(菜市场摊主)"}) == told
    traditional = {**told, "persons": [{"name": "張國慶"}], "facts": {"summary": "张国庆收费"}}
    assert report_without_reporter(traditional, {"name": "张国庆"}) == traditional
