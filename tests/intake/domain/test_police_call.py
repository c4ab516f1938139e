"""A version of a call against the one that is known: every case; and texts without the caller."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.intake.domain.discreet import CALLER, without_person
from services.intake.domain.police_call import (
    Call,
    Change,
    Fate,
    KnownCall,
    judge,
    lead_summary,
    still_without_caller,
)
from tests.support.builders import BOOK

AT = datetime(2018, 6, 1, 1, tzinfo=UTC)
CONTENT = {"summary": "有人强收摊位费", "street": "临江街"}


def known() -> KnownCall:
    return KnownCall(lead_id=uuid4(), lead_no="x", revision=2, called_at=AT, content=CONTENT)


def call(revision: int, *, at: datetime = AT, caller: Any = None, **changes: Any) -> Call:
    return Call(external_no="J1", revision=revision, called_at=at, content=CONTENT | changes, caller=caller)


@pytest.mark.parametrize(
    ("version", "fate", "field"),
    [
        (call(1), Fate.OUTDATED, None),
        (call(1, summary="别的"), Fate.OUTDATED, None),
        (call(1, at=AT + timedelta(1)), Fate.OUTDATED, None),
        (call(2), Fate.KNOWN, None),
        (call(2, caller={"name": "甲某"}), Fate.KNOWN, None),
        (call(2, summary="别的"), Fate.REFUSED, "revision"),
        (call(2, at=AT + timedelta(seconds=1)), Fate.REFUSED, "called_at"),
        (call(3), Fate.CORRECTED, None),
        (call(3, summary="别的"), Fate.CORRECTED, None),
        (call(3, at=AT + timedelta(seconds=1)), Fate.REFUSED, "called_at"),
    ],
)
def test_a_newer_version_corrects_an_older_one_changes_nothing(version: Call, fate: Fate, field: str | None) -> None:
    judged = judge(known(), version)
    assert judged.fate is fate
    assert [name for name, _ in judged.errors] == ([field] if field else [])
    assert bool(judged.changes) == (fate is Fate.CORRECTED and version.content != CONTENT)


@pytest.mark.rule("G1")
def test_a_text_without_its_caller_is_corrected_only_by_who_names_the_caller_again() -> None:
    before = KnownCall(lead_id=uuid4(), lead_no="x", revision=1, called_at=AT, content={"summary": f"{CALLER}称被打"})
    silent = Call(external_no="J1", revision=2, called_at=AT, content={"summary": "丁某称持械"}, caller=None)
    judged = judge(before, silent)
    assert (judged.fate, [name for name, _ in judged.errors]) == (Fate.REFUSED, ["caller"])
    assert judge(before, replace(silent, caller={"name": "丁某"})).fate is Fate.CORRECTED
    # what does not touch the text needs no caller
    other = replace(silent, content={"summary": f"{CALLER}称被打", "street": "北关街"})
    assert judge(before, other).fate is Fate.CORRECTED


def test_each_changed_value_is_named_with_the_old_and_the_new_one() -> None:
    judged = judge(known(), call(3, summary="别的", street=None, area_codes=["market"]))
    assert judged.changes == (
        Change("summary", "有人强收摊位费", "别的"),
        Change("street", "临江街", None),
        Change("area_codes", None, ["market"]),
    )
    assert [change.told(date(2018, 6, 2), BOOK) for change in judged.changes] == [
        "更正(2018-06-02):警情内容 有人强收摊位费 → 别的",
        "更正(2018-06-02):街道 临江街 → (无)",
        "更正(2018-06-02):重点领域 (无) → 欺行霸市",
    ]
    assert len(Change("summary", "x" * 3000, "y").told(date(2018, 6, 2), BOOK)) == 500


def test_the_summary_says_where_and_when() -> None:
    text = lead_summary(CONTENT | {"place": "东门", "occurred": "早上", "category": "强迫交易"})
    assert text == "有人强收摊位费\n警情类别 强迫交易\n发生时间 早上\n发生地点 东门"


@pytest.mark.rule("G1")
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("报警人王小示称", f"报警人{CALLER}称"),
        ("电话139-0000 0000,", f"电话{CALLER},"),
        ("电话13900000000", f"电话{CALLER}"),
        ("号99999919900101123x", f"号{CALLER}"),
        ("住示例区一号楼,被打", f"住{CALLER},被打"),
        ("被举报人电话13800000000", "被举报人电话13800000000"),
    ],
)
def test_the_caller_is_taken_out_of_the_text(text: str, told: str) -> None:
    caller = {
        "name": "王小示",
        "phone": "139 0000 0000",
        "id_number": "99999919900101123X",
        "address": "示例区一号楼",
        "note": "x",
    }
    assert without_person(text, caller, CALLER) == told
    assert without_person(text, None, CALLER) == text
    assert without_person(text, {"name": "王", "phone": "110"}, CALLER) == text


@pytest.mark.rule("G1")
@pytest.mark.parametrize(
    ("before", "later", "told"),
    [
        (f"报警人{CALLER}({CALLER})称", "报警人王小示(13900000000)称", f"报警人{CALLER}({CALLER})称"),
        (f"报警人{CALLER}称有人打架", "报警人王小示称有人持刀打架", f"报警人{CALLER}称有人持刀打架"),
        (f"{CALLER}称有人打架", "王小示称有人打架", f"{CALLER}称有人打架"),
        (f"打架,电话{CALLER}", "打架,电话139 0000 0000", f"打架,电话{CALLER}"),
        (f"打架,{CALLER},车号1234567", "改写:13900000000,车号1234567", f"改写:{CALLER},车号1234567"),
        ("打架", "打架,电话13900000000", "打架,电话13900000000"),
    ],
)
def test_a_later_version_without_the_caller_does_not_show_him(before: str, later: str, told: str) -> None:
    assert still_without_caller({"summary": before}, {"summary": later, "area_codes": ["site"]}) == {
        "summary": told,
        "area_codes": ["site"],
    }
