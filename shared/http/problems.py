"""Every refusal as RFC 9457 problem+json: what is wrong, in which field, why; never internals, never what somebody typed."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import sqlalchemy.exc
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from shared import errors
from shared.db import LOCK_TIMEOUT, is_transient
from shared.errors import Refused
from shared.http import words

log = structlog.get_logger(__name__)


class FieldProblem(BaseModel):
    """A field (dotted path) and the reason. 有误的字段及原因"""

    field: str
    reason: str


class Problem(BaseModel):
    """A refusal (RFC 9457), the same fields in each; `title` is Chinese first, English second, `code` is for machines. 拒绝办理的说明"""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldProblem] = Field(default=[], description="无字段有误时为空 / empty when no field is at fault")


def responses(texts: Mapping[int, str]) -> dict[int | str, dict[str, Any]]:
    """Refusals by status, for the API page. By reference, not as a model: the framework would build a validator of it for each status of
    each route, most of an app's start."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": text, "content": content} for status, text in texts.items()}


RESPONSES = responses(
    {
        400: "请求格式有误 / Malformed",
        401: "未登录 / Not signed in",
        403: "无权办理 / Not permitted",
        404: "未找到 / Not found",
        409: "当前状态不允许 / Not allowed in this state",
        413: "内容过大 / Too large",
        422: "内容不符合要求 / Invalid content",
        503: "暂时不可用 / Temporarily unavailable",
    }
)


def schemas() -> dict[str, Any]:
    """What the references name, for the document's components."""
    schema = Problem.model_json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
    return {**schema.pop("$defs"), Problem.__name__: schema}


_BY_STATUS: dict[int, type[Refused]] = {
    400: errors.Malformed,
    404: errors.NotFound,
    413: errors.TooLarge,
}


def answer(refused: Refused) -> JSONResponse:
    """A refusal as a response."""
    problem = Problem(
        title=refused.title,
        status=refused.status,
        detail=refused.detail or refused.title,
        code=refused.code,
        errors=[FieldProblem(field=field, reason=reason) for field, reason in refused.fields],
    )
    headers = {}
    if refused.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if refused.status in (429, 503):
        headers["Retry-After"] = str(refused.wait)
    return JSONResponse(problem.model_dump(), refused.status, headers, media_type="application/problem+json")


def install(app: FastAPI) -> None:
    """Make every error of the app a problem."""
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(ClientDisconnect, _gone)
    for kind in (sqlalchemy.exc.SQLAlchemyError, OSError, TimeoutError, Exception):
        app.add_exception_handler(kind, _unexpected)


async def _refused(_: Request, fault: Exception) -> JSONResponse:
    return answer(fault if isinstance(fault, Refused) else Refused())


async def _invalid(request: Request, fault: Exception) -> JSONResponse:
    found = fault.errors() if isinstance(fault, RequestValidationError) else []
    if any(error["type"] == "json_invalid" for error in found):
        return answer(errors.Malformed("内容不是JSON / the body is not JSON"))
    found = words.without_keys_made_up(found)
    where = partial(words.field, signed_in=signed_in(request))
    fields = list(dict.fromkeys((where(error), words.reason(error)) for error in found[:50]))
    headers = list(dict.fromkeys(where(error) for error in found if error["loc"][:1] == ("header",)))
    named = ", ".join(dict.fromkeys(field for field, _ in fields[:10] if field not in headers))
    if headers:
        # a key that is missing or unreadable is a malformed request, whatever else is wrong; what else is, is told apart
        told = f"请求头缺少或无法读取 / a header is missing or cannot be read: {', '.join(headers)}"
        more = f";另请检查 / please check, too: {named}" if named else ""
        return answer(errors.Malformed(told + more, fields=fields))
    return answer(errors.Invalid(f"请检查 / please check: {named}", fields=fields))


def signed_in(request: Request) -> bool:
    """Whether the door knows who calls."""
    return hasattr(request.state, "principal")


async def _http(_: Request, fault: Exception) -> JSONResponse:
    status = fault.status_code if isinstance(fault, HTTPException) else 500
    if status == 405:
        refused: Refused = errors.Refused("该地址不支持此方法 / this address does not take that method")
        refused.status, refused.code = 405, "method-not-allowed"
    else:
        refused = _BY_STATUS.get(status, errors.Malformed)()
    return answer(refused)


async def _gone(request: Request, _: Exception) -> JSONResponse:
    """The caller hung up within the body: a network's everyday, no fault of ours, and nobody reads the answer."""
    log.info("http.hung_up", method=request.method)
    return answer(errors.Malformed("内容没有传完 / the body did not come whole"))


async def _unexpected(request: Request, fault: Exception) -> JSONResponse:
    return unexpected(request.method, fault)


def unexpected(method: str, fault: BaseException) -> JSONResponse:
    """A database that is away is said as such; anything else is our fault, logged by class and place, told without internals."""
    sqlstate = getattr(getattr(fault, "orig", None), "sqlstate", None) or ""
    if sqlstate == "23505":
        # two that were first at the same moment: the constraint let one in
        return answer(errors.Registered("已有相同的登记 / this exists already"))
    if sqlstate.startswith("22"):
        # the last net for what the schemas let through: a character or number that cannot be stored
        return answer(errors.Invalid("有内容无法保存 / a value cannot be stored"))
    if isinstance(fault, sqlalchemy.exc.TimeoutError) or sqlstate == LOCK_TIMEOUT:
        # the pool has no connection left, or a row is held: the database is there
        log.warning("http.busy", method=method, error=type(fault).__name__)
        return answer(errors.Busy("同时办理的请求过多 / too much is being done at once"))
    if isinstance(fault, errors.NeedsOperator):
        log.critical("http.needs_operator", reason=str(fault))
        return answer(errors.Unavailable("需要运维人员处理 / an operator is needed; readiness says why"))
    if is_transient(fault):
        log.warning("http.unavailable", method=method, error=type(fault).__name__)
        return answer(errors.Unavailable("数据库没有应答 / the database does not answer"))
    log.error("http.unexpected", method=method, exc_info=fault)
    problem = Problem(
        title="系统内部错误 / Internal error", status=500, detail="错误已记录 / the error is on record", code="internal"
    )
    return JSONResponse(problem.model_dump(), 500, media_type="application/problem+json")
