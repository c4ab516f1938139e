"""What a file is, told by its content; what is refused; and that a shared copy says nothing of who made it."""

import io
import zipfile

import pytest
from nacl.utils import random as random_bytes
from PIL import Image
from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    NameObject,
    NumberObject,
    PdfObject,
    StreamObject,
    TextStringObject,
)

from services.intake.clients import file_examiner
from services.intake.clients.file_examiner import HEAD, MOST_PAGES, examine
from services.intake.domain.attachment import MOST_EXAMINED
from tests.support.files import (
    CONTENT_TYPES,
    bomb,
    chinese_pdf,
    document,
    long_pdf,
    noted_pdf,
    pdf,
    pdf_of,
    photo,
)

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
        pytest.param(lambda: pdf_of(b" " * 76_000_000), "展开后过大", id="a bomb of a page"),
        pytest.param(lambda: long_pdf(MOST_PAGES + 1), "超过500页", id="pages"),
        pytest.param(lambda: b"a" * (MOST_EXAMINED + 1), "最大50 MB", id="bytes read whole"),
        pytest.param(large, "像素", id="pixels"),
        pytest.param(lambda: photo()[:200], "图片已损坏", id="half a picture"),
        pytest.param(lambda: pdf("x", password="x"), "加密", id="a password"),
        pytest.param(lambda: b"%PDF-1.7\nnothing", "PDF已损坏", id="no pdf"),
        pytest.param(lambda: b"PK\x03\x04" + b"x" * 100, "已损坏", id="no zip"),
        pytest.param(lambda: document("x", more={"word/vbaProject.bin": b"x"}), "宏", id="macros"),
        pytest.param(lambda: b"MZ" + b"\0" * 200, "不接收", id="a program"),
        pytest.param(lambda: b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 200, "转存为JPEG", id="a telephone's picture"),
        pytest.param(lambda: b"\x7fELF" + b"\0" * 200, "不接收", id="another program"),
        pytest.param(lambda: b"a\0b" * 100, "不接收", id="bytes"),
        pytest.param("【机密】某人".encode, "涉密", id="a marked text"),
        pytest.param(lambda: document("绝密★1年"), "涉密", id="a marked document"),
        pytest.param(lambda: chinese_pdf("绝密★1年"), "涉密", id="a marked pdf"),
        pytest.param(lambda: chinese_pdf("绝密★1年", "/UniGB-UCS2-H"), "涉密", id="a marked pdf in UCS-2"),
        pytest.param(lambda: chinese_pdf("绝密★1年", "/GBK-EUC-H"), "涉密", id="a marked pdf in GBK"),
        pytest.param(lambda: noted_pdf("机密★"), "涉密", id="a pdf with a marked note"),
        pytest.param(lambda: document("x", more={"word/header1.xml": "<w:p>密级:秘密</w:p>".encode()}), "涉密", id="a header"),
    ],
)  # fmt: skip
def test_what_may_not_be_here_is_refused_with_the_reason(content: object, word: str) -> None:
    assert callable(content)
    with pytest.raises(file_examiner._Refused, match=word):
        look(content())


def test_what_is_within_the_limits_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    assert look(chinese_pdf("反映有人强收费用,有人保守秘密"))[0] == look(long_pdf(MOST_PAGES))[0] == "application/pdf"
    monkeypatch.setattr(file_examiner, "MOST_EXAMINED", 20_000)
    assert look(b"a" * 20_000)[0] == "text/plain"


def test_a_document_is_weighed_by_all_that_it_unpacks_to_however_little_it_is_packed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert file_examiner.MOST_UNPACKED == 200 * 1024 * 1024
    monkeypatch.setattr(file_examiner, "MOST_UNPACKED", 100_000)
    parts = {f"word/{number}.bin": random_bytes(30_000) for number in range(3)}
    assert look(document("x", more=parts))[0].endswith("wordprocessingml.document")
    with pytest.raises(file_examiner._Refused, match="展开后过大"):
        look(document("x", more=parts | {"word/3.bin": random_bytes(30_000)}))


def test_a_zip_that_is_no_document_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", CONTENT_TYPES)
        archive.writestr("a.exe", b"MZ")
    with pytest.raises(file_examiner._Refused, match="不接收"):
        look(out.getvalue())


W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
RELATIONS = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'
OF = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
TELLING = {
    "package/services/metadata/core-properties/1.psmdcp": f"<c><dc:creator>{SECRET}</dc:creator></c>",
    "word/revised.xml": f'<w:p {W} w:rsidR="{SECRET}"><w:ins w:author="{SECRET}" w:date="{SECRET}"><w:t>kept</w:t></w:ins>'
    f"<w:del><w:delText>{SECRET}</w:delText></w:del></w:p>",
    "word/comments.xml": f'<w:comments {W}><w:comment w:author="{SECRET}" w:initials="{SECRET}"><w:t>kept</w:t></w:comment></w:comments>',
    "word/people.xml": f'<w:people {W}><w:person w:author="{SECRET}"><w:presenceInfo w:userId="{SECRET}"/></w:person></w:people>',
    "word/settings.xml": f'<w:settings {W}><w:rsids><w:rsid w:val="{SECRET}"/></w:rsids></w:settings>',
    "word/_rels/settings.xml.rels": f'<Relationships {RELATIONS}><Relationship Id="r1" Type="{OF}/attachedTemplate"'
    f' Target="file:///C:\\Users\\{SECRET}\\Normal.dotm" TargetMode="External"/></Relationships>',
    "xl/workbook.xml": f'<workbook><fileSharing userName="{SECRET}"/><absPath url="C:\\Users\\{SECRET}"/></workbook>',
    "xl/comments1.xml": f"<comments><authors><author>{SECRET}</author></authors></comments>",
    "xl/persons/person.xml": f'<personList><person displayName="{SECRET}" id="1"/></personList>',
    "xl/revisions/userNames.xml": f"<users>{SECRET}</users>",
    "customXml/item1.xml": f"<a>{SECRET}</a>",
    f"../../{SECRET}": "x",
}


