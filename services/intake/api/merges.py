"""Repeat reports: what may be the same matter and why, merging by two people and undoing it, and what another team looks at again."""

from datetime import date, datetime
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from services.intake.api.directory import UnitCode
from services.intake.api.stay_away import Away
from services.intake.db import merges, repeats
from services.intake.domain.codes import Level
from services.intake.domain.lead_states import Status
from services.intake.domain.merge import Merge, MergeState, ReExamination, ReExaminationState, suggested_level
from services.intake.domain.repeat_keys import secret_of
from services.intake.domain.repeat_score import FEATURES
from services.intake.usecases.decide_merge import decide_merge
from services.intake.usecases.dismiss_candidate import dismiss_candidate
from services.intake.usecases.find_repeats import find_repeats
from services.intake.usecases.give_re_examination import give_re_examination, note_re_examination
from services.intake.usecases.note_reading import note_page
from services.intake.usecases.propose_merge import propose_merge
from services.intake.usecases.read_repeats import read_repeats
from services.intake.usecases.undo_merge import decide_undo, propose_undo
from shared.auth import Principal
from shared.http import Now, Once, Order, Page, Paging, Reason, Tx, reader, require

router = APIRouter(tags=["重复举报 repeats"])
Analyst = Annotated[Principal, require("ana", "ofd")]
Director = Annotated[Principal, require("ofd")]
Reader = Annotated[Principal, require("ana", "ofd", "sup")]
FactsReader = Annotated[Principal, reader("ana", "ofd", "sup")]


class MergeOrder(Order):
    """The master, and why both are the same matter. 并案提议"""

    master_id: UUID
    reason: Reason


class DecisionOrder(Order):
    """The second person's word. 复核"""

    confirm: bool


class UndoOrder(Order):
    """Why these are two matters after all. 撤销并案提议"""

    reason: Reason


class ReExaminationOrder(Order):
    """The team, which is another than the one that found nothing. 交办复查"""

    unit: UnitCode


class FeatureView(BaseModel):
    """What speaks for or against, and how much (log-odds). 依据"""

    feature: str
    zh: str
    en: str
    share: float


class CandidateView(BaseModel):
    """A lead that may be the same matter: a suggestion, which a person decides on. 疑似重复"""

    lead_id: UUID
    lead_no: str
    received_on: date
    street: str | None
    status: Status
    merged_into: UUID | None
    likelihood: float = Field(description="0–1,仅供参考 / from 0 to 1, a suggestion")
    features: list[FeatureView]
    found_at: datetime
    decision: str | None = Field(description="决定:已并入(merged)或非同一事项(dismissed) / what was decided of the two")
    decided_by: str | None
    decided_at: datetime | None


class MergeView(BaseModel):
    """A merge with what was suggested, who proposed and who decided. 并案"""

    id: UUID
    lead_id: UUID
    master_id: UUID
    state: MergeState
    reason: str
    proposed_by: str | None
    proposed_at: datetime
    likelihood: float | None
    features: list[FeatureView]
    decided_by: str | None
    decided_at: datetime | None
    suggested_level: Level | None = Field(
        description="并入后的建议级别,由人确定 / level suggested then; a person decides"
    )
    undo_by: str | None
    undo_at: datetime | None
    undo_reason: str | None
    undone_by: str | None
    undone_at: datetime | None

    @classmethod
    def of(cls, merge: Merge) -> Self:
        fixed = {name: getattr(merge, name) for name in cls.model_fields}
        return cls(**fixed | {"features": told(merge.features or {})})


class DoneView(BaseModel):
    """What was done with the master while the merge stood. 并入期间的办理"""

    version: int
    action: str
    status: Status
    actor: str
    unit: str
    recorded_at: datetime


class UndoneView(BaseModel):
    """The merge, and the work done meanwhile, which stays with the master. 撤销结果"""

    merge: MergeView
    done_meanwhile: list[DoneView]


class RepeatView(BaseModel):
    """What a repeat adds to its master; nothing of its reporter. 重复举报"""

    lead_id: UUID
    lead_no: str
    received_on: date
    named: bool
    summary: str
    allegations: list[str]


