"""The slip that a reporter takes away: the query code, the same as a QR picture, and the signed receipt."""

from math import isqrt
from typing import Any
from uuid import UUID

import zxingcpp
from fastapi import Response
from pydantic import BaseModel, Field

from services.intake.usecases.file_report import open_answer
from services.intake.usecases.submit_lead import Outcome
from shared.http import answered
from shared.idempotency import Answer

QUIET = 4
"""Cells of light about a symbol (ISO/IEC 18004)."""
SVG = "http://www.w3.org/2000/svg"
"""The name of the language, fetched by nobody; without it a picture that was saved is shown as text (SVG 2, 5.1)."""
_RUNS = [
    (cell * length, move % length) for length in (3, 2, 1) for cell, move in ((b"\0", b"h%d"), (b"\xff", b"m%d 0"))
]
"""Cells of one line that are alike, and how the pen goes over them: drawing where they are dark."""


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


class LeadNamed(BaseModel):
    """登记的线索,供受理员补充附件,不得印在回执上 / the lead, for the clerk who adds files; not to be printed on the slip."""

    id: UUID
    lead_no: str


class CounterSlip(Slip):
    """回执及登记的线索 / the slip, and which lead it became."""

    lead: LeadNamed | None = Field(
        description="仅供受理员,旧回答重发时为空 / for the clerk alone; null in an answer of before this was told"
    )


class SentSlip(BaseModel):
    """查询码和回执,由网关回复来件人;只给出这一次 / what the gateway sends back; told this once, and kept nowhere."""

    query_code: str
    receipt: ReceiptView
    text: str = Field(description="回复文字 / the words to send")


class DeskAnswer(BaseModel):
    """登记的线索;未发出过查询码的,附回执 / the lead, and the slip where no code was sent to its reporter before."""

    lead: LeadNamed
    slip: Slip | None


def answer_with_slip(outcome: Outcome, key: str, *, at_counter: bool = False) -> Response:
    """The answer, opened with the caller's own Idempotency-Key, with its picture; `at_counter`: for the clerk, with its lead."""
    found: dict[str, Any] = open_answer(outcome.answer.body, key)
    # what was sealed here is a slip already: it is not checked against its model again
    whole = {"lead_no": None, **({"lead": None} if at_counter else {}), **found}
    whole["query_code_svg"] = picture(found["query_code"])
    return answered(Answer(outcome.answer.status, whole), again=outcome.replayed)


def picture(code: str) -> str:
    """The code as a QR code: SVG without size, so that a page scales it. Level M still reads with a fold in the paper.

    The mask is fixed: random symbols show no pattern that another would break up, and trying all eight takes longer than the rest."""
    symbol = zxingcpp.create_barcode(code, zxingcpp.BarcodeFormat.QRCode, options="ecLevel=M,dataMask=3")
    image: Any = zxingcpp.write_barcode_to_image(symbol, scale=1)  # a buffer, which its stub does not say
    cells = bytes(image)
    side = isqrt(len(cells))
    dark = side - 2 * QUIET
    lines = range(QUIET * side + QUIET, (side - QUIET) * side, side)
    pen = (b"m-%d 1" % dark).join([cells[start : start + dark] for start in lines])
    for run, drawn in _RUNS:
        pen = pen.replace(run, drawn)
    path = f'<path stroke="#000" d="M{QUIET} {QUIET}.5{pen.decode()}"/>'
    return f'<svg xmlns="{SVG}" viewBox="0 0 {side} {side}">{path}</svg>'
