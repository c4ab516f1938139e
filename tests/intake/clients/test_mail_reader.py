"""E-mails as real programs and hostile hands write them: words, sender and files are found, where it came from is not looked at."""

import asyncio
import base64
from email.message import EmailMessage
from typing import Any

import pytest

from services.intake.clients import mail_reader
from services.intake.clients.mail_reading import SECONDS, read_mails
from tests.support.mails import ADDRESS, TRACES, WHO, mail, nested, page_only

WORDS = "有人在菜市场强收费用"
HEAD = f"From: {ADDRESS}\r\nMIME-Version: 1.0\r\n"


def read(raw: bytes) -> dict[str, Any]:
    found = mail_reader.read(raw)
    assert not [trace for trace in TRACES if trace in str(found)]
    return found


@pytest.mark.parametrize("charset", ["utf-8", "gb2312", "gb18030", "big5"])
def test_a_mail_is_read_in_its_charset(charset: str) -> None:
    words = "有人強收費用" if charset == "big5" else WORDS
    found = read(mail(words, charset=charset, subject=words))
    assert (found["name"], found["email"], found["subject"], found["text"].strip()) == (WHO, ADDRESS, words, words)


@pytest.mark.parametrize(
    ("header", "content"),
    [
        ("Content-Type: text/plain; charset=gb2312", f"{WORDS}镕".encode("gb18030")),
        ("Content-Type: text/plain", f"{WORDS}镕".encode("gb18030")),
        ("Content-Type: text/plain; charset=x-unknown", f"{WORDS}镕".encode()),
        ("Content-Type: text/plain; charset=us-ascii", f"{WORDS}镕".encode()),
        ("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit", f"{WORDS}镕".encode("gbk")),
    ],
    ids=range(5),
)
def test_a_charset_that_is_wrong_or_missing_is_found_out(header: str, content: bytes) -> None:
    raw = f"{HEAD}{header}\r\nSubject: ".encode() + "投诉".encode("gbk") + b"\r\n\r\n" + content
    found = read(raw)
    assert (found["subject"], found["text"]) == ("投诉", f"{WORDS}镕")


def test_a_page_is_read_as_a_person_sees_it() -> None:
    found = read(
        page_only(f"<head><style>p{{}}</style><title>t</title><body><p>{WORDS}&nbsp;!</p><script>x()</script>二<br>三")
    )
    assert found["text"].split() == [WORDS, "!", "二", "三"]
    for page, seen in (
        ("<SCRIPT>x<script>y</script >一", "一"),
        ("一<!-- <p>x --><!-->二<!--[if !mso]><!-->三", "一二三"),
        ("a<b 一", "a<b 一"),
        ("1<2,&lt;p&gt;", "1<2,<p>"),
        ("<p title='x'\n>一</P\n>二", "一\n二"),
        ("一<style>x", "一"),
        ("İ<title>x</title>一", "İ一"),
    ):
        assert read(f"Content-Type: text/html; charset=utf-8\r\n\r\n{page}".encode())["text"].strip() == seen


def test_of_a_choice_the_plain_text_is_taken_and_the_page_when_that_is_empty() -> None:
    for plain, wanted in ((WORDS, WORDS), (" \n", "页")):
        made = EmailMessage()
        made.set_content(plain)
        made.add_alternative("<p>页</p>", subtype="html")
        made.add_attachment(b"\x00pdf", maintype="application", subtype="pdf", filename="证据/a.pdf")
        found = read(made.as_bytes())
        assert found["text"].strip() == wanted
        assert found["files"] == [["a.pdf", base64.b64encode(b"\x00pdf").decode()]]


def test_a_forwarded_mail_is_read_with_what_it_says() -> None:
    inner = EmailMessage()
    inner["From"] = "other@mail.example"
    inner.set_content("内层")
    outer = EmailMessage()
    outer.set_content("外层")
    outer.add_attachment(inner)
    assert read(outer.as_bytes())["text"].split() == ["外层", "内层"]


def test_cards_and_certificates_of_the_sender_are_left_and_the_signature_stands_apart() -> None:
    made = EmailMessage()
    made.set_content(f"{WORDS}\n-- \n{WHO}\n13900001111\n")
    made.add_attachment(b"BEGIN:VCARD", maintype="text", subtype="vcard", filename="me.vcf")
    made.add_attachment(b"0", maintype="application", subtype="pkcs7-signature", filename="smime.p7s")
    found = read(made.as_bytes())
    assert (found["text"].strip(), found["signature"].split()) == (WORDS, [WHO, "13900001111"])
    assert found["files"] == []
    assert read(b"\n-- \n" + WHO.encode())["signature"] == ""


def test_sixty_files_are_twenty_and_the_others_are_told() -> None:
    found = read(mail(WORDS, files={f"{n}.txt": b"x" for n in range(60)}))
    assert (len(found["files"]), found["left_out"]) == (20, 40)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00\x00",
        b"Subject: " + b"x" * 1_000_000 + b"\r\n\r\nbody",
        b"From: " + b"(" * 100_000 + b"\r\n\r\nbody",
        b"To: " + b"a@mail.example, " * 50_000 + b"\r\n\r\nbody",
        b"Content-Type: multipart/mixed\r\n\r\nno boundary",
        b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!not base64",
        b"Content-Type: text/html\r\n\r\n" + b"<div>" * 20_000,
        b"Subject: =?utf-8?b?!!!?= =?nope?q?x?=\r\n\r\nbody",
    ],
    ids=range(9),
)
def test_a_mail_that_is_none_is_read_as_far_as_it_goes(raw: bytes) -> None:
    found = read(raw)
    assert (found["name"], found["email"]) == ("", "")
    assert len(found["subject"]) <= mail_reader.MOST_HEADER


async def test_what_its_reader_dies_of_is_told_and_the_others_are_read() -> None:
    mails = [mail(WORDS), nested(3_000), mail("二", files={"a.txt": b"x"})]
    first, none, last = await read_mails(mails)
    assert first is not None
    assert (first.text.strip(), first.name) == (WORDS, WHO)
    assert none is None
    assert last is not None
    assert last.files == (("a.txt", b"x"),)
    assert await read_mails([]) == []


async def test_a_mail_behind_slow_ones_has_a_time_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    times: list[float | None] = []
    real = asyncio.timeout

    def limited(seconds: float | None) -> asyncio.Timeout:
        times.append(seconds)
        return real(seconds)

    monkeypatch.setattr(asyncio, "timeout", limited)
    assert None not in await read_mails([mail(WORDS)] * 3)
    assert times == [SECONDS] * 3


async def test_a_mail_that_is_made_to_take_for_ever_is_read_like_any_other() -> None:
    page, many = b"Content-Type: text/html\r\n\r\n", 300_000
    mails = [
        *(page + sign * (many // len(sign)) for sign in (b"<!--", b"<a b='", b"<", b"&a", b"<script>")),
        b'Content-Type: text/plain; name="' + b";" * many + b"\r\n\r\nx",
        *(name + b": " + sign * many + b"\r\n\r\nx" for name in (b"From", b"Subject") for sign in (b"(", b"=?")),
    ]
    assert [one is not None for one in await read_mails(mails)] == [True] * len(mails)
