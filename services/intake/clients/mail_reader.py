"""`python -m services.intake.clients.mail_reader`: reads e-mails (RFC 5322), one in base64 a line on standard input, and answers each
with a line of JSON. A process of its own with little memory and time: what somebody sends to a mailbox may be made to hurt its reader.

Of the header only From, Subject and what says how the parts are written are looked at: where a mail came through, from which device and
under which id is never read. A signature below «-- » is the sender's own and stands apart, cards and certificates of the sender are left.
"""

import base64
import json
import os
import re
import resource
import sys
from collections.abc import Iterator
from contextlib import suppress
from email import message_from_bytes, policy
from email.errors import HeaderParseError, MessageError
from email.header import decode_header
from email.message import Message
from email.utils import parseaddr
from html import unescape
from typing import Any

import charset_normalizer

MEMORY = 1024 * 1024 * 1024
CPU_SECONDS = 5
"""For each mail."""
MOST_LEAVES, MOST_FILES, MOST_HEADER = 500, 20, 4_000
ENOUGH = 40
"""Bytes that a guess of their charset needs; fewer are taken for Chinese."""
MARKS = {"gb2312": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030", "cp936": "gb18030", "big5": "big5hkscs"}
"""What a mail says of itself, and the larger set that its programs really write."""
_OF_THE_SENDER = frozenset(
    {
        "application/pkcs7-signature",
        "application/x-pkcs7-signature",
        "application/pgp-signature",
        "application/pgp-keys",
    }
    | {"text/vcard", "text/x-vcard"}
)
_UNSEEN = (
    ("<!--", "-->"),
    ("<script", "</script"),
    ("<style", "</style"),
    ("<title", "</title"),
    ("<template", "</template"),
)
_LINE = re.compile(r"</?(?:p|div|br|tr|li|table|blockquote|pre|h[1-6])(?![a-z])[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-z!?][^<>]*>|</?$", re.IGNORECASE)


def main() -> None:
    """Read standard input."""
    for limit, value in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CORE, 0)):
        with suppress(ValueError):  # a stricter limit stands already
            resource.setrlimit(limit, (value, value))
    with os.fdopen(1, "wb", closefd=False) as out:
        for line in sys.stdin.buffer:
            _allow()
            try:
                found: dict[str, Any] | None = read(base64.b64decode(line))
            except (MemoryError, RecursionError, MessageError, ValueError, LookupError):
                found = None
            out.write(json.dumps(found).encode() + b"\n")
            out.flush()


def _allow() -> None:
    """What the next mail may cost: whoever takes more ends here."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    with suppress(ValueError):
        resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + CPU_SECONDS, most))


class _Short(policy.Compat32):
    """Headers as far as a person or a program writes them: what says how a part is written is looked at again and again."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[:MOST_HEADER]


def read(raw: bytes) -> dict[str, Any]:
    """Name and address of the sender, subject, text, signature, files (name and base64) and how many of them were left out."""
    mail = message_from_bytes(raw, policy=_Short())
    name, address = _sender(mail)
    text, signature = _apart(_text_of(mail))
    files = [part for part, _ in _leaves(mail) if _is_file(part)]
    return {
        "name": name.strip(),
        "email": address.strip() if "@" in address else "",
        "subject": _words(_header(mail, "Subject")),
        "text": text,
        "signature": signature,
        "files": [[_name(part), base64.b64encode(_content(part)).decode()] for part in files[:MOST_FILES]],
        "left_out": len(files[MOST_FILES:]),
    }


def _sender(mail: Message) -> tuple[str, str]:
    try:
        return parseaddr(_words(_header(mail, "From")))
    except RecursionError:  # brackets in brackets: no person's
        return "", ""


def _header(mail: Message, wanted: str) -> str:
    """The first header of this name as it was written, one line of it: a longer one is none that a person wrote."""
    found = next((value for name, value in mail.raw_items() if name.lower() == wanted.lower()), "")
    raw = str(found)[:MOST_HEADER].encode("utf-8", "surrogateescape")
    return " ".join(_decoded(raw, None).split())


