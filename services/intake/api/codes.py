"""The code lists that forms offer, as they are in force on a day; and new versions of them, which take two people. 代码表"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field, StringConstraints

from services.intake.db import code_lists
from services.intake.domain import (
    codes,
    conflict,
    deadline,
    directory_codes,
    dual_assignment,
    lead_states,
    pause,
    report,
)
from services.intake.domain.code_list import LISTS, Entry, Version, VersionState
from services.intake.usecases.propose_codes import decide_on_codes, propose_codes
from shared.auth import Principal
from shared.codes import Labelled
from shared.contracts.envelope import Code
from shared.db import after_commit
from shared.deadlines import Colour, Step, china_date
from shared.http import Day, Now, Once, Order, Reason, Tx, require

router = APIRouter(prefix="/codes", tags=["代码表 codes"])
Director = Annotated[Principal, require("ofd")]
Reviewer = Annotated[Principal, require("qrv")]
Watcher = Annotated[Principal, require("icl", "ana", "ofd", "sup", "qrv", "aud")]
ListName = Literal["source", "source_l2", "area", "tier", "level", "manifestation"]
assert set(LISTS) == set(ListName.__args__)  # type: ignore[attr-defined]  # noqa: S101 - one list, two spellings
VersionName = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z._-]{0,31}$")]


def _words(most: int) -> Any:
    return StringConstraints(strip_whitespace=True, min_length=1, max_length=most, pattern=r"^[^\x00-\x1f\x7f]*$")


class CodeView(BaseModel):
    """One code with its words; a second-level source with the source that it belongs to. 代码"""

    code: str
    zh: str
    en: str
    parent: str | None = None


class CodeLists(BaseModel):
    """All lists, and since when their version is in force (until when, if another follows). 代码表"""

    version: str
    from_on: date
    until_on: date | None = Field(description="不再施行的第一日 / the first day it holds no more")
    lists: dict[str, list[CodeView]]


class EntryOrder(Order):
    """One code of a list. 代码"""

    code: Code
    zh: Annotated[str, _words(100)]
    en: Annotated[str, _words(100)]
    parent: Literal["S", "A", "M", "O"] | None = Field(
        default=None, description="二级来源所属的来源 / of a second-level source: its source"
    )


class VersionOrder(Order):
    """A new version as a file: the lists that change, whole; the others stay. 代码表新版本"""

    version: VersionName
    from_on: Day = Field(description="施行日期,最早明日 / the first day it is in force, tomorrow at the earliest")
    reason: Reason
    lists: dict[ListName, Annotated[list[EntryOrder], Field(max_length=200)]]


class ReviewOrder(Order):
    """The legal review's word. 法制审核"""

    adopt: bool
    reason: Reason | None = None


class VersionView(BaseModel):
    """A version, who proposed it and what became of it. 代码表版本"""

    version: str
    state: VersionState
    from_on: date
    until_on: date | None
    base: str | None
    reason: str
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    decision_reason: str | None
    lists: dict[str, list[CodeView]]

    @classmethod
    def of(cls, version: Version) -> Self:
        shown = {name: getattr(version, name) for name in cls.model_fields if name != "lists"}
        return cls(**shown, lists=_dated(version))


@router.get("")
async def get_codes(_: Annotated[Principal, require()], tx: Tx, at: Now, as_of: Day | None = None) -> CodeLists:
    """The code lists that are in force today, or were or will be on a day. 代码表"""
    version = (await code_lists.book(tx)).on(as_of or china_date(at))
    return CodeLists(
        version=version.version,
        from_on=version.from_on,
        until_on=version.until_on,
        lists={**_dated(version), **_LASTING},
    )


@router.get("/versions")
async def list_versions(_: Watcher, tx: Tx, state: VersionState | None = None) -> list[VersionView]:
    """All versions by their first day; `state=proposed` waits for the legal review. 代码表版本"""
    return [VersionView.of(version) for version in await code_lists.versions(tx, state=state)]


@router.post("/versions", status_code=201, response_model=VersionView)
async def post_version(order: VersionOrder, by: Director, at: Now, once: Once) -> Response:
    """Propose a new version. 提出代码表新版本"""
    lists = {str(name): tuple(Entry(**entry.model_dump()) for entry in each) for name, each in order.lists.items()}

    async def propose() -> VersionView:
        return VersionView.of(
            await propose_codes(once.tx, order.version, order.from_on, lists, order.reason, by=by, at=at)
        )

    return await once.reply(201, propose)


@router.post("/versions/{version}/review")
async def post_review(
    version: VersionName, order: ReviewOrder, request: Request, by: Reviewer, tx: Tx, at: Now
) -> VersionView:
    """Adopt it or not, by another person than the one who proposed it. 法制审核"""
    decided = await decide_on_codes(tx, version, adopt=order.adopt, reason=order.reason, by=by, at=at)
    after_commit(tx, request.app.state.codes.forget)
    return VersionView.of(decided)


def _dated(version: Version) -> dict[str, list[CodeView]]:
    return {
        name: [CodeView.model_validate(entry, from_attributes=True) for entry in version.entries(name)]
        for name in LISTS
    }


def _words_of(kind: type[Labelled]) -> Mapping[Any, tuple[str, str]]:
    return {one.value: (one.zh, one.en) for one in kind}


def _lasting() -> dict[str, list[CodeView]]:
    """The lists that the code itself fixes."""
    words: dict[str, Mapping[Any, tuple[str, str]]] = {
        "issuing_level": _words_of(codes.IssuingLevel),
        "go_to": _words_of(codes.GoTo),
        "discipline_ground": _words_of(codes.Ground),
        "channel": _words_of(report.Channel),
        "naming": _words_of(report.Naming),
        "status": _words_of(lead_states.Status),
        "dual_assignment_status": _words_of(dual_assignment.Status),
        "leg_status": dual_assignment.LEG_STATUS_WORDS,
        "deadline_kind": deadline.KIND_WORDS,
        "deadline_colour": _words_of(Colour),
        "deadline_step": _words_of(Step),
        "unit_kind": _words_of(directory_codes.UnitKind),
        "post": _words_of(directory_codes.Post),
        "placement_kind": _words_of(directory_codes.PlacementKind),
        "obstacle": _words_of(conflict.Obstacle),
        "recusal_ground": _words_of(conflict.Ground),
        "interest_status": _words_of(conflict.InterestStatus),
        "pause_status": _words_of(pause.Status),
    }
    return {
        name: [CodeView(code=code, zh=zh, en=en) for code, (zh, en) in labels.items()] for name, labels in words.items()
    }


_LASTING = _lasting()