class RepeatsView(BaseModel):
    """The repeats of a master, and the level that their number suggests. 重复举报汇总"""

    master_id: UUID
    repeat_count: int
    suggested_level: Level
    level: Level | None = Field(description="现定级别 / the level that a person chose")
    note: str
    repeats: list[RepeatView]


class ReExaminationView(BaseModel):
    """A lead that has a conclusion and was reported again. 有结论后又被举报"""

    merge_id: UUID
    lead_id: UUID
    repeat_id: UUID
    earlier_unit: str
    state: ReExaminationState
    opened_at: datetime
    conclusion: str = Field(description="并入时主线索的结论 / the conclusion of the master as it stood")
    unit: str | None
    given_by: str | None
    given_at: datetime | None

    @classmethod
    def of(cls, entry: ReExamination) -> Self:
        return cls.model_validate(entry, from_attributes=True)


def told(features: Any) -> list[FeatureView]:
    """Features in words, the strongest first."""
    ranked = sorted(features.items(), key=lambda item: (-abs(item[1]), item[0]))
    return [
        FeatureView(feature=name, zh=FEATURES[name][0], en=FEATURES[name][1], share=share)
        for name, share in ranked
        if name in FEATURES
    ]


@router.get("/leads/{lead_id}/candidates")
async def get_candidates(
    lead_id: UUID, request: Request, by: FactsReader, tx: Tx, away: Away, at: Now
) -> list[CandidateView]:
    """Leads that may be the same matter, with the reasons; the asking is put on record. 疑似重复线索(查询留痕)"""
    state = request.app.state
    secret, subjects = secret_of(state.digest), state.sealer.subjects
    found = await find_repeats(tx, lead_id, secret=secret, subjects=subjects, by=by, at=at)
    others = {lead.id: lead for lead in await repeats.get_many(tx, [each.candidate_id for each in found])}
    return [
        CandidateView(
            lead_id=each.candidate_id,
            lead_no=others[each.candidate_id].lead_no,
            received_on=others[each.candidate_id].received_on,
            street=others[each.candidate_id].street,
            status=others[each.candidate_id].standing,
            merged_into=others[each.candidate_id].merged_into,
            likelihood=round(each.likelihood, 4),
            features=told(each.features),
            found_at=each.found_at,
            decision=each.decision,
            decided_by=each.decided_by,
            decided_at=each.decided_at,
        )
        for each in found
        if each.candidate_id not in away
    ]


@router.post("/leads/{lead_id}/candidates/{candidate_id}/dismissal", status_code=204)
async def post_dismissal(lead_id: UUID, candidate_id: UUID, by: Analyst, tx: Tx, at: Now) -> None:
    """Not the same matter; suggestion and decision are both kept. 判定为非同一事项"""
    await dismiss_candidate(tx, lead_id, candidate_id, by=by, at=at)


@router.get("/leads/{lead_id}/repeats")
async def get_repeats(lead_id: UUID, request: Request, by: FactsReader, tx: Tx, at: Now) -> RepeatsView:
    """What the repeats of a master add to it; the reading is put on record. 主线索的重复举报(查阅留痕)"""
    state = request.app.state
    master, found = await read_repeats(
        tx, lead_id, secret=state.circle_secret, subjects=state.sealer.subjects, by=by, at=at
    )
    return RepeatsView(
        master_id=lead_id,
        repeat_count=len(found),
        suggested_level=suggested_level(master, len(found)),
        level=master.level,
        note="三次以上重复举报且来自不同举报人的为重大;是否不同举报人由人核实 / three repeats by different reporters make 重大; a person "
        "checks whether they differ",
        repeats=[
            RepeatView(
                lead_id=each.id,
                lead_no=each.lead_no,
                received_on=each.received_on,
                named=each.named,
                summary=each.summary,
                allegations=list(each.allegations),
            )
            for each in found
        ],
    )


@router.post("/leads/{lead_id}/merge", status_code=201, response_model=MergeView)
async def post_merge(
    lead_id: UUID, order: MergeOrder, request: Request, by: Analyst, tx: Tx, at: Now, once: Once
) -> Response:
    """Propose that a lead repeats another; someone else decides. 提议并案"""

    async def propose() -> MergeView:
        return MergeView.of(
            await propose_merge(
                tx, lead_id, order.master_id, order.reason, region=request.app.state.region, by=by, at=at
            )
        )

    return await once.reply(201, propose)


