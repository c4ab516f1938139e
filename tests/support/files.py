"""Files to attach, harmless and hostile, made on the spot."""

import io
import zipfile
import zlib
from collections.abc import Mapping

from PIL import Image
from PIL.ExifTags import IFD, Base
from pypdf import PdfWriter
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    NameObject,
    NumberObject,
    PdfObject,
    StreamObject,
    TextStringObject,
)

CONTENT_TYPES = b'<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'


def photo(secret: str = "", *, size: tuple[int, int] = (40, 30)) -> bytes:
    """A JPEG with a camera's notes: maker, place, comment."""
    picture, out = Image.new("RGB", size, "red"), io.BytesIO()
    exif = picture.getexif()
    exif[Base.Make] = exif[Base.ImageDescription] = f"maker {secret}"
    exif.get_ifd(IFD.GPSInfo)[29] = f"2018:06:01 {secret}"
    picture.save(out, "JPEG", exif=exif, comment=secret.encode())
    return out.getvalue()


def document(text: str, secret: str = "", *, more: dict[str, bytes] | None = None) -> bytes:
    """A DOCX of one paragraph, with its author and a photo inside."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", CONTENT_TYPES)
        archive.writestr("word/document.xml", f"<w:document><w:p><w:t>{text}</w:t></w:p></w:document>")
        archive.writestr("word/media/image1.jpeg", photo(secret))
        archive.writestr("docProps/core.xml", f"<dc:creator>{secret}</dc:creator>")
        for name, content in (more or {}).items():
            archive.writestr(name, content)
    return out.getvalue()


def pdf(text: str, secret: str = "", *, password: str | None = None) -> bytes:
    """A PDF of one page in Latin letters, with its author and a script that runs when it is opened."""
    writer, out = PdfWriter(), io.BytesIO()
    _write(writer, f"({text}) Tj", {"/Subtype": NameObject("/Type1"), "/BaseFont": NameObject("/Helvetica")})
    writer.add_metadata({"/Author": secret or "nobody"})
    action = DictionaryObject(
        {NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject(secret)}
    )
    writer.root_object[NameObject("/OpenAction")] = writer._add_object(action)
    if password:
        writer.encrypt(password)
    writer.write(out)
    return out.getvalue()


def chinese_pdf(text: str, encoding: str = "/Identity-H") -> bytes:
    """A PDF of one page in Chinese: letters as the font numbers them, with a table of what they mean, as office programs write them; or by
    an encoding of ISO 32000 (`/UniGB-UCS2-H`, `/GBK-EUC-H`)."""
    writer, out = PdfWriter(), io.BytesIO()
    system = {
        "/Registry": TextStringObject("Adobe"),
        "/Ordering": TextStringObject("GB1"),
        "/Supplement": NumberObject(4),
    }
    letters = {"/Type": NameObject("/Font"), "/Subtype": NameObject("/CIDFontType0"), "/CIDSystemInfo": _named(system)}
    font: dict[str, PdfObject] = {
        "/Subtype": NameObject("/Type0"), "/BaseFont": NameObject("/STSong-Light"), "/Encoding": NameObject(encoding),
        "/DescendantFonts": ArrayObject([writer._add_object(_named(letters | {"/BaseFont": NameObject("/STSong-Light")}))]),
    }  # fmt: skip
    if encoding == "/Identity-H":
        codes = "".join(f"{number:04x}" for number in range(1, len(text) + 1))
        means = " ".join(
            f"<{number:04x}> <{letter.encode('utf-16-be').hex()}>" for number, letter in enumerate(text, 1)
        )
        table = StreamObject()
        table.set_data(
            "begincmap 1 begincodespacerange <0000> <ffff> endcodespacerange "
            f"{len(text)} beginbfchar {means} endbfchar endcmap".encode()
        )
        font["/ToUnicode"] = writer._add_object(table)
    else:
        codes = text.encode("gbk" if encoding.startswith("/GBK") else "utf-16-be").hex()
    _write(writer, f"<{codes}> Tj", font)
    writer.write(out)
    return out.getvalue()


def noted_pdf(note: str) -> bytes:
    """A PDF with a note on its page."""
    writer, out = PdfWriter(clone_from=io.BytesIO(pdf("plain"))), io.BytesIO()
    rect = ArrayObject([NumberObject(number) for number in (0, 0, 9, 9)])
    written = _named({"/Subtype": NameObject("/FreeText"), "/Rect": rect, "/Contents": TextStringObject(note)})
    writer.add_annotation(0, written)
    writer.write(out)
    return out.getvalue()


def long_pdf(pages: int) -> bytes:
    """A PDF of so many empty pages."""
    writer, out = PdfWriter(), io.BytesIO()
    for _ in range(pages):
        writer.add_blank_page(9, 9)
    writer.write(out)
    return out.getvalue()


def pdf_of(what: bytes) -> bytes:
    """A PDF whose page is drawn by this, packed."""
    writer, out = PdfWriter(), io.BytesIO()
    _write(writer, "", {"/Subtype": NameObject("/Type1"), "/BaseFont": NameObject("/Helvetica")})
    packed = StreamObject()
    packed.set_data(zlib.compress(what))
    packed[NameObject("/Filter")] = NameObject("/FlateDecode")
    writer.pages[0][NameObject("/Contents")] = writer._add_object(packed)
    writer.write(out)
    return out.getvalue()


def _write(writer: PdfWriter, shown: str, font: Mapping[str, PdfObject]) -> None:
    """A page that shows this in this font."""
    page, content = writer.add_blank_page(200, 200), StreamObject()
    content.set_data(f"BT /F1 12 Tf 10 100 Td {shown} ET".encode())
    page[NameObject("/Contents")] = writer._add_object(content)
    kept = writer._add_object(_named({"/Type": NameObject("/Font"), **font}))
    page[NameObject("/Resources")] = _named({"/Font": _named({"/F1": kept})})


def _named(entries: Mapping[str, PdfObject]) -> DictionaryObject:
    return DictionaryObject({NameObject(name): value for name, value in entries.items()})


def bomb() -> bytes:
    """A document of some kilobytes that unpacks to 150 MB."""
    return document("x", more={"word/big.xml": b"0" * 150_000_000})
