"""Blackening parts of a page 涂黑: what shows who reported, or a third person, is taken out of a scan before others may read it (§2.3,
G1; PIPL §6, §51). Pure.

A copy is always made from the original and has all that was ever blackened in it: what one of them hides no later one shows.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID

from services.intake.domain.attachment import SEALED, Attachment, Door
from shared.codes import Labelled
from shared.errors import Forbidden, Invalid, NotAllowed
from shared.two_people import Person

MOST_PAGES = 60
MOST_AREAS = 200
"""Of one request."""
MOST_COPIES = 20
"""Of one original, one after the other."""
PICTURES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp", "image/bmp", "image/tiff"})
PDF = "application/pdf"


class Hides(Labelled):
    """What an area hides. 涂黑原因"""

    REPORTER = "reporter", "举报人身份", "who reported"
    THIRD_PERSON = "third-person", "无关第三人", "a third person"
    OTHER = "other", "其他", "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """A rectangle of a page as it is shown upright: the page's number from 1, the edges as parts of its width and height from the upper
    left corner (0 to 1)."""

    page: int
    left: float
    top: float
    right: float
    bottom: float
    reason: Hides

    def covers(self, other: Self) -> bool:
        """Whether the other one lies wholly in it."""
        across = self.left <= other.left and other.right <= self.right
        return self.page == other.page and across and self.top <= other.top and other.bottom <= self.bottom

    def pixels(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Left, top, right and bottom on a page of so many pixels: each that it touches is in it."""
        left, right = math.floor(self.left * width), math.ceil(self.right * width)
        top, bottom = math.floor(self.top * height), math.ceil(self.bottom * height)
        # an area at the very edge has a pixel, too
        return min(left, width - 1), min(top, height - 1), max(right, left + 1), max(bottom, top + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Redaction:
    """One blackened copy of an original, and what it added to those before it."""

    copy_id: UUID
    original_id: UUID
    lead_id: UUID
    number: int
    areas: tuple[Area, ...]
    pages: int
    redacted_by: str
    redacted_at: datetime


def check(areas: Sequence[Area]) -> None:
    """Raises `Invalid`, by field, for rectangles without extent."""
    wrong = []
    for number, area in enumerate(areas):
        if area.right <= area.left:
            wrong.append((f"areas.{number}.right", "应大于left / must be greater than left"))
        if area.bottom <= area.top:
            wrong.append((f"areas.{number}.bottom", "应大于top / must be greater than top"))
    if wrong:
        raise Invalid("涂黑范围有误 / areas are wrong", fields=wrong)


def must_be_seen(original: Attachment, earlier: Sequence[Redaction], by: Person) -> None:
    """Whether they may read what is to be blackened: the scan of a letter is known to who attached it, its copy to the office. Raises
    `Forbidden`."""
    if original.door in SEALED and not earlier and original.uploaded_by not in by.accounts:
        raise Forbidden(
            "信件扫描件由上传的受理员涂黑,110录音等由获准调阅的保管员涂黑"
            " / the clerk who attached a letter's scan blackens it, a keeper who may read it that of a call"
        )


def all_areas(original: Attachment, earlier: Sequence[Redaction], areas: Sequence[Area]) -> tuple[Area, ...]:
    """What a further copy hides: these and all of before. `earlier`: the copies of this original. Raises `Invalid`, `NotAllowed` when the
    file cannot be blackened, or nothing would be added."""
    check(areas)
    original.readable()
    if original.door is Door.MAILBOX:
        raise NotAllowed(
            "致举报人的附件只有双方可读,无需涂黑 / a file for the reporter is for the two alone; there is nobody to hide from"
        )
    if original.door is Door.REDACTED:
        raise NotAllowed("请对原件再次涂黑 / this is a copy; blacken its original again")
    if original.media_type not in PICTURES | {PDF}:
        raise NotAllowed(
            "只能涂黑图片和PDF,其他文件请先转成PDF / pictures and PDFs alone; make a PDF of other files first"
        )
    if len(earlier) >= MOST_COPIES:
        raise NotAllowed(f"该原件已涂黑{MOST_COPIES}次 / this original was blackened {MOST_COPIES} times")
    before = tuple(area for each in earlier for area in each.areas)
    if all(any(known.covers(area) for known in before) for area in areas):
        raise NotAllowed("这些范围已全部涂黑 / all of this is blackened already")
    return (*areas, *before)


def replaced(redactions: Sequence[Redaction]) -> dict[UUID, UUID]:
    """Files that are not given out any more → the copy that is in their place: originals, and copies that a later one followed."""
    newest: dict[UUID, Redaction] = {}
    for each in redactions:
        if each.original_id not in newest or each.number > newest[each.original_id].number:
            newest[each.original_id] = each
    place = {original: last.copy_id for original, last in newest.items()}
    place |= {each.copy_id: newest[each.original_id].copy_id for each in redactions}
    return {file: copy for file, copy in place.items() if file != copy}
