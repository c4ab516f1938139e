"""Files to attach, harmless and hostile, made on the spot."""

import io
import zipfile

from PIL import Image
from PIL.ExifTags import IFD, Base
from pypdf import PdfWriter
from pypdf.generic import DictionaryObject, NameObject, StreamObject, TextStringObject

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
    page = writer.add_blank_page(200, 200)
    content = StreamObject()
    content.set_data(f"BT /F1 12 Tf 10 100 Td ({text}) Tj ET".encode())
    page[NameObject("/Contents")] = writer._add_object(content)
    font = DictionaryObject({
        NameObject("/Type"): NameObject("/Font"), NameObject("/Subtype"): NameObject("/Type1"),
        NameObject("/BaseFont"): NameObject("/Helvetica"),
    })  # fmt: skip
    page[NameObject("/Resources")] = DictionaryObject(
        {NameObject("/Font"): DictionaryObject({NameObject("/F1"): writer._add_object(font)})}
    )
    writer.add_metadata({"/Author": secret or "nobody"})
    action = DictionaryObject(
        {NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject(secret)}
    )
    writer.root_object[NameObject("/OpenAction")] = writer._add_object(action)
    if password:
        writer.encrypt(password)
    writer.write(out)
    return out.getvalue()


def bomb() -> bytes:
    """A document of some kilobytes that unpacks to 150 MB."""
    return document("x", more={"word/big.xml": b"0" * 150_000_000})
