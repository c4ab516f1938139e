"""`python -m services.intake.clients.file_blackener`: makes a copy of one picture or PDF in which areas are black. A process of its own,
as for examining: a hostile file harms nobody else.

Each page is drawn as pixels, the areas are overwritten, and the copy is made of the pixels alone: no text layer, no layer below, nothing
of the file's own bytes comes along. Standard input: a line of JSON (`order`), then the file. Standard output: one line of JSON {"type",
"refused": reason | null, "field": of the order | null, "pages", "copy": its length | null}, then the copy's bytes.
"""

import io
import json
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import astuple
from typing import TYPE_CHECKING, Any, NoReturn

from services.intake.clients.file_examiner import DAMAGED, MOST_PIXELS, PICTURES
from services.intake.clients.small_process import answer, be_small
from services.intake.domain.attachment import MOST_EXAMINED
from services.intake.domain.redaction import MOST_PAGES, PDF, Area, Hides

if TYPE_CHECKING:
    from PIL.Image import Image

DPI = 200
"""At which the page of a PDF is drawn: handwriting stays legible."""
MOST_OF_A_PAGE, LONGEST_SIDE = 8_000_000, 16_000
"""Pixels that a page of a PDF is drawn with; a larger one is drawn coarser."""
QUALITY = {"picture": 92, "page": 80}
MOST_COPIED = MOST_EXAMINED
CPU_SECONDS = 20
"""Others wait for their turn, and not for ever."""
_LARGE = f"涂黑件超过{MOST_COPIED // 1024 // 1024} MB,请拆分原件 / the copy would be too large; split the original"


class _Refused(Exception):
    def __init__(self, reason: str, field: str | None = None) -> None:
        super().__init__(reason)
        self.field = field


def order(media_type: str, areas: Sequence[Area]) -> bytes:
    """The first line of what this process reads."""
    return json.dumps({"type": media_type, "areas": [astuple(area) for area in areas]}).encode() + b"\n"


def main() -> None:
    """Blacken standard input."""
    be_small(cpu_seconds=CPU_SECONDS)
    source = sys.stdin.buffer
    told = json.loads(source.readline())
    areas = [
        Area(page=page, left=left, top=top, right=right, bottom=bottom, reason=Hides(reason))
        for page, left, top, right, bottom, reason in told["areas"]
    ]
    found: dict[str, Any] = {"type": "", "refused": None, "field": None, "pages": 0}
    copy = None
    try:
        found["type"], found["pages"], copy = blacken(told["type"], areas, source.read(MOST_EXAMINED + 1))
    except _Refused as refused:
        found["refused"], found["field"] = str(refused), refused.field
    except (MemoryError, RecursionError):
        found["refused"] = "文件展开后过大 / the file unpacks to too much"
    answer(found, copy)


def blacken(media_type: str, areas: Sequence[Area], content: bytes) -> tuple[str, int, bytes]:
    """→ type, number of pages and bytes of the copy. Raises `_Refused`."""
    if media_type == PDF:
        pages = _drawn(content, areas)
        return PDF, *_bound(pages, "PDF已损坏,无法转为图像 / the PDF is damaged and cannot be drawn")
    broken = "图片已损坏,无法读取 / the picture is damaged"
    try:
        frames = _frames(media_type, content, areas)
        first = next(frames)
        second = next(frames, None)
        if second is None:
            return _single(media_type, first[0])
    except DAMAGED:
        _refuse(broken)
    return PDF, *_bound(_all(first, second, frames), broken)


def _single(media_type: str, picture: "Image") -> tuple[str, int, bytes]:
    kind = PICTURES[media_type][1]
    out = io.BytesIO()
    if kind == "image/jpeg":
        picture.save(out, "JPEG", quality=QUALITY["picture"])
    else:
        picture.save(out, "PNG")
    if out.tell() > MOST_COPIED:
        _refuse(_LARGE)
    return kind, 1, out.getvalue()


_Page = tuple["Image", tuple[float, float]]
"""Pixels, and width and height on paper in points."""


def _all(first: _Page, second: _Page, more: Iterator[_Page]) -> Iterator[_Page]:
    yield first
    yield second
    yield from more


