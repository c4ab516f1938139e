"""The office is known in a report however it is written (G22)."""

import pytest
from opencc import OpenCC

from services.intake.domain.office_name import OFFICE, OFFICE_ITSELF, means_the_office, of_the_office


@pytest.mark.rule("G22")
@pytest.mark.parametrize("name", OFFICE_ITSELF)
def test_each_name_is_known_in_every_writing(name: str) -> None:
    written = {OpenCC(to).convert(name) for to in ("s2t", "s2tw", "s2hk", "s2twp", "t2jp")}
    written |= {" ".join(name), "\u3000".join(name), name.replace("斗", "鬪"), name.replace("线", "綫")}
    written |= {"“扫黑”".join(name.split("扫黑")), "\u200b".join(name), f"({name[:2]}){name[2:]}"}
    assert len(written) >= 4
    for each in written:
        assert means_the_office(["无关", f"示例区{each}王主任"]), each
        assert of_the_office(f"区{each}") == (name in OFFICE), each


@pytest.mark.parametrize("other", ["掃黃辦", "扫黄办", "公安扫黑专班", "辦公室", "黑社会", "", None])
def test_others_are_not_the_office(other: str | None) -> None:
    assert not of_the_office(other)
    assert not means_the_office([other or ""])
