"""What is blackened is nowhere in the copy: not in its bytes, not in its text, not in its pixels; the rest of the page is."""

import io
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable

import pypdfium2
import pytest
from PIL import Image, ImageDraw
from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    NameObject,
    NumberObject,
    RectangleObject,
    StreamObject,
    TextStringObject,
)

from services.intake.clients import file_blackener
from services.intake.clients.examining import UNREADABLE, blackening
from services.intake.clients.file_blackener import MOST_OF_A_PAGE, blacken, order
from services.intake.domain.redaction import MOST_PAGES, Area, Hides
from tests.support.files import pdf, photo

SECRET = "ZHANGq7"
SEEN = 60
"""Black after a JPEG: the edge of an area takes a little of what is beside it."""


def area(left: float, top: float, right: float, bottom: float, page: int = 1) -> Area:
    return Area(page=page, left=left, top=top, right=right, bottom=bottom, reason=Hides.REPORTER)


def is_black(picture: Image.Image, where: Area) -> bool:
    part = picture.convert("L").crop(where.pixels(*picture.size))
    return part.getextrema()[1] <= SEEN  # type: ignore[operator] # one band


def has_ink(picture: Image.Image, where: Area) -> bool:
    lowest, highest = picture.convert("L").crop(where.pixels(*picture.size)).getextrema()
    return lowest < 100 and highest > 200  # type: ignore[operator] # one band


def letter(*, secret: str = SECRET) -> bytes:
    """Two lines of text on a page of 200 points: the name at 0.5 of its height, another line at 0.25."""
    writer = PdfWriter(clone_from=io.BytesIO(pdf(secret, secret)))
    [page] = writer.pages
    content = page.get_contents()
    assert content is not None
    content.set_data(content.get_data() + b" BT /F1 12 Tf 10 150 Td (market) Tj ET")
    page[NameObject("/Contents")] = writer._add_object(content)
    writer.add_outline_item(secret, 0)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


NAME = area(0, 0.4, 1, 0.6)
LINE = area(0, 0.18, 0.5, 0.3)


def drawn(content: bytes) -> list[Image.Image]:
    document = pypdfium2.PdfDocument(content)
    try:
        return [page.render(scale=2).to_pil() for page in document]
    finally:
        document.close()


def everything(content: bytes) -> bytes:
    """Bytes of a PDF, and of all its streams, unpacked."""
    reader = PdfReader(io.BytesIO(content))
    objects = (reader.get_object(number) for number in range(1, int(str(reader.trailer["/Size"]))))
    unpacked = (
        each.get_data() for each in objects if isinstance(each, StreamObject) and each.get("/Subtype") != "/Image"
    )
    return content + b"".join(unpacked) + "".join(page.extract_text() for page in reader.pages).encode()


@pytest.mark.rule("G1")
def test_a_pdf_with_a_text_layer_is_made_of_its_pixels_alone() -> None:
    content = letter()
    assert SECRET in PdfReader(io.BytesIO(content)).pages[0].extract_text()
    [before] = drawn(content)
    assert has_ink(before, area(0, 0.45, 0.5, 0.55))
    assert has_ink(before, LINE)
    kind, pages, copy = blacken("application/pdf", [NAME], content)
    assert (kind, pages) == ("application/pdf", 1)
    told = everything(copy)
    for word in (SECRET, "market", "JavaScript", "/Font", "Producer", "Outlines"):
        assert word.encode() not in told
    [after] = drawn(copy)
    assert after.size == before.size
    assert is_black(after, NAME)
    assert has_ink(after, LINE)


def test_areas_are_those_of_the_page_as_it_is_shown() -> None:
    """Turned by a quarter and cut: the line at the top left of the paper stands at its right edge."""
    writer, out = PdfWriter(clone_from=io.BytesIO(letter())), io.BytesIO()
    [page] = writer.pages
    page.cropbox = RectangleObject((0, 0, 200, 160))
    page[NameObject("/Rotate")] = NumberObject(90)
    writer.write(out)
    name = area(0.5, 0, 0.75, 0.5)
    [before] = drawn(out.getvalue())
    assert before.size == (320, 400)
    assert has_ink(before, name)
    [after] = drawn(blacken("application/pdf", [name], out.getvalue())[2])
    assert (after.size, is_black(after, name)) == (before.size, True)
    assert has_ink(after, area(0.8, 0, 1, 0.5))