@pytest.mark.parametrize("name", TELLING)
def test_no_part_of_a_document_tells_who_made_it(name: str) -> None:
    _, copy = look(document("反映有人强收费用", more={name: TELLING[name].encode()}))
    with zipfile.ZipFile(io.BytesIO(copy or b"")) as archive:
        everything = b"".join(part.encode() + archive.read(part) for part in archive.namelist())
    assert SECRET.encode() not in everything
    assert ("kept" in TELLING[name]) == (b"kept" in everything)


def test_a_document_fetches_nothing_by_itself_and_a_link_stays() -> None:
    links = (
        f'<Relationships {RELATIONS}><Relationship Type="{OF}/attachedTemplate" Target="http://far.example/t.dotm" TargetMode="External"/>'
        f'<Relationship Type="{OF}/hyperlink" Target="https://near.example/?a=1&amp;b=2" TargetMode="External"/></Relationships>'
    )
    _, copy = look(document("x", more={"word/_rels/document.xml.rels": links.encode()}))
    with zipfile.ZipFile(io.BytesIO(copy or b"")) as archive:
        written = archive.read("word/_rels/document.xml.rels").decode()
    assert "far.example" not in written
    assert "https://near.example/?a=1&amp;b=2" in written


def marked(text: str, before: str = "") -> str:
    return f'<?xml version="1.0" encoding="utf-8"?>{before}<w:document {W}><w:p><w:t>{text}</w:t></w:p></w:document>'


@pytest.mark.parametrize(
    ("part", "name"),
    [
        pytest.param(marked("&#x79D8;&#23494;★1年").encode(), "word/a.xml", id="numbers"),
        pytest.param(marked("<![CDATA[秘]]>密★1年").encode(), "word/a.xml", id="quoted"),
        pytest.param(marked("秘密★1年").replace("utf-8", "utf-16").encode("utf-16"), "word/a.xml", id="utf-16"),
        pytest.param(marked("秘密★1年").encode(), "word/a.XML", id="another name"),
        pytest.param(marked("秘密★1年").encode(), "word/a.bin", id="no name of xml"),
    ],
)
def test_a_mark_is_found_however_it_is_written(part: bytes, name: str) -> None:
    with pytest.raises(file_examiner._Refused, match="涉密"):
        look(document("x", more={name: part}))


@pytest.mark.parametrize("part", [
    marked("&m;★1年", '<!DOCTYPE x [<!ENTITY m "秘密">]>').encode(),
    marked("秘密★1年").replace("utf-8", "gb18030").encode("gb18030"),
    b"<w:p>",
])  # fmt: skip
def test_what_cannot_be_read_as_office_programs_write_it_is_refused(part: bytes) -> None:
    with pytest.raises(file_examiner._Refused, match="已损坏"):
        look(document("x", more={"word/a.xml": part}))


def test_a_pdf_is_copied_without_files_notes_and_what_acts_by_itself() -> None:
    writer, out = PdfWriter(clone_from=io.BytesIO(pdf("plain text"))), io.BytesIO()
    inside, picture = DecodedStreamObject(), StreamObject()
    inside.set_data(SECRET.encode())
    picture._data = photo(SECRET)
    picture.update(
        {
            NameObject("/Subtype"): NameObject("/Image"),
            NameObject("/Filter"): NameObject("/DCTDecode"),
            NameObject("/Width"): NumberObject(40),
            NameObject("/Height"): NumberObject(30),
            NameObject("/ColorSpace"): NameObject("/DeviceRGB"),
            NameObject("/BitsPerComponent"): NumberObject(8),
        }
    )
    rect = ArrayObject([NumberObject(n) for n in (0, 0, 9, 9)])
    file = DictionaryObject({
        NameObject("/Type"): NameObject("/Filespec"), NameObject("/F"): TextStringObject(SECRET),
        NameObject("/EF"): DictionaryObject({NameObject("/F"): writer._add_object(inside)}),
    })  # fmt: skip
    script = DictionaryObject({NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject("x")})
    web = DictionaryObject(
        {NameObject("/S"): NameObject("/URI"), NameObject("/URI"): TextStringObject("https://a.example")}
    )
    notes: list[dict[str, PdfObject]] = [
        {"/Subtype": NameObject("/FileAttachment"), "/FS": file},
        {"/Subtype": NameObject("/Text"), "/T": TextStringObject(SECRET)},
        {"/Subtype": NameObject("/Link"), "/A": script},
        {"/Subtype": NameObject("/Link"), "/A": web},
    ]
    for note in notes:
        writer.add_annotation(
            0, DictionaryObject({NameObject("/Rect"): rect} | {NameObject(k): v for k, v in note.items()})
        )
    resources = writer.pages[0]["/Resources"].get_object()
    assert isinstance(resources, DictionaryObject)
    resources[NameObject("/XObject")] = DictionaryObject({NameObject("/Im0"): writer._add_object(picture)})
    writer.write(out)
    assert out.getvalue().count(SECRET.encode()) >= 2
    _, copy = look(out.getvalue())
    assert copy
    assert SECRET.encode() not in copy
    assert b"JavaScript" not in copy
    read = PdfReader(io.BytesIO(copy))
    assert "plain text" in read.pages[0].extract_text()
    assert sum("/A" in note.get_object() for note in read.pages[0].annotations or []) == 1
    assert Image.open(io.BytesIO(read.pages[0].images[0].data)).size == (40, 30)
