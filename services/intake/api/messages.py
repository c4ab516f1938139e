"""The mailbox between a reporter and the office: for the holder of a code without signing in, for the office on the lead."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.intake.api.door import TOO_MANY, Door, Everyone, PublicRoute, Sending
from services.intake.api.reports import StatusOrder
from services.intake.domain.mailbox import FILES_AT_MOST, LONGEST, PAST_OFFICE, Kind, Message, Writer
from services.intake.domain.passed_report import PassedLetter
from services.intake.usecases.attachments import Store
from services.intake.usecases.letter_files import Enclosed, files_of
from services.intake.usecases.letters import Letters
from services.intake.usecases.passed_letters import PassedHolder, PassedMailbox
from services.intake.usecases.read_attachment import called
from services.intake.usecases.read_progress import ReadProgress
from services.intake.usecases.reporter_mailbox import Holder, Letter, Mailbox
from services.intake.usecases.write_to_reporter import read_mailbox, write_to_reporter
from shared.auth import Principal
from shared.errors import Invalid
from shared.http import Now, Once, Order, Page, Paging, Tx, answered, handed_out, reader, require

router = APIRouter(tags=["信箱 mailbox"])
open_doors = APIRouter(prefix="/reports", route_class=PublicRoute, responses=TOO_MANY)
Office = Annotated[Principal, require("ana", "ofd")]
OfficeReader = Annotated[Principal, reader("ana", "ofd")]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST, pattern=r"^[^\x00]*$")]
Files = Annotated[
    tuple[UUID, ...], Field(max_length=FILES_AT_MOST, description="已上传完成的附件编号 / files that are here whole")
]
FROM_OFFICE = (Kind.MESSAGE,)
"""Other kinds have doors of their own, with what has to be checked first."""


class LetterOrder(StatusOrder):
    """查询码(或线索编号加自选码)和信件 / the code and the letter."""

    text: Text


class MessageOrder(LetterOrder):
    """查询码(或线索编号加自选码)、信件和附件编号 / the code, the letter, and files sent before by the same code."""

    files: Files = ()


class FileOrder(StatusOrder):
    """查询码(或线索编号加自选码)和某封信件的附件 / the code, and which file of which letter."""

    number: Annotated[int, Field(ge=1, le=2**31 - 1)]
    file: UUID


class ThreadOrder(StatusOrder):
    """查询码(或线索编号加自选码);从哪一封之后读起 / the code, and after which message to read on."""

    after: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    limit: Annotated[int, Field(ge=1, le=100)] = 50


class OfficeLetterOrder(Order):
    """写给举报人的信件 / a letter to the reporter."""

    kind: Kind = Kind.MESSAGE
    text: Text
    files: Files = ()


class SentView(BaseModel):
    """已发出 / it is sent."""

    number: int
    sent_on: date


class EnclosedView(BaseModel):
    """信件的一个附件 / a file of a letter."""

    model_config = ConfigDict(from_attributes=True)
    id: UUID
    name: str | None = Field(
        description="文件名,举报人文件的名称只有举报人看到 / what it is called; of a reporter's file told to the reporter alone"
    )
    media_type: str | None
    length: int | None = Field(description="字节,如上传时 / in bytes, as it was sent")


class MessageView(BaseModel):
    """一封信件,只到日 / a message, by days."""

    number: int
    writer: Writer
    kind: Kind
    text: str
    files: list[UUID] = Field(description="附件编号 / its files")
    enclosed: list[EnclosedView] = Field(description="附件说明,依次 / what these files are, in their order")
    sent_on: date
    read_on: date | None = Field(description="对方首次查阅之日 / when the other side first read it")

    @classmethod
    def of(cls, message: Message, says: dict[str, Any], files: Sequence[Enclosed]) -> Self:
        return cls(
            number=message.number,
            writer=message.writer,
            kind=message.kind,
            text=says["text"],
            files=files_of(says),
            enclosed=list(map(EnclosedView.model_validate, files)),
            sent_on=message.sent_on,
            read_on=message.read_on,
        )

    @classmethod
    def of_passed(cls, letter: PassedLetter, kind: Kind, says: Mapping[str, Any], files: Sequence[Enclosed]) -> Self:
        return cls(
            number=letter.number,
            writer=letter.writer,
            kind=kind,
            text=says["text"],
            files=files_of(says),
            enclosed=list(map(EnclosedView.model_validate, files)),
            sent_on=letter.sent_on,
            read_on=letter.read_on,
        )


class ThreadView(BaseModel):
    """信件,按先后 / messages in their order; `next` goes into `after` for the following ones, null at the end."""

    items: list[MessageView]
    next: int | None
    notice: str | None = Field(
        default=None, description="由谁办理的说明 / who has the report, in plain words, when it is not the office"
    )


@open_doors.post("/messages", status_code=201, response_model=SentView)
async def post_message(order: MessageOrder, request: Request, sending: Sending) -> Response:
    """Write to the office, by the code, without signing in. 举报人写信"""
    box: Mailbox = request.app.state.mailbox
    if (passed := await passed_holder(request, order)) is not None:
        post: PassedMailbox = request.app.state.passed_mailbox
        answer, again = await post.write(
            passed, order.text, sending.claim, sending.solved, files=order.files, at=sending.at
        )
        return answered(answer, again=again)
    letter = Letter(Kind.MESSAGE, order.text, order.files)
    answer, again = await box.write(
        await holder_of(request, order), letter, sending.claim, sending.solved, at=sending.at
    )
    return answered(answer, again=again)


@open_doors.post("/messages/reading")
async def post_reading(_: Everyone, order: ThreadOrder, request: Request, at: Now) -> ThreadView:
    """Read the mailbox by the code, which is never part of an address. 举报人读信"""
    box: Mailbox = request.app.state.mailbox
    if (passed := await passed_holder(request, order)) is not None:
        post: PassedMailbox = request.app.state.passed_mailbox
        letters, more = await post.read(passed, after=order.after, limit=order.limit, at=at)
        items = [MessageView.of_passed(*one) for one in letters]
        # who holds the code is told; to whoever counts answers it is a mailbox like any other
        return ThreadView(items=items, next=items[-1].number if more else None, notice=" / ".join(PAST_OFFICE))
    holder = await holder_of(request, order)
    found, more = await box.read(holder, after=order.after, limit=order.limit, at=at)
    items = [MessageView.of(*one) for one in found]
    return ThreadView(items=items, next=items[-1].number if more else None)


@open_doors.post(
    "/messages/files",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/octet-stream": {}}}},
)
async def post_file(_: Everyone, order: FileOrder, request: Request) -> Response:
    """Fetch a file of a letter by the code, which is never part of an address. 举报人取信件附件"""
    box: Mailbox = request.app.state.mailbox
    store: Store = request.app.state.attachments
    if (passed := await passed_holder(request, order)) is not None:
        post: PassedMailbox = request.app.state.passed_mailbox
        return await handed_out(*await post.file(passed, store, number=order.number, file_id=order.file))
    holder = await holder_of(request, order)
    file, content = await box.file(holder, store, number=order.number, file_id=order.file)
    return await handed_out(called(store, file), content)


@router.post("/leads/{lead_id}/messages", status_code=201, response_model=SentView)
async def post_office_message(
    lead_id: UUID, order: OfficeLetterOrder, request: Request, by: Office, tx: Tx, at: Now, once: Once
) -> Response:
    """Write to the reporter; only the holder of the code reads it. 写信给举报人"""
    if order.kind not in FROM_OFFICE:
        told = "此类信件另有入口(invitations、feedback-letters、objection) / this kind has a door of its own"
        raise Invalid(told, fields=[("kind", told)])
    letters: Letters = request.app.state.letters

    async def write() -> SentView:
        sent = await write_to_reporter(tx, letters, lead_id, order.kind, order.text, files=order.files, by=by, at=at)
        return SentView(number=sent.number, sent_on=sent.sent_on)

    return await once.reply(201, write)


@router.get("/leads/{lead_id}/messages")
async def get_messages(
    lead_id: UUID, request: Request, by: OfficeReader, tx: Tx, paging: Paging, at: Now
) -> Page[MessageView]:
    """The thread with the reporter; reading takes a purpose and is put on record. 与举报人的往来信件"""
    letters: Letters = request.app.state.letters
    (after,) = paging.after(int) or (0,)
    store: Store = request.app.state.attachments
    rows = await read_mailbox(tx, letters, store, lead_id, after=after, limit=paging.limit, by=by, at=at)
    return paging.page([MessageView.of(*row) for row in rows], key=lambda row: (row.number,))


async def passed_holder(request: Request, order: StatusOrder) -> PassedHolder | None:
    """Who holds the code of a report past the office; None for any other code. Raises `Invalid` for a mistyped one."""
    if order.query_code is None:
        return None
    known: ReadProgress = request.app.state.read_progress
    report_id = await known.past_office(order.query_code)
    return PassedHolder.of(report_id, order.query_code) if report_id else None


async def holder_of(request: Request, order: StatusOrder) -> Holder:
    """Who holds the code. Raises `NotFound`, `Invalid`, `TooMany`, `Busy`."""
    box: Mailbox = request.app.state.mailbox
    if order.query_code is not None:
        return await box.by_code(order.query_code)
    door: Door = request.app.state.door
    lead_no = (order.lead_no or "").strip().upper()
    await door.guess(lead_no)
    holder = await box.by_own_code(lead_no, order.own_code or "")
    await door.guessed(lead_no)
    return holder


router.include_router(open_doors)