def _frames(media_type: str, content: bytes, areas: Sequence[Area]) -> Iterator[_Page]:
    """A picture as it is shown: upright, on white; of a TIFF all its pages, of what moves the first frame, as in the shared copy."""
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = None  # looked at here, before anything is decoded
    with Image.open(io.BytesIO(content), formats=[PICTURES[media_type][0]]) as opened:
        frames = getattr(opened, "n_frames", 1) if media_type == "image/tiff" else 1
        _must_be_there(areas, frames)
        for number in range(frames):
            if frames > 1:
                opened.seek(number)
            if opened.width * opened.height > MOST_PIXELS:
                _refuse(f"图片超过{MOST_PIXELS // 10_000}万像素 / more than {MOST_PIXELS // 1_000_000} million pixels")
            picture = _blackened(ImageOps.exif_transpose(opened), number + 1, areas)
            yield picture, (picture.width * 72 / DPI, picture.height * 72 / DPI)


def _drawn(content: bytes, areas: Sequence[Area]) -> Iterator[_Page]:
    """The pages of a PDF as a reader shows them, with what forms and notes show."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(content)
        try:
            document.init_forms()
            _must_be_there(areas, len(document))
            for number in range(len(document)):
                page = document[number]
                width, height = page.get_size()
                coarse = math.sqrt(MOST_OF_A_PAGE / (width * height))
                scale = min(DPI / 72, coarse, LONGEST_SIDE / width, LONGEST_SIDE / height)
                yield _blackened(page.render(scale=scale).to_pil(), number + 1, areas), (width, height)
                page.close()
        finally:
            document.close()
    except pypdfium2.PdfiumError:
        raise ValueError("pdfium cannot draw it") from None


def _must_be_there(areas: Sequence[Area], pages: int) -> None:
    if pages > MOST_PAGES:
        _refuse(f"超过{MOST_PAGES}页,请拆分 / more than {MOST_PAGES} pages; split it")
    for number, area in enumerate(areas):
        if area.page > pages:
            _refuse(f"文件只有{pages}页 / the file has {pages} pages", f"areas.{number}.page")


def _blackened(picture: "Image", page: int, areas: Sequence[Area]) -> "Image":
    """The picture's pixels and nothing else of it, in grey or colour, with what is to be black."""
    from PIL import Image

    if picture.mode in ("1", "L"):
        plain = picture.convert("L")
    elif "A" in picture.getbands() or "transparency" in picture.info:
        # what a transparent pixel hides is not shown, so nobody looked for it
        seen = picture.convert("RGBA")
        plain = Image.new("RGB", seen.size, "white")
        plain.paste(seen, mask=seen.getchannel("A"))
    else:
        plain = picture.convert("RGB")
    clean = Image.frombytes(plain.mode, plain.size, plain.tobytes())
    for area in areas:
        if area.page == page:
            clean.paste(0 if clean.mode == "L" else (0, 0, 0), area.pixels(clean.width, clean.height))
    return clean


def _bound(pages: Iterator[_Page], broken: str) -> tuple[int, bytes]:
    """A PDF of these pictures, a page each; → number of pages, bytes. Raises `_Refused`, with `broken` when there is nothing to draw."""
    from pypdf import PdfWriter
    from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject, NumberObject, StreamObject

    writer, size = PdfWriter(), 0
    writer.metadata = None
    try:
        for picture, (width, height) in pages:
            out = io.BytesIO()
            picture.save(out, "JPEG", quality=QUALITY["page"])
            size += out.tell()
            if size > MOST_COPIED:
                _refuse(_LARGE)
            image, content = StreamObject(), DecodedStreamObject()
            image._data = out.getvalue()  # noqa: SLF001 - set_data would encode it anew
            image.update({
                NameObject("/Type"): NameObject("/XObject"), NameObject("/Subtype"): NameObject("/Image"),
                NameObject("/Width"): NumberObject(picture.width), NameObject("/Height"): NumberObject(picture.height),
                NameObject("/ColorSpace"): NameObject("/DeviceGray" if picture.mode == "L" else "/DeviceRGB"),
                NameObject("/BitsPerComponent"): NumberObject(8), NameObject("/Filter"): NameObject("/DCTDecode"),
            })  # fmt: skip
            content.set_data(f"q {width:.3f} 0 0 {height:.3f} 0 0 cm /P Do Q".encode())
            page = writer.add_blank_page(round(width, 3), round(height, 3))
            page[NameObject("/Contents")] = writer._add_object(content)  # noqa: SLF001 - the library's own way
            named = DictionaryObject({NameObject("/P"): writer._add_object(image)})  # noqa: SLF001 - same
            page[NameObject("/Resources")] = DictionaryObject({NameObject("/XObject"): named})
    except DAMAGED:
        _refuse(broken)
    if not writer.pages:
        _refuse(broken)
    whole = io.BytesIO()
    writer.write(whole)
    return len(writer.pages), whole.getvalue()


def _refuse(reason: str, field: str | None = None) -> NoReturn:
    raise _Refused(reason, field)


if __name__ == "__main__":
    main()
