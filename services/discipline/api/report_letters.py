"""Letters between discipline and the reporter of a report past the office, and what he objects (D19, D12)."""

from datetime import date
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from services.discipline.api.legs import DetailReader, Handler
from services.discipline.api.reports import ReportView
from services.discipline.domain.letter import LONGEST, MOST_FILES, Kind, Letter, SentFile, Writer
from services.discipline.domain.report import How
from services.discipline.usecases.answer_report import (
    decide_objection,
    read_letters,
    record_feedback,
    record_objection,
    write_letter,
)
from services.discipline.usecases.read_file import content_of, read_file
from services.discipline.usecases.report_post import Post
from shared.auth import Principal
from shared.contracts.envelope import Code, SealedBox
from shared.http import Day, Now, Once, Order, Page, Paging, Tx, handed_out, require
from shared.http.words import TOLD

router = APIRouter(prefix="/reports/{report_id}", tags=["与举报人的往来 letters"])
Recorder = Annotated[Principal, require("dcm", "dhd")]
Leader = Annotated[Principal, require("dld")]
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
DOWNLOAD: dict[int | str, dict[str, Any]] = {200: {"content": {"application/octet-stream": {}}}}
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST, pattern=r"^[^\x00]*$")]


class Box(Order):
    """A file that was handed over for this reporter, in its box. 附件"""

    key_id: Code
    box: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]{1,8192}={0,2}$")]


class LetterOrder(Order):
    """A letter to the reporter; `result` tells what came of it, once it ended. 致举报人的信件"""

    kind: Literal[Kind.MESSAGE, Kind.RESULT] = Kind.MESSAGE
    text: Text
    files: list[Box] = Field(
        default_factory=list,
        max_length=MOST_FILES,
        description="附件:/intake/v1/passed-reports/{report_id}/files的回答 / files: the answers of that door",
    )


class FeedbackOrder(Order):
    """How and on which day the reporter was told. 反馈登记"""

    how: Literal[How.PHONE, How.VISIT, How.POST]
    on: Day


class ObjectionOrder(Order):
    """The letter that objects, or the day on which it was said otherwise. 异议登记"""

    letter: Annotated[int, Field(ge=1, le=2**31 - 1, strict=True)] | None = None
    on: Day | None = None

    @model_validator(mode="after")
    def _either(self) -> Self:
        if (self.letter is None) == (self.on is None):
            raise PydanticCustomError(TOLD, "请填写来信编号或当日日期,二者取一 / letter or on, one of the two")
        return self


class ObjectionDecision(Order):
    """Upheld: it is dealt with anew. The text goes to the reporter. 异议审查"""

    uphold: bool
    text: Text


class SentView(BaseModel):
    """It is sent. 已发出"""

    number: int
    sent_on: date


class FileView(BaseModel):
    """A file of the reporter; what he called it is shown to nobody. 举报人附件"""

    id: UUID
    media_type: str
    length: int = Field(description="原件字节数 / bytes, of the file as it came")
    sha256: str = Field(description="原件 / of the file as it came")
    shared_copy: bool = Field(description="有去除元数据的副本 / whether there is a copy without metadata")

    @classmethod
    def of(cls, file: SentFile) -> Self:
        return cls(
            id=file.id, media_type=file.media_type, length=file.length, sha256=file.sha256, shared_copy=file.copy
        )


class LetterView(BaseModel):
    """A letter, by days. 信件"""

    number: int
    writer: Writer
    kind: Kind
    text: str | None = Field(
        description="调取告知没有正文;已销毁的也没有 / that of an opening has none, nor has one that was destroyed"
    )
    file: FileView | None = Field(description="举报人附加的文件 / what the reporter added; the letter has no text then")
    files: list[UUID] = Field(
        description="信中提及的附件;举报人的各有一封来信 / files that the letter names; the reporter's each came in a letter of its own"
    )
    sent_on: date
    read_on: date | None = Field(description="对方首次查阅之日 / when the other side first read it")

    @classmethod
    def of(cls, letter: Letter, post: Post) -> Self:
        says = post.read(letter)
        return cls(
            number=letter.number,
            writer=letter.writer,
            kind=letter.kind,
            text=says.get("text"),
            files=says.get("files", []),
            file=FileView.of(file) if (file := SentFile.of(says)) else None,
            sent_on=letter.sent_on,
            read_on=letter.read_on,
        )


@router.post("/letters", status_code=201, response_model=SentView)
async def post_letter(
    report_id: UUID, order: LetterOrder, request: Request, by: Handler, tx: Tx, at: Now, once: Once
) -> Response:
    """Write to the reporter; only the holder of the query code reads it. 写信给举报人"""

    async def write() -> SentView:
        post: Post = request.app.state.post
        files = [SealedBox(key_id=each.key_id, box=each.box) for each in order.files]
        sent = await write_letter(tx, report_id, order.kind, order.text, files=files, post=post, by=by, at=at)
        return SentView(number=sent.number, sent_on=sent.sent_on)

    return await once.reply(201, write)


@router.get("/letters")
async def get_letters(
    report_id: UUID, request: Request, by: DetailReader, tx: Tx, paging: Paging, at: Now
) -> Page[LetterView]:
    """The thread with the reporter; the reading is put on record. 与举报人的往来信件(查阅留痕)"""
    (after,) = paging.after(int) or (0,)
    rows = await read_letters(tx, report_id, after=after, limit=paging.limit, by=by, at=at)
    return paging.page([LetterView.of(row, request.app.state.post) for row in rows], key=lambda row: (row.number,))


@router.get("/letters/{number}/file", response_class=StreamingResponse, responses=DOWNLOAD)
async def get_file(report_id: UUID, number: Number, request: Request, by: DetailReader, at: Now) -> Response:
    """Download a file of the reporter without its metadata (sound and film: as it came); on record. 下载举报人附件(查阅留痕)"""
    # on record before the first byte leaves, whatever becomes of the connection
    async with request.app.state.database.transaction() as tx:
        file = await read_file(tx, report_id, number, post=request.app.state.post, by=by, at=at)
    return await handed_out(str(file.id), content_of(request.app.state.files, file, original=False))


@router.post("/feedback")
async def post_feedback(report_id: UUID, order: FeedbackOrder, by: Handler, tx: Tx, at: Now) -> ReportView:
    """The reporter was told the result another way than by a letter. 登记反馈"""
    return ReportView.of(await record_feedback(tx, report_id, order.how, order.on, by=by, at=at))


@router.post("/objection")
async def post_objection(report_id: UUID, order: ObjectionOrder, by: Recorder, tx: Tx, at: Now) -> ReportView:
    """The reporter objects to what he was told; another person decides. 登记异议"""
    return ReportView.of(await record_objection(tx, report_id, letter=order.letter, made_on=order.on, by=by, at=at))


@router.post("/objection/decision")
async def post_objection_decision(
    report_id: UUID, order: ObjectionDecision, request: Request, by: Leader, tx: Tx, at: Now
) -> ReportView:
    """Uphold or refuse the objection. 审查异议"""
    post: Post = request.app.state.post
    return ReportView.of(
        await decide_objection(tx, report_id, uphold=order.uphold, text=order.text, post=post, by=by, at=at)
    )
