"""The tus protocol 1.0.0 (core, creation, checksum, termination), shared by the doors that take files: its headers, read and written."""

import base64
import binascii
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Literal
from unicodedata import category
from uuid import UUID

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect

from services.intake.domain.attachment import MOST_BYTES, Attachment, State
from services.intake.usecases.attachments import Store
from services.intake.usecases.examine_attachment import examine_attachment
from services.intake.usecases.upload_attachment import Checksum, append
from shared.auth import Principal
from shared.errors import Invalid, Malformed, NotFound, Refused, Unavailable
from shared.http import Now, problems

VERSION = "1.0.0"
ALGORITHMS = ("sha256", "sha1")
CAPABILITIES = {
    "Tus-Version": VERSION,
    "Tus-Extension": "creation,checksum,termination",
    "Tus-Max-Size": str(MOST_BYTES),
    "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
}
CHUNK = "application/offset+octet-stream"
CREATION: dict[str, Any] = {
    "parameters": [
        {"in": "header", "name": name, "required": needed, "schema": {"type": "string"}}
        for name, needed in (("Tus-Resumable", True), ("Upload-Length", True), ("Upload-Metadata", False))
    ]
}
"""For the API page: the headers of a creation, which are read by hand."""
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Signs that turn the direction of writing: with them `gpj.exe` is read as `exe.jpg` (UAX 9)."""
_NUMBER = re.compile(r"^\d{1,15}$", re.ASCII)
RESPONSES = problems.responses(
    {
        410: "已取消或过期 / Gone",
        412: "不支持的tus版本 / Another version of tus",
        415: "类型应为application/offset+octet-stream / Another content type",
        423: "另一请求正在上传 / Another request is uploading",
        460: "校验值不符 / The checksum does not fit",
    }
)


class _OtherVersion(Refused):
    status, code, zh, en = 412, "tus-version", "不支持的tus版本", "Another version of tus"


class _OtherType(Refused):
    status, code, zh, en = 415, "unsupported-media-type", "类型不符", "Another content type"


class _Locked(Refused):
    status, code, zh, en = 423, "locked", "另一请求正在上传该文件", "Another request is uploading this file"


class _Gone(Refused):
    status, code, zh, en = 410, "gone", "上传已取消或过期", "Given up or expired"


class TusRoute(APIRoute):
    """A route that speaks tus: the version is agreed on first, and stands in every answer."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override] # Coroutine is one
        """The framework's handler between the protocol's headers."""
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                response = await self.guarded(request, inner)
            except Refused as refused:
                response = problems.answer(refused)
            if response.status_code == 412:
                response.headers["Tus-Version"] = VERSION
            response.headers["Tus-Resumable"] = VERSION
            response.headers["Cache-Control"] = "no-store"
            return response

        return handle

    async def guarded(self, request: Request, inner: Callable[[Request], Awaitable[Response]]) -> Response:
        """The request itself, after what the door asks first."""
        return await inner(request)


def agree(request: Request) -> None:
    """Raises `_OtherVersion`. Called when it is known who asks."""
    if request.headers.get("tus-resumable") != VERSION:
        raise _OtherVersion(f"Tus-Resumable应为{VERSION} / must be {VERSION}")


def length_of(request: Request) -> int:
    """Upload-Length. Raises `Malformed`."""
    return _number(request, "Upload-Length")


def name_of(request: Request) -> str:
    """The file's name from Upload-Metadata; other entries are not kept. Raises `Malformed`."""
    for entry in filter(None, (entry.strip() for entry in request.headers.get("upload-metadata", "").split(","))):
        key, _, value = entry.partition(" ")
        if key == "filename":
            try:
                name = base64.b64decode(value, validate=True).decode()
            except (binascii.Error, UnicodeDecodeError, ValueError):
                raise _malformed("Upload-Metadata", "无法读取 / cannot be read") from None
            if any(category(sign) == "Cc" or sign in _TURNING for sign in name):
                raise _malformed("Upload-Metadata", "含有控制字符 / holds control characters")
            return name.replace("\\", "/").rsplit("/", 1)[-1].strip()
    return ""


def says(request: Request, word: Literal["letter", "mailbox"]) -> bool:
    """Whether Upload-Metadata has this word without a value: the scan of a letter, or a file for a letter to the reporter."""
    return any(entry.strip() == word for entry in request.headers.get("upload-metadata", "").split(","))