def _words(text: str) -> str:
    """With its encoded words (RFC 2047) as they are read."""
    try:
        parts = decode_header(text)
    except (HeaderParseError, ValueError):
        return text
    return "".join(part if isinstance(part, str) else _decoded(part, charset) for part, charset in parts)


def _leaves(mail: Message) -> Iterator[tuple[Message, int | None]]:
    """The parts that hold something, each with the number of the innermost choice (multipart/alternative) that it is of."""
    waiting: list[tuple[Message, int | None]] = [(mail, None)]
    seen = 0
    while waiting and seen < MOST_LEAVES:
        part, choice = waiting.pop()
        seen += 1
        inner = part.get_payload()
        if not isinstance(inner, list):
            yield part, choice
            continue
        if part.get_content_type() == "multipart/alternative":
            choice = seen
        waiting += [(each, choice) for each in reversed(inner) if isinstance(each, Message)]


def _is_file(part: Message) -> bool:
    kind = part.get_content_type()
    if kind in _OF_THE_SENDER:
        return False
    return part.get_content_maintype() != "text" or part.get_content_disposition() == "attachment" or bool(_name(part))


def _text_of(mail: Message) -> str:
    """All texts in their order; of a choice the plain one, when it says something."""
    told: list[tuple[int | None, bool, str]] = []
    for part, choice in _leaves(mail):
        kind = part.get_content_type()
        if kind in ("text/plain", "text/html") and not _is_file(part):
            text = _decoded(_content(part), part.get_content_charset())
            told.append((choice, kind == "text/plain", text if kind == "text/plain" else _seen(text)))
    plain = {choice for choice, is_plain, text in told if choice is not None and is_plain and text.strip()}
    return "\n".join(text for choice, is_plain, text in told if choice not in plain or is_plain)


def _apart(text: str) -> tuple[str, str]:
    """The text, and the signature below the sign for one (RFC 3676 §4.3)."""
    before, _, after = text.replace("\r\n", "\n").partition("\n-- \n")
    return (before, after) if before.strip() else (text, "")


def _content(part: Message) -> bytes:
    found = part.get_payload(decode=True)
    return found if isinstance(found, bytes) else b""


def _name(part: Message) -> str:
    name = _words(str(part.get_filename() or ""))
    return name.encode("utf-8", "replace").decode().replace("\\", "/").rsplit("/", 1)[-1].strip()


def _decoded(content: bytes, charset: str | None) -> str:
    """The text, whatever the mail says of its charset."""
    said = (charset or "utf-8").lower()
    for each in (MARKS.get(said, said), "utf-8"):
        with suppress(LookupError, UnicodeError):
            return content.decode(each)
    if len(content) >= ENOUGH:
        guess = charset_normalizer.from_bytes(content[:65536], cp_isolation=["gb18030", "utf_16", "big5"]).best()
        if guess:
            return content.decode(guess.encoding, "replace")
    return content.decode("gb18030", "replace")


def _seen(page: str) -> str:
    """What a person sees of a page, as plain lines. In one pass: the stdlib's parser takes minutes for a page of open quotes."""
    page = page.replace("\r", " ").replace("\n", " ")
    for begins, ends in _UNSEEN:
        page = _cut(page, begins, ends)
    page = _LINE.sub("\n", page)
    return "\n".join(" ".join(line.split()) for line in unescape(_TAG.sub("", page)).split("\n"))


def _cut(page: str, begins: str, ends: str) -> str:
    """Without what stands between these signs, and without the rest where the last of it does not end."""
    lower, left, at = page.lower(), [], 0
    if len(lower) != len(page):  # a letter that becomes two; the signs are in one writing then
        lower = page
    while (start := lower.find(begins, at)) >= 0:
        left.append(page[at:start])
        end = lower.find(ends, start + 2)  # «<!-->» ends where it begins
        at = lower.find(">", end) + 1 if end >= 0 else 0
        at = at or len(page)
    return "".join([*left, page[at:]])


if __name__ == "__main__":
    main()