def test_what_forms_and_notes_show_is_in_the_copy_and_is_blackened_too() -> None:
    writer, out = PdfWriter(), io.BytesIO()
    page, look = writer.add_blank_page(200, 200), DecodedStreamObject()
    look.set_data(b"0 g 10 10 80 10 re f")
    look.update({
        NameObject("/Type"): NameObject("/XObject"), NameObject("/Subtype"): NameObject("/Form"),
        NameObject("/BBox"): RectangleObject((0, 0, 100, 30)),
    })  # fmt: skip
    kinds = (("/Widget", 150), ("/Stamp", 100), ("/Widget", 50))
    fields = [
        writer._add_object(DictionaryObject({
            NameObject("/Type"): NameObject("/Annot"), NameObject("/Subtype"): NameObject(kind),
            NameObject("/FT"): NameObject("/Tx"), NameObject("/T"): TextStringObject(f"f{bottom}"),
            NameObject("/V"): TextStringObject(SECRET), NameObject("/F"): NumberObject(4),
            NameObject("/Rect"): RectangleObject((0, bottom, 100, bottom + 30)),
            NameObject("/AP"): DictionaryObject({NameObject("/N"): writer._add_object(look)}),
        })) for kind, bottom in kinds
    ]  # fmt: skip
    page[NameObject("/Annots")] = ArrayObject(fields)
    writer.root_object[NameObject("/AcroForm")] = DictionaryObject({NameObject("/Fields"): ArrayObject(fields)})
    writer.write(out)
    form, stamp, other = (area(0, 1 - (bottom + 30) / 200, 0.5, 1 - bottom / 200) for _, bottom in kinds)
    _, _, copy = blacken("application/pdf", [other], out.getvalue())
    [after] = drawn(copy)
    assert SECRET.encode() not in everything(copy)
    assert (has_ink(after, form), has_ink(after, stamp), is_black(after, other)) == (True, True, True)


def test_each_page_has_its_own_areas_and_a_huge_one_is_drawn_coarser() -> None:
    writer, out = PdfWriter(clone_from=io.BytesIO(letter())), io.BytesIO()
    writer.add_blank_page(14_400, 14_400)
    writer.add_blank_page(1, 14_400)
    writer.write(out)
    _, pages, copy = blacken("application/pdf", [area(0.25, 0.25, 0.5, 0.5, page=2)], out.getvalue())
    assert pages == 3
    shown = [image.image for page in PdfReader(io.BytesIO(copy)).pages for image in page.images]
    first, second, third = (each for each in shown if each)
    assert has_ink(first, area(0, 0.4, 0.5, 0.6))
    assert is_black(second, area(0.25, 0.25, 0.5, 0.5))
    assert not is_black(second, area(0, 0, 0.2, 0.2))
    assert second.width * second.height <= MOST_OF_A_PAGE * 1.01
    assert third.height <= 16_000


@pytest.mark.rule("G1")
def test_a_photo_is_made_anew_upright_without_what_the_camera_wrote() -> None:
    taken = Image.new("RGB", (400, 300), "white")
    ImageDraw.Draw(taken).rectangle((0, 0, 199, 99), fill="red")
    exif = taken.getexif()
    exif[0x0112], exif[0x010E] = 6, SECRET  # shown turned by a quarter
    out = io.BytesIO()
    taken.save(out, "JPEG", exif=exif, comment=SECRET.encode())
    red = area(0.6667, 0, 1, 0.5)
    kind, pages, copy = blacken("image/jpeg", [red], out.getvalue())
    assert (kind, pages, SECRET.encode() in copy) == ("image/jpeg", 1, False)
    made = Image.open(io.BytesIO(copy))
    assert (made.size, dict(made.getexif()), "comment" in made.info) == ((300, 400), {}, False)
    assert is_black(made, area(0.68, 0, 1, 0.49))
    # no red is left anywhere: what is beside the area is white
    assert not is_black(made, area(0, 0.6, 1, 1))
    assert all(r - g < SEEN for r, g, _ in (made.getpixel((x, y)) for x in range(0, 300, 7) for y in range(0, 400, 7)))  # type: ignore[misc] # three bands


