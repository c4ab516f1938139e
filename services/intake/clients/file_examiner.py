"""`python -m services.intake.clients.file_examiner`: looks into one file on standard input and writes what it is, why it is
refused, and its shared copy without metadata. A process of its own with little memory and time: a hostile file harms nobody else.

Standard output: one line of JSON {"type", "refused": reason | null, "copy": its length | null}, then the copy's bytes.
"""

import io
import sys
import zipfile
from collections.abc import Callable, Iterator
from typing import BinaryIO, NoReturn

import charset_normalizer
import filetype

from services.intake.clients import office_parts
from services.intake.clients.small_process import answer, be_small
from services.intake.domain.attachment import MOST_EXAMINED
from shared.secrecy import REFUSAL_EN, REFUSAL_ZH, has_secrecy_mark

MOST_PIXELS = 40_000_000
MOST_ENTRIES, MOST_UNPACKED, MOST_RATIO = 2_000, 200 * 1024 * 1024, 200
MOST_PAGES = 500
HEAD = 8192
PICTURES = {
    "image/jpeg": ("JPEG", "image/jpeg"),
    "image/png": ("PNG", "image/png"),
    "image/gif": ("GIF", "image/png"),
    "image/webp": ("WEBP", "image/png"),
    "image/bmp": ("BMP", "image/png"),
    "image/tiff": ("TIFF", "image/png"),
}
"""Type → the one decoder that may look at it, and the type of the shared copy."""
OFFICE = {
    "word/": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xl/": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
SOUND_AND_FILM = frozenset(
    [
        *("audio/mpeg", "audio/mp4", "audio/x-wav", "audio/amr", "audio/ogg", "audio/aac", "audio/x-flac"),
        *(
            "video/mp4",
            "video/quicktime",
            "video/x-msvideo",
            "video/x-matroska",
            "video/webm",
            "video/3gpp",
            "video/mpeg",
        ),
    ]
)
"""Kept as they are, without a shared copy."""
_TOO_MUCH = "文件展开后过大 / the file unpacks to too much"
_NOT_TAKEN = (
    "不接收此类文件;可用JPEG、PNG、PDF、DOCX、XLSX、TXT、常见音视频;其他格式的照片(如HEIC)请先转存为JPEG或截图"
    " / this kind of file is not taken; JPEG, PNG, PDF, DOCX, XLSX, TXT, usual sound and film are; save other pictures (HEIC) as JPEG"
)


DAMAGED = (OSError, ValueError, SyntaxError, EOFError, ArithmeticError)
"""What the decoders of pictures raise; that of an unknown kind is an OSError."""


class _Refused(Exception):
    pass


def main() -> None:
    """Examine standard input."""
    be_small()
    source = sys.stdin.buffer
    kind, copy, why = "", None, None
    try:
        kind, copy = examine(source.read(HEAD), source)
    except _Refused as refused:
        why = str(refused)
    except (MemoryError, RecursionError):
        why = _TOO_MUCH
    answer({"type": kind, "refused": why}, copy)


def examine(head: bytes, rest: BinaryIO) -> tuple[str, bytes | None]:
    """The type by its content, and the shared copy where there is one. Raises `_Refused`."""
    found = filetype.guess(head)
    kind = found.mime if found else ""
    if kind in SOUND_AND_FILM:
        while rest.read(1 << 20):
            pass
        return kind, None
    look: Callable[[bytes], tuple[str, bytes]]
    if kind in PICTURES:
        look = lambda content: _picture(kind, content)  # noqa: E731 - one of four
    elif kind == "application/pdf":
        look = _pdf
    elif head.startswith(b"PK\x03\x04"):
        look = _office
    elif not found:
        look = _text
    else:
        _refuse(_NOT_TAKEN)
    content = head + rest.read(MOST_EXAMINED + 1)
    if len(content) > MOST_EXAMINED:
        limit = f"{MOST_EXAMINED // 1024 // 1024} MB"
        _refuse(f"此类文件最大{limit} / files of this kind are up to {limit}")
    return look(content)


def _picture(kind: str, content: bytes) -> tuple[str, bytes]:
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = None  # looked at here, before anything is decoded
    decoder, copied = PICTURES[kind]
    try:
        with Image.open(io.BytesIO(content), formats=[decoder]) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                _refuse(f"图片超过{MOST_PIXELS // 10_000}万像素 / more than {MOST_PIXELS // 1_000_000} million pixels")
            upright = ImageOps.exif_transpose(picture)
            plain = upright.convert("RGB" if copied == "image/jpeg" else "RGBA")
    except DAMAGED:
        _refuse("图片已损坏,无法读取 / the picture is damaged")
    # a picture made of the pixels alone: nothing else of the file comes along
    clean = Image.frombytes(plain.mode, plain.size, plain.tobytes())
    out = io.BytesIO()
    clean.save(out, "JPEG" if copied == "image/jpeg" else "PNG", **({"quality": 92} if copied == "image/jpeg" else {}))
    return kind, out.getvalue()


def _pdf(content: bytes) -> tuple[str, bytes]:
    from pypdf import PdfReader, PdfWriter
    from pypdf.errors import LimitReachedError, PyPdfError

    from services.intake.clients import pdf_parts

    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted:
            _refuse("加密的PDF无法检查,请去除密码 / a PDF with a password cannot be examined")
        if len(reader.pages) > MOST_PAGES:
            _refuse(f"PDF超过{MOST_PAGES}页 / more than {MOST_PAGES} pages")
        _look_for_marks(page.extract_text() for page in reader.pages)
        writer = PdfWriter(clone_from=reader)
        _look_for_marks(pdf_parts.words_beside(writer))
        writer.metadata = None
        pdf_parts.make_plain(writer)
        writer.compress_identical_objects(remove_unreferenced=True)
        out = io.BytesIO()
        writer.write(out)
    except _Refused:
        raise
    except LimitReachedError:
        _refuse(_TOO_MUCH)
    except (
        PyPdfError,
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        IndexError,
        OSError,
        ArithmeticError,
        AssertionError,
    ):
        _refuse("PDF已损坏,无法读取 / the PDF is damaged")
    return "application/pdf", out.getvalue()


def _office(content: bytes) -> tuple[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            _weigh(entries)
            names = {entry.filename for entry in entries}
            kind = next((kind for start, kind in OFFICE.items() if any(name.startswith(start) for name in names)), None)
            if kind is None or "[Content_Types].xml" not in names:
                _refuse(_NOT_TAKEN)
            if any(
                name.lower().endswith(("vbaproject.bin", ".exe", ".dll")) or "embeddings/" in name for name in names
            ):
                _refuse("文档含有宏或嵌入的程序 / the document holds macros or embedded programs")
            out = io.BytesIO()
            with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as copy:
                for entry in entries:
                    read = archive.read(entry)  # as long as it says and no longer, or it is damaged
                    if office_parts.is_xml(read):
                        words, read = office_parts.plain(read)
                        _look_for_marks([words])
                    else:
                        read = _plain_picture(read)
                    if not office_parts.is_gone(entry.filename):
                        copy.writestr(zipfile.ZipInfo(entry.filename), read, zipfile.ZIP_DEFLATED)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, EOFError):
        _refuse("文档已损坏或加密,无法读取 / the document is damaged or has a password")
    return kind, out.getvalue()


def _plain_picture(content: bytes) -> bytes:
    """A picture within a document without what its camera wrote into it; other things as they are."""
    found = filetype.guess(content[:HEAD])
    kind = found.mime if found else ""
    return _picture(kind, content)[1] if kind in ("image/jpeg", "image/png") else content


def _weigh(entries: list[zipfile.ZipInfo]) -> None:
    unpacked, packed = sum(entry.file_size for entry in entries), sum(entry.compress_size for entry in entries)
    if len(entries) > MOST_ENTRIES or unpacked > MOST_UNPACKED or unpacked > MOST_RATIO * max(packed, 1024):
        _refuse(_TOO_MUCH)


def _text(content: bytes) -> tuple[str, bytes]:
    guess = charset_normalizer.from_bytes(content[:65536], cp_isolation=["utf_8", "gb18030", "utf_16"]).best()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = content.decode(guess.encoding if guess else "ascii")
        except UnicodeDecodeError:
            _refuse(_NOT_TAKEN)
    if "\0" in text:
        _refuse(_NOT_TAKEN)
    _look_for_marks([text])
    return "text/plain", text.encode("utf-8", "replace")


def _look_for_marks(texts: Iterator[str] | list[str]) -> None:
    if any(map(has_secrecy_mark, texts)):
        _refuse(f"{REFUSAL_ZH} / {REFUSAL_EN}")


def _refuse(reason: str) -> NoReturn:
    raise _Refused(reason)


if __name__ == "__main__":
    main()
