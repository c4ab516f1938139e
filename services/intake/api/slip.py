"""The slip that a reporter takes away: the query code, the same as a QR picture, and the signed receipt."""

import re
from functools import cache
from math import isqrt
from typing import Any

import zxingcpp
from fastapi import Response
from pydantic import BaseModel, Field

from services.intake.usecases.file_report import open_answer
from services.intake.usecases.submit_lead import Outcome
from shared.http import answered
from shared.idempotency import Answer

_DARK = re.compile(rb"\0+")


class ReceiptView(BaseModel):
    """签名回执:证明已经举报,不透露内容 / the signed receipt: proves the filing, tells nothing of its content."""

    version: str
    region: str
    number: str
    received_on: str
    content_hash: str
    key_id: str
    signature: str


class Slip(BaseModel):
    """查询码只显示这一次,请妥善保存 / the query code is shown this once, keep it safe."""

    query_code: str
    query_code_svg: str = Field(description="查询码的二维码 / the same as a QR code, SVG")
    receipt: ReceiptView
    lead_no: str | None = Field(default=None, description="仅自选查询码时提供 / only with a code of one's own")


def answer_with_slip(outcome: Outcome, key: str) -> Response:
    """The answer, opened with the caller's own Idempotency-Key, with its picture."""
    found: dict[str, Any] = open_answer(outcome.answer.body, key)
    whole = Slip(query_code_svg=picture(found["query_code"]), **found)
    return answered(Answer(outcome.answer.status, whole.model_dump(mode="json")), again=outcome.replayed)


def picture(code: str) -> str:
    """The code as a QR code: SVG without size, so that a page scales it. Level M still reads with a fold in the paper.

    The mask is fixed: random symbols show no pattern that another would break up, and trying all eight takes longer than the rest. A dark
    run never goes round a line's end, because a quiet zone of four lies about all (ISO/IEC 18004)."""
    symbol = zxingcpp.create_barcode(code, zxingcpp.BarcodeFormat.QRCode, options="ecLevel=M,dataMask=3")
    image: Any = zxingcpp.write_barcode_to_image(symbol, scale=1)  # a buffer, which its stub does not say
    cells = bytes(image)
    side = isqrt(len(cells))
    path = "".join([_line(side, *run.span()) for run in _DARK.finditer(cells)])
    return f'<svg viewBox="0 0 {side} {side}"><path stroke="#000" d="{path}"/></svg>'


@cache
def _line(side: int, start: int, end: int) -> str:
    """One dark run; there are some thousands that can be."""
    return f"M{start % side} {start // side}.5h{end - start}"