@router.get("/merges")
async def list_merges(
    by: FactsReader,
    tx: Tx,
    away: Away,
    at: Now,
    paging: Paging,
    state: MergeState | None = None,
    lead_id: UUID | None = None,
) -> Page[MergeView]:
    """Merges by time of proposal; the reading is put on record. 并案列表(查阅留痕)"""
    after = paging.after(datetime, UUID)
    await note_page(tx, by, "merges", after, lead_id=lead_id, at=at)
    rows = await merges.page(tx, state=state, lead_id=lead_id, away=away, after=after, limit=paging.limit + 1)
    return paging.page([MergeView.of(merge) for merge in rows], key=lambda merge: (merge.proposed_at, merge.id))


@router.get("/merges/{merge_id}")
async def get_merge(merge_id: UUID, by: FactsReader, tx: Tx, at: Now) -> MergeView:
    """One merge; the reading is put on record. 并案详情(查阅留痕)"""
    merge = await merges.get(tx, merge_id)
    await note_page(tx, by, "merges", None, lead_id=merge.lead_id, at=at)
    return MergeView.of(merge)


@router.post("/merges/{merge_id}/decision")
async def post_decision(
    merge_id: UUID, order: DecisionOrder, request: Request, by: Analyst, tx: Tx, at: Now
) -> MergeView:
    """Confirm or refuse a proposed merge, by another person than the proposer. 复核并案"""
    state = request.app.state
    return MergeView.of(
        await decide_merge(
            tx,
            merge_id,
            confirm=order.confirm,
            region=state.region,
            sealer=state.sealer,
            letters=state.letters,
            by=by,
            at=at,
        )
    )


@router.post("/merges/{merge_id}/undo")
async def post_undo(merge_id: UUID, order: UndoOrder, by: Analyst, tx: Tx, at: Now) -> MergeView:
    """Propose to undo a merge. 提议撤销并案"""
    return MergeView.of(await propose_undo(tx, merge_id, order.reason, by=by, at=at))


@router.post("/merges/{merge_id}/undo-decision")
async def post_undo_decision(
    merge_id: UUID, order: DecisionOrder, request: Request, by: Analyst, tx: Tx, at: Now
) -> UndoneView:
    """Confirm or refuse undoing, by another person; both leads stand as they would without the merge. 复核撤销并案"""
    state = request.app.state
    merge = await decide_undo(
        tx, merge_id, confirm=order.confirm, region=state.region, sealer=state.sealer, by=by, at=at
    )
    since = merge.decided_at if order.confirm else None
    done = await merges.done_since(tx, merge.master_id, since) if since else []
    return UndoneView(merge=MergeView.of(merge), done_meanwhile=[DoneView.model_validate(line) for line in done])


@router.get("/re-examinations")
async def list_re_examinations(
    _: Reader, tx: Tx, away: Away, paging: Paging, state: ReExaminationState | None = None
) -> Page[ReExaminationView]:
    """Leads that have a conclusion and were reported again, oldest first. 有结论后又被举报的线索"""
    rows = await merges.page_re_examinations(
        tx, state=state, away=away, after=paging.after(datetime, UUID), limit=paging.limit + 1
    )
    return paging.page(
        [ReExaminationView.of(entry) for entry in rows], key=lambda entry: (entry.opened_at, entry.merge_id)
    )


@router.post("/re-examinations/{merge_id}/assignment")
async def post_re_examination(
    merge_id: UUID, order: ReExaminationOrder, request: Request, by: Director, tx: Tx, at: Now
) -> ReExaminationView:
    """Charge another team than the one that found nothing with it; what is closed is reopened first. 交其他力量复查"""
    state = request.app.state
    return ReExaminationView.of(
        await give_re_examination(tx, merge_id, order.unit, region=state.region, sealer=state.sealer, by=by, at=at)
    )


@router.post("/re-examinations/{merge_id}/note")
async def post_note(merge_id: UUID, order: UndoOrder, by: Director, tx: Tx, at: Now) -> ReExaminationView:
    """What was reported again changes nothing, and why; not of what was found unfounded. 登记已阅,无须再查"""
    return ReExaminationView.of(await note_re_examination(tx, merge_id, order.reason, by=by, at=at))
