"""A report past the office 绕行举报 (G22; 反有组织犯罪法 §53): its reporter addressed it to discipline, or says that it is about
the office that reads reports. Of such a report intake keeps the marks of its code and receipt, its days, and a box for discipline."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import SecretStr

from services.intake.domain.lead import Status
from services.intake.domain.mailbox import UNREAD_AT_MOST, Writer
from services.intake.domain.report import Step
from shared.contracts.envelope import SealedBox
from shared.errors import NotAllowed
from shared.file_key import WrappingKey


class Addressee(StrEnum):
    """受理机关:扫黑办(office)、纪委监委(discipline) / who shall read it: the office, or discipline."""

    OFFICE = "office"
    DISCIPLINE = "discipline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """All that is written of one. `spent`: the challenge that was solved for it, and until when it has to be remembered."""

    id: UUID
    received_on: date
    sealed: SealedBox
    code_mark: bytes
    receipt_mark: bytes
    spent: tuple[bytes, int] | None
    answer: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedLetter:
    """A letter as intake keeps it: a box that only the query code opens, and days. `theirs`: its number at discipline."""

    number: int
    writer: Writer
    theirs: int | None
    sent_on: date
    read_on: date | None
    box: str


def file_wrap(code: str) -> WrappingKey:
    """What wraps the keys of files that come with this query code in its one form: whoever has not the code opens none of them."""
    key = hashlib.blake2b(code.encode(), digest_size=32, person=b"xs-files.v1").digest()
    return WrappingKey(key_id="code", key=SecretStr(base64.b64encode(key).decode()))


def must_have_room(letters: Sequence[PassedLetter]) -> None:
    """Raises `NotAllowed` when the reporter wrote so often since discipline last did: intake does not learn what was read there."""
    since = 0
    for letter in letters:
        since = since + 1 if letter.writer is Writer.REPORTER else 0
    if since >= UNREAD_AT_MOST:
        raise NotAllowed(f"已有{since}封信待答复,请等待 / {since} messages wait for an answer, please wait")


def steps(received_on: date, accepted_on: date | None, ended_on: date | None) -> tuple[Step, ...]:
    """What the query code answers, in the very steps of any other report: who looks over the reporter's shoulder learns nothing."""
    days = ((Status.RECEIVED, received_on), (Status.ASSIGNED, accepted_on), (Status.CONCLUDED, ended_on))
    return tuple(Step(status, day) for status, day in days if day is not None)
