"""What bears a secrecy mark, what only speaks of secrets, and that no text takes long to judge."""

import pytest

from shared.secrecy import has_secrecy_mark

FULL_WIDTH_COLON, FULL_WIDTH_BRACKETS = "\uff1a", "\uff08{}\uff09"


@pytest.mark.parametrize(
    "text",
    [
        "秘密",
        "机密★10年",
        "前文\n  绝密\n后文",
        "\n\n\t秘密:内部",
        f"密级{FULL_WIDTH_COLON}秘密",
        "密级 : 机密",
        "密级机密",
        "【机密】某人",
        FULL_WIDTH_BRACKETS.format("秘 密"),
        "[绝密]",
        "\n" * 1_000_000 + "秘密",
    ],
)
def test_a_mark_is_seen_where_documents_bear_it(text: str) -> None:
    assert has_secrecy_mark(text)


@pytest.mark.parametrize("text", ["", "秘密会面", "他们秘密开会,\n秘密转移财物", "机密文件被盗", "保密级别秘"])
def test_the_same_words_in_running_text_are_no_mark(text: str) -> None:
    assert not has_secrecy_mark(text)


@pytest.mark.parametrize("piece", ["\n", " \n", "\r\n", "密级 ", "秘 ", "【", "【 ", "绝\n"])
def test_a_text_of_a_million_characters_is_judged_in_one_pass(piece: str) -> None:
    """With a rule that goes over the same blanks again and again this would take hours."""
    text = piece * (1_000_000 // len(piece))
    assert not has_secrecy_mark(text)
    for start in ("密级", "秘密", "【"):
        assert not has_secrecy_mark(start + " " * 1_000_000 + "x")
