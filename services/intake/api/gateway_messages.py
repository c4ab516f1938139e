"""The gateways' door: a machine hands over e-mails, text messages and voicemails; each is answered by itself. 邮件短信语音接口"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, Request
from pydantic import AfterValidator, BaseModel, Field, StringConstraints, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from services.intake.api.batches import NOT_JSON, FieldError, batch_of, records_of, what_is_wrong
from services.intake.api.slip import SentSlip
from services.intake.clients.mail_reading import ReadMail, read_mails
from services.intake.domain.code_list import CodeBook
from services.intake.domain.gateway_message import MOST_PARTS, MOST_TEXT, Incoming, MessageFate, reply
from services.intake.domain.passed_report import Addressee
from services.intake.domain.report import Channel
from services.intake.usecases.take_messages import TakeMessages
from shared.auth import Principal
from shared.http import Day, Now, Order, require
from shared.http.words import TOLD

router = APIRouter(prefix="/gateway-messages", tags=["来件 gateway-messages"])
Gateway = Annotated[Principal, require("mgw")]
MOST_BYTES, MOST_RECORDS = 12 * 1024 * 1024, 500


def _in_base64(value: str) -> str:
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise PydanticCustomError(TOLD, "不是base64 / not base64") from None
    return value


Base64 = Annotated[str, StringConstraints(min_length=1), AfterValidator(_in_base64)]


class Recording(Order):
    """录音 / the recording of a voicemail."""

    name: Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00]*$")] = ""
    content: Base64 = Field(description="文件内容的base64 / the file in base64")


_NEEDED = {"email": ("mail",), "sms": ("text",), "voice": ()}
_MAY = {"email": {"mail"}, "sms": {"sender", "text", "part", "parts"}, "voice": {"sender", "text", "recording"}}
_OF_A_CHANNEL = {"mail", "sender", "text", "part", "parts", "recording"}


_FOR_DISCIPLINE = ("addressed_to", "about_office")
_TELLS = {"external_no", "channel", "part", *_FOR_DISCIPLINE}


class MessageItem(Order):
    """一件来件 / one message."""

    external_no: Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,200}$")] = Field(
        description="网关的来件编号;长短信各段相同 / the gateway's number for it, the same for all parts of a text message"
    )
    channel: Literal[Channel.EMAIL, Channel.SMS, Channel.VOICE]
    mail: Base64 | None = Field(default=None, description="邮件原文(RFC 5322)的base64 / the whole e-mail in base64")
    sender: Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[+0-9A-Za-z ()-]{1,32}$")] | None = (
        Field(
            default=None,
            description="主叫或发送号码,隐藏时不填 / the number it came from; left out when it is withheld",
        )
    )
    text: Annotated[str, StringConstraints(max_length=MOST_TEXT)] | None = Field(
        default=None, description="短信内容,或留言的转写 / of a text message, or the transcript of a voicemail"
    )
    part: Annotated[int, Field(ge=1, le=MOST_PARTS, strict=True)] = 1
    parts: Annotated[int, Field(ge=1, le=MOST_PARTS, strict=True)] = 1
    recording: Recording | None = None
    received_on: Day | None = Field(
        default=None, description="到达日期,缺省为今日 / the day it came; today when left out"
    )
    addressed_to: Addressee | None = Field(
        default=None,
        description="discipline 发往纪委监委的地址、号码 / it came to an address or number of discipline's",
    )
    about_office: bool | None = Field(
        default=None, description="来件人选择了反映扫黑办 / its sender chose that it is about the office"
    )

    @model_validator(mode="after")
    def _of_its_channel(self) -> Self:
        given = self.model_fields_set & _OF_A_CHANNEL
        if any(getattr(self, name) is None for name in _NEEDED[self.channel]):
            needed = _NEEDED[self.channel][0]
            raise PydanticCustomError(TOLD, "{name}:该渠道必填 / {name}: needed for this channel", {"name": needed})
        if strange := sorted(given - _MAY[self.channel]):
            names = ", ".join(strange)
            raise PydanticCustomError(TOLD, "该渠道不填写:{names} / not for this channel: {names}", {"names": names})
        if self.channel is Channel.VOICE and self.text is None and self.recording is None:
            raise PydanticCustomError(TOLD, "recording、text至少一项 / recording or text is needed")
        if self.part > self.parts:
            raise PydanticCustomError(TOLD, "part大于parts / part is more than parts")
        return self

    def raw(self) -> bytes:
        """The mail as it came."""
        return base64.b64decode(self.mail or "")

    def incoming(self, mail: ReadMail | None) -> Incoming:
        """As the use case takes it."""
        text, left_out = self.text or "", 0
        files: tuple[tuple[str, bytes], ...] = ()
        sender = {"phone": "".join(self.sender.split())} if self.sender else {}
        if mail:
            text = "\n".join(filter(None, (f"主题:{mail.subject}" if mail.subject else "", mail.text)))
            sender = {"name": mail.name, "email": mail.email, "note": mail.signature.strip()}
            files, left_out = mail.files, mail.left_out
        if self.recording:
            files = ((self.recording.name, base64.b64decode(self.recording.content)),)
        return Incoming(
            external_no=self.external_no,
            channel=self.channel,
            sender={name: value for name, value in sender.items() if value} or None,
            text=text,
            part=self.part,
            parts=self.parts,
            files=files,
            left_out=left_out,
            received_on=self.received_on,
            past_office=self.addressed_to is Addressee.DISCIPLINE or self.about_office is True,
            about_office=self.about_office is True,
        )


class ResultView(BaseModel):
    """What became of one message. 逐件结果"""

    index: int = Field(description="在本批中的序号,从0起 / its place in the batch, from 0")
    outcome: MessageFate
    errors: list[FieldError] = Field(default_factory=list)
    reference: str | None = Field(
        default=None,
        description="未接收的,本办清单(…/refused)中的编号;网关应保留原件 / its name in the office's list; keep the message",
    )
    slip: SentSlip | None = Field(
        default=None,
        description="仅运营方允许该网关回复查询码时 / only where the operator lets this gateway send codes",
    )


class ResultsView(BaseModel):
    """What became of a batch. 本批结果"""

    taken: int
    known: int
    refused: int
    records: list[ResultView]


Errors = tuple[tuple[str, str], ...]
_UNREADABLE: Errors = (("mail", "邮件无法读取 / the mail cannot be read"),)
_ITEM = MessageItem.model_json_schema(ref_template="#/components/schemas/{model}")
# in their places: a reference would be looked for in the document, not in this part of it
_DEFINED = _ITEM.pop("$defs")
for _name, _of in (("recording", "Recording"), ("addressed_to", "Addressee")):
    _ITEM["properties"][_name]["anyOf"][0] = _DEFINED[_of]
_ITEM["properties"]["channel"] = {"enum": [Channel.EMAIL.value, Channel.SMS.value, Channel.VOICE.value]}
DESCRIPTION = f"""接收电子邮件、短信、语音留言,一批最多{MOST_RECORDS}件、12MB:JSON数组,或每行一条JSON(application/x-ndjson)。
按网关和来件编号识别,重发不重复;有误的逐件告知,不影响其余。来件密封待受理员筛查;发送人即时为保管库密封。

