"""The parts of a DOCX or XLSX as a shared copy has them. The words stay; who wrote them and when, what was deleted, where the file lay
and what it would fetch when it is opened do not. A part is read as XML and written anew, whatever its name, encoding or spelling."""

import re
from collections.abc import Mapping
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

_BREAK = frozenset(("w:p", "a:p", "si", "row", "w:tr", "w:br", "w:tab"))
_DROPPED = frozenset(
    [
        *("del", "moveFrom", "delText", "rsids", "rPrChange", "pPrChange", "sectPrChange", "tblPrChange"),
        *("tblPrExChange", "trPrChange", "tcPrChange", "tblGridChange", "numberingChange"),
        *("absPath", "fileSharing", "attachedTemplate", "docVars", "printerSettings"),
    ]
)
"""Elements that go with all that is in them: the history of editing, and where the file lay."""
_EMPTIED = frozenset(("author", "creator", "lastModifiedBy", "coreProperties", "Properties"))
"""Elements that stay without what is in them."""
_BLANKED = frozenset(("author", "initials", "userName", "userId", "providerId"))
_BLANKED_OF = frozenset((("person", "displayName"), ("userInfo", "name")))
"""Attributes that say who it was; some only of one element."""
_WHEN = frozenset(("date", "dateUtc", "dateTime"))
_GONE = re.compile(r"docProps/thumbnail\.|xl/revisions/|(?:xl|word)/printerSettings|customXml/", re.IGNORECASE)
_LINK_GONE = re.compile(
    r"/(?:thumbnail|customXml|customXmlProps|printerSettings|revisionHeaders|usernames)$", re.IGNORECASE
)
_OUTSIDE = re.compile(r"(?:https?|mailto):", re.IGNORECASE)


class Unfit(ValueError):
    """No XML, or XML as no office program writes it."""


def is_gone(name: str) -> bool:
    """Whether the shared copy has no part of that name: one that tells of the maker, or that lies outside the archive."""
    return bool(_GONE.match(name)) or name.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", name)


def is_xml(content: bytes) -> bool:
    """Whether a part is to be read as XML, by its content."""
    return content.lstrip(b"\xef\xbb\xbf\xfe\xff \t\r\n\0")[:1] == b"<"


def plain(xml: bytes) -> tuple[str, bytes]:
    """→ all words of the part, also of what is dropped, a line a paragraph; and the part as the copy has it. Raises `Unfit`."""
    part = _Part()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = part.begin, part.end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = part.say, part.refuse
    try:
        parser.Parse(xml, True)  # noqa: FBT003 - the library's
    except (expat.ExpatError, LookupError) as fault:
        raise Unfit from fault
    return "".join(part.words), "".join(
        ['<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n', *part.out]
    ).encode()


class _Part:
    """What is read becomes words and the part written anew."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.out: list[str] = []
        self._hidden = 0

    def begin(self, name: str, attributes: Mapping[str, str]) -> None:
        if name in _BREAK:
            self.words.append("\n")
        if self._hidden:
            self._hidden += 1
            return
        local = _local(name)
        if local in _DROPPED or _leads_nowhere(local, attributes):
            self._hidden = 1
            return
        kept = "".join(f" {key}={quoteattr(value)}" for key, value in _kept(local, attributes).items())
        if local in _EMPTIED:
            self.out.append(f"<{name}{kept}/>")
            self._hidden = 1
        else:
            self.out.append(f"<{name}{kept}>")

    def end(self, name: str) -> None:
        if self._hidden:
            self._hidden -= 1
        else:
            self.out.append(f"</{name}>")

    def say(self, text: str) -> None:
        self.words.append(text)
        if not self._hidden:
            self.out.append(escape(text, {"\r": "&#13;"}))

    def refuse(self, *_: object) -> None:
        raise Unfit


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _leads_nowhere(element: str, attributes: Mapping[str, str]) -> bool:
    """Whether it names a part that the copy does not have."""
    if element == "Relationship":
        return bool(_LINK_GONE.search(attributes.get("Type", "")))
    return element == "Override" and is_gone(attributes.get("PartName", "").removeprefix("/"))


def _kept(element: str, attributes: Mapping[str, str]) -> dict[str, str]:
    kept = dict(attributes)
    who = {key for key in kept if _local(key) in _BLANKED or (element, _local(key)) in _BLANKED_OF}
    for key in attributes:
        local = _local(key)
        if key in who:
            kept[key] = ""
        elif local.startswith("rsid") or (who and local in _WHEN) or (element == "pageSetup" and key.endswith(":id")):
            del kept[key]
    if element == "Relationship" and kept.get("TargetMode", "").lower() == "external":
        # a link that somebody presses stays; what is fetched by itself or lies on the maker's disk is written as a lost one
        pressed = kept.get("Type", "").endswith("/hyperlink") and _OUTSIDE.match(kept.get("Target", ""))
        kept["Target"] = kept["Target"] if pressed else "NULL"
    return kept