async def go_on(
    request: Request, store: Store, attachment_id: UUID, *, by: Principal | None, at: Now, waits: bool = False
) -> Response:
    """PATCH: take what comes. What makes the file whole has it examined at once; a refusal is the answer then. When it cannot be
    examined now the clock does it, or with `waits` the sender is told to ask again. Raises `Unavailable` then."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != CHUNK:
        raise _OtherType(f"类型应为{CHUNK} / the content type must be {CHUNK}")
    offset, checksum = _number(request, "Upload-Offset"), _checksum(request)
    busy: set[UUID] = request.app.state.uploading
    if attachment_id in busy:
        raise _Locked("另一请求正在上传该文件 / another request is uploading this file")
    busy.add(attachment_id)
    try:
        attachment = await append(
            request.app.state.database, store, attachment_id, _until_cut(request, whole=checksum is not None),
            at=offset, checksum=checksum,
        )  # fmt: skip
        if attachment.state is State.EXAMINING:
            attachment = await _examined(request, store, attachment, by=by, at=at, waits=waits)
    finally:
        busy.discard(attachment_id)
    return Response(status_code=204, headers={"Upload-Offset": str(attachment.offset)})


async def settled(
    request: Request, store: Store, attachment: Attachment, *, by: Principal | None, at: Now
) -> Attachment:
    """What is whole and was left unexamined (a crash, a silent scanner) is examined now. Raises `Unavailable`, `Invalid`."""
    busy: set[UUID] = request.app.state.uploading
    if attachment.state is not State.EXAMINING or attachment.id in busy:
        return attachment
    busy.add(attachment.id)
    try:
        return await _examined(request, store, attachment, by=by, at=at, waits=True)
    finally:
        busy.discard(attachment.id)


async def _examined(
    request: Request, store: Store, attachment: Attachment, *, by: Principal | None, at: Now, waits: bool
) -> Attachment:
    try:
        found = await examine_attachment(request.app.state.database, store, attachment.id, by=by, at=at)
    except Unavailable:
        if waits:
            raise Unavailable(
                "文件已收到,暂时不能检查,请稍后再查询或续传 / the file is here and cannot be examined now, ask again later"
            ) from None
        return attachment  # it is here; the clock has it examined
    if found.state is State.REFUSED and found.refusal:
        raise Invalid(found.refusal["reason"], fields=[(found.refusal["field"], found.refusal["reason"])])
    return found


def standing(attachment: Attachment) -> Response:
    """HEAD: how much is here. Raises `_Gone`, `NotFound`."""
    if attachment.state in (State.GONE, State.REFUSED, State.SHREDDED):
        raise _Gone("上传已取消、过期或未通过检查 / given up, expired or refused")
    headers = {"Upload-Offset": str(attachment.offset), "Upload-Length": str(attachment.length)}
    return Response(status_code=200, headers=headers)


def begun(request: Request, attachment: Attachment, path: str) -> Response:
    """201 with the address to go on at, relative to this host."""
    root = f"/{request.app.state.service}/v1"
    return Response(status_code=201, headers={"Location": f"{root}{path}/{attachment.id}"})


def not_yours() -> NotFound:
    """The same words whether there is such a file or not."""
    return NotFound("没有该附件 / no such file")


async def _until_cut(request: Request, *, whole: bool) -> AsyncIterator[bytes]:
    """The body; when the sender breaks off what came is good, unless only the whole of it is."""
    try:
        async for chunk in request.stream():
            yield chunk
    except ClientDisconnect:
        if whole:
            raise Malformed("传输中断 / broken off") from None


def _checksum(request: Request) -> Checksum | None:
    given = request.headers.get("upload-checksum")
    if given is None:
        return None
    algorithm, _, value = given.partition(" ")
    try:
        digest = base64.b64decode(value, validate=True)
    except binascii.Error:
        raise _malformed("Upload-Checksum", "无法读取 / cannot be read") from None
    if algorithm not in ALGORITHMS:
        raise _malformed("Upload-Checksum", f"算法应为{'、'.join(ALGORITHMS)} / the algorithm must be one of these")
    return Checksum(algorithm, digest)


def _number(request: Request, header: str) -> int:
    value = request.headers.get(header.lower(), "")
    if not _NUMBER.match(value):
        raise _malformed(header, "应为非负整数 / must be a whole number")
    return int(value)


def _malformed(header: str, reason: str) -> Malformed:
    return Malformed(f"{header}: {reason}", fields=[(header, reason)])