Take e-mails, text messages and voicemails, up to {MOST_RECORDS} and 12 MB a batch: a JSON array, or a JSON object a line. A message is
known by its gateway and number and taken once; a bad one is told by index, field and reason, the others are taken all the same. Each
waits, sealed, for a clerk; its sender is sealed for the vault at once."""


@router.post(
    "",
    description=DESCRIPTION,
    openapi_extra=batch_of(_ITEM, MOST_RECORDS),
)
async def post_gateway_messages(request: Request, by: Gateway, at: Now) -> ResultsView:
    """Take a batch of messages; a bad one never stops the others. 接收来件"""
    take: TakeMessages = request.app.state.take_messages
    book: CodeBook = await request.app.state.codes()
    records = [_checked(each) for each in await records_of(request, most_bytes=MOST_BYTES, most=MOST_RECORDS)]
    mails = [item.raw() for item in records if isinstance(item, MessageItem) and item.mail]
    read = iter(await read_mails(mails))
    views = []
    for index, item in enumerate(records):
        if not isinstance(item, MessageItem):
            done = await take.refuse(item.errors, **item.known, by=by, at=at)
        elif (mail := next(read) if item.mail else None) is None and item.mail:
            done = await take.refuse(_UNREADABLE, **_known(item.model_dump(include=_TELLS)), by=by, at=at)
        else:
            done = await take(item.incoming(mail), book=book, by=by, at=at)
        errors = [FieldError(field=_ours(field, item), reason=reason) for field, reason in done.errors]
        slip = {**done.slip, "text": reply(done.slip["query_code"])} if done.slip else None
        views.append(ResultView(index=index, outcome=done.fate, errors=errors, slip=slip, reference=done.reference))
    counts = {fate.value: sum(view.outcome is fate for view in views) for fate in MessageFate}
    return ResultsView(**counts, records=views)


@dataclass(frozen=True, slots=True)
class _Wrong:
    """What is wrong with a record, and what is known of it all the same."""

    errors: Errors
    known: dict[str, Any]


def _checked(record: Any) -> MessageItem | _Wrong:
    """A message, or what is wrong with it."""
    if isinstance(record, ValueError):
        return _Wrong((("record", NOT_JSON),), _known({}))
    try:
        return MessageItem.model_validate(record)
    except ValidationError as fault:
        number, errors = what_is_wrong(record, fault)
        return _Wrong(errors, _known(record if isinstance(record, dict) else {}) | {"number": number})


def _known(record: Mapping[str, Any]) -> dict[str, Any]:
    """What is told of a refused message. Whatever stands where discipline is chosen counts as that, also when it is mistyped."""
    channel, part = record.get("channel"), record.get("part")
    return {
        "number": record.get("external_no"),
        "channel": Channel(channel) if isinstance(channel, str) and channel in _NEEDED else None,
        "part": part if isinstance(part, int) else 1,
        "past_office": any(record.get(name) not in (None, False) for name in _FOR_DISCIPLINE),
    }


def _ours(field: str, item: MessageItem | _Wrong) -> str:
    """A field of what was in a mail as the batch calls it."""
    whole = isinstance(item, MessageItem) and item.mail is not None
    return "mail" if whole and field.partition(".")[0] in ("text", "files", "facts") else field