def test_what_a_transparent_pixel_hides_goes_too() -> None:
    seen = Image.new("RGBA", (40, 30), (200, 1, 2, 0))
    seen.paste((0, 0, 255, 255), (0, 0, 20, 30))
    out = io.BytesIO()
    seen.save(out, "PNG", comment=SECRET)
    kind, _, copy = blacken("image/png", [area(0, 0, 0.25, 1)], out.getvalue())
    made = Image.open(io.BytesIO(copy))
    assert (kind, made.mode) == ("image/png", "RGB")
    assert {colour for _, colour in made.getcolors() or []} == {(0, 0, 0), (0, 0, 255), (255, 255, 255)}
    assert [made.getpixel((x, 15)) for x in (9, 10, 20)] == [(0, 0, 0), (0, 0, 255), (255, 255, 255)]


def test_all_pages_of_a_tiff_are_in_its_copy() -> None:
    out = io.BytesIO()
    pages = [Image.new("1", (200, 100), 1) for _ in range(3)]
    pages[0].save(out, "TIFF", save_all=True, append_images=pages[1:], description=SECRET)
    kind, number, copy = blacken("image/tiff", [area(0, 0, 0.5, 1, page=3)], out.getvalue())
    assert (kind, number, SECRET.encode() in everything(copy)) == ("application/pdf", 3, False)
    assert [is_black(page, area(0, 0, 0.45, 1)) for page in drawn(copy)] == [False, False, True]
    assert not is_black(drawn(copy)[2], area(0.55, 0, 1, 1))


def many() -> bytes:
    writer, out = PdfWriter(), io.BytesIO()
    for _ in range(MOST_PAGES + 1):
        writer.add_blank_page(20, 20)
    writer.write(out)
    return out.getvalue()


def large() -> bytes:
    """Few bytes, many pixels."""
    out = io.BytesIO()
    Image.new("1", (8000, 8000)).save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize(
    ("media_type", "content", "page", "word", "field"),
    [
        pytest.param("application/pdf", letter, 2, "只有1页", "areas.0.page", id="no such page"),
        pytest.param("image/jpeg", photo, 2, "只有1页", "areas.0.page", id="no such page of a picture"),
        pytest.param("application/pdf", many, 1, "超过60页", None, id="pages"),
        pytest.param("image/png", large, 1, "万像素", None, id="pixels"),
        pytest.param("application/pdf", lambda: b"%PDF-1.7\nnothing", 1, "PDF已损坏", None, id="no pdf"),
        pytest.param("application/pdf", lambda: pdf("x", password="x"), 1, "PDF已损坏", None, id="a password"),
        pytest.param("image/jpeg", lambda: photo()[:200], 1, "图片已损坏", None, id="half a picture"),
        pytest.param("image/png", photo, 1, "图片已损坏", None, id="another kind"),
    ],
)
def test_what_cannot_be_blackened_is_told(
    media_type: str, content: Callable[[], bytes], page: int, word: str, field: str | None
) -> None:
    with pytest.raises(file_blackener._Refused, match=word) as refused:
        blacken(media_type, [area(0, 0, 1, 1, page=page)], content())
    assert refused.value.field == field


def test_a_copy_that_would_be_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_blackener, "MOST_COPIED", 500)
    for media_type, content in (("application/pdf", letter()), ("image/jpeg", photo(size=(300, 300)))):
        with pytest.raises(file_blackener._Refused, match="拆分"):
            blacken(media_type, [NAME], content)


async def test_a_process_that_ends_without_a_word_is_a_refusal() -> None:
    async def content() -> AsyncIterator[bytes]:
        yield b"x"

    async with blackening("image/unknown", [NAME], content()) as made:
        assert (made.refused, made.copy) == (UNREADABLE, None)


def test_the_process_answers_in_a_line_and_the_copy() -> None:
    sent = order("application/pdf", [NAME]) + letter()
    done = subprocess.run([sys.executable, "-m", file_blackener.__name__], input=sent, capture_output=True, check=True)
    line, _, copy = done.stdout.partition(b"\n")
    told = json.loads(line)
    assert (told["type"], told["refused"], told["pages"], told["copy"]) == ("application/pdf", None, 1, len(copy))
    assert copy.startswith(b"%PDF")
