"""What a file is, told by its content; what is refused; and that a shared copy says nothing of who made it."""

import io
import zipfile

import pytest
from PIL import Image
from pypdf import PdfReader

from services.intake.clients import file_examiner
from services.intake.clients.file_examiner import HEAD, examine
from tests.support.files import CONTENT_TYPES, bomb, document, pdf, photo

SECRET = "MAKERq7"


def look(content: bytes) -> tuple[str, bytes | None]:
    source = io.BytesIO(content)
    return examine(source.read(HEAD), source)


def test_a_photo_is_copied_without_what_the_camera_wrote() -> None:
    content = photo(SECRET)
    assert SECRET.encode() in content
    kind, copy = look(content)
    assert kind == "image/jpeg"
    assert copy
    assert SECRET.encode() not in copy
    assert not Image.open(io.BytesIO(copy)).getexif()


def test_a_document_is_copied_without_its_author_and_its_pictures_without_their_camera() -> None:
    kind, copy = look(document("反映有人强收费用", SECRET))
    assert kind.endswith("wordprocessingml.document")
    with zipfile.ZipFile(io.BytesIO(copy or b"")) as archive:
        assert archive.testzip() is None
        assert SECRET.encode() not in b"".join(archive.read(name) for name in archive.namelist())
        assert "反映有人强收费用" in archive.read("word/document.xml").decode()


def test_a_pdf_is_copied_without_author_and_script() -> None:
    content = pdf("plain text", SECRET)
    kind, copy = look(content)
    assert kind == "application/pdf"
    reader = PdfReader(io.BytesIO(copy or b""))
    assert not (reader.metadata and reader.metadata.author)
    assert SECRET.encode() not in (copy or b"")
    assert b"JavaScript" not in (copy or b"")
    assert "plain text" in reader.pages[0].extract_text()


def test_sound_is_kept_as_it_is_and_text_becomes_utf_8() -> None:
    assert look(b"#!AMR\n" + b"\0" * 100_000) == ("audio/amr", None)
    assert look("反映有人在菜市场强收费用,请核查".encode("gb18030"))[1] == "反映有人在菜市场强收费用,请核查".encode()


def large() -> bytes:
    """Few bytes, many pixels."""
    out = io.BytesIO()
    Image.new("1", (8000, 8000)).save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "word"),
    [
        pytest.param(bomb, "展开后过大", id="a bomb"),
        pytest.param(lambda: document("x", more={f"word/{n}.txt": b"" for n in range(2_001)}), "展开后过大", id="entries"),
        pytest.param(large, "像素", id="pixels"),
        pytest.param(lambda: photo()[:200], "图片已损坏", id="half a picture"),
        pytest.param(lambda: pdf("x", password="x"), "加密", id="a password"),
        pytest.param(lambda: b"%PDF-1.7\nnothing", "PDF已损坏", id="no pdf"),
        pytest.param(lambda: b"PK\x03\x04" + b"x" * 100, "已损坏", id="no zip"),
        pytest.param(lambda: document("x", more={"word/vbaProject.bin": b"x"}), "宏", id="macros"),
        pytest.param(lambda: b"MZ" + b"\0" * 200, "不接收", id="a program"),
        pytest.param(lambda: b"\x7fELF" + b"\0" * 200, "不接收", id="another program"),
        pytest.param(lambda: b"a\0b" * 100, "不接收", id="bytes"),
        pytest.param("【机密】某人".encode, "涉密", id="a marked text"),
        pytest.param(lambda: document("绝密★1年"), "涉密", id="a marked document"),
        pytest.param(lambda: document("x", more={"word/header1.xml": "<w:p>密级:秘密</w:p>".encode()}), "涉密", id="a header"),
    ],
)  # fmt: skip
def test_what_may_not_be_here_is_refused_with_the_reason(content: object, word: str) -> None:
    assert callable(content)
    with pytest.raises(file_examiner._Refused, match=word):
        look(content())


def test_a_zip_that_is_no_document_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", CONTENT_TYPES)
        archive.writestr("a.exe", b"MZ")
    with pytest.raises(file_examiner._Refused, match="不接收"):
        look(out.getvalue())
