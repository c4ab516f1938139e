"""The objects of a PDF as a shared copy has them: without who made them, without files and scripts inside, without what acts by itself."""

from collections.abc import Iterator

from pypdf import PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, StreamObject, TextStringObject

_GONE = (
    *("/Metadata", "/AA", "/PieceInfo", "/OpenAction", "/Names", "/AF", "/EF", "/FS", "/XFA", "/JS", "/LastModified"),
    *("/Author", "/Creator", "/Producer"),
)
_ACTIONS = ("/URI", "/GoTo", "/Named")
"""What may follow when somebody presses something."""
_JPEG, _SCAN = b"\xff\xd8", 0xDA
_NOTES = frozenset((0xE1, *range(0xE3, 0xEE), 0xEF, 0xFE))
"""Segments of a JPEG that hold what its camera wrote; colours (E0, E2, EE) stay."""


def words_beside(writer: PdfWriter) -> Iterator[str]:
    """What is written beside the pages: notes, fields of a form, names of chapters, the title."""
    for found in list(writer._objects):  # noqa: SLF001 - the only list of them
        for entry in _dictionaries(found):
            yield from (value for value in entry.values() if isinstance(value, TextStringObject))


def make_plain(writer: PdfWriter) -> None:
    """Go over all objects."""
    for found in list(writer._objects):  # noqa: SLF001 - the only list of them
        for entry in _dictionaries(found):
            for name in _GONE:
                entry.pop(name, None)
            if "/Rect" in entry and entry.get("/Subtype") != "/Widget":
                for name in ("/T", "/M", "/CreationDate", "/NM"):
                    entry.pop(name, None)
            for name in ("/A", "/Next"):
                if not _is_harmless(entry.get(name)):
                    entry.pop(name, None)
            if entry.get("/Type") == "/Filespec":
                entry.clear()
            if isinstance(entry, StreamObject) and entry.get("/Filter") in ("/DCTDecode", ["/DCTDecode"]):
                entry._data = without_notes(entry._data)  # noqa: SLF001 - set_data would encode it anew


def _is_harmless(action: object) -> bool:
    """Whether it is no action, or one that only shows something."""
    action = action.get_object() if hasattr(action, "get_object") else action
    return not isinstance(action, DictionaryObject) or "/S" not in action or action.get("/S") in _ACTIONS


def _dictionaries(found: object) -> Iterator[DictionaryObject]:
    """It and what lies directly in it; what it refers to is in the list itself."""
    waiting = [found]
    while waiting:
        entry = waiting.pop()
        if isinstance(entry, DictionaryObject):
            waiting.extend(entry.values())
            yield entry
        elif isinstance(entry, ArrayObject):
            waiting.extend(entry)


def without_notes(jpeg: bytes) -> bytes:
    """The picture without its camera's notes; what is not understood is left as it is."""
    if not jpeg.startswith(_JPEG):
        return jpeg
    kept, at = [_JPEG], 2
    while at + 4 <= len(jpeg) and jpeg[at] == 0xFF and jpeg[at + 1] != _SCAN:
        if jpeg[at + 1] == 0xFF:
            at += 1
            continue
        end = at + 2 + int.from_bytes(jpeg[at + 2 : at + 4])
        if jpeg[at + 1] not in _NOTES:
            kept.append(jpeg[at:end])
        at = end
    return b"".join([*kept, jpeg[at:]])
