"""What intake itself decides of a lead beyond its assignment: → (new state, event). Frozen and pure; the table is `lead_states.MOVES`."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Literal

from services.intake.domain.codes import Level, Source, Tier
from services.intake.domain.conclusion import ELSEWHERE, UNFOUNDED
from services.intake.domain.lead import MOST_DISPUTES, Lead
from services.intake.domain.lead_states import MOVES, Action, Status
from services.intake.domain.office_name import means_the_office
from shared.contracts.envelope import AboutLead
from shared.contracts.intake import (
    FeedbackDelivered,
    FeedbackObjected,
    LeadAssigned,
    LeadClosed,
    LeadDeclined,
    LeadExpunged,
    LeadRecalled,
    LeadRedirected,
    LeadRedirectReturned,
    LeadReopened,
    LeadResumed,
    LeadRuled,
    LeadSealed,
    LeadSuspended,
)
from shared.contracts.verification import (
    WorkDisputed,
    WorkParked,
    WorkReportReturned,
    WorkReportSubmitted,
    WorkReturnedByReview,
    WorkTaskForceFormed,
    WorkTransferred,
    WorkTransferUndone,
    WorkWoken,
)
from shared.deadlines import Calendar, Deadline, china_date
from shared.errors import Forbidden, Invalid, NotAllowed

SEALABLE = UNFOUNDED | {"C7"}


def decline(lead: Lead, go_to: str, *, concerns_office: bool, at: datetime) -> tuple[Lead, LeadDeclined]:
    """Outside the scope. Raises `NotAllowed`; `Forbidden` for a report about the office itself, which goes upward."""
    told = lead.step(Action.DECLINE)
    _must_not_concern_the_office(lead, concerns_office=concerns_office)
    return told, LeadDeclined(lead_id=lead.id, go_to=go_to, effective_at=at)


def propose_decline(lead: Lead, *, concerns_office: bool) -> Lead:
    """An analyst proposes it and a director decides (§4.2); the lead stands as it stood. Raises as `decline`."""
    lead.must_allow(Action.DECLINE)
    _must_not_concern_the_office(lead, concerns_office=concerns_office)
    return lead.corrected()


def _must_not_concern_the_office(lead: Lead, *, concerns_office: bool) -> None:
    if concerns_office or means_the_office((lead.summary, *lead.allegations)):
        raise Forbidden(
            "反映本办自身问题的线索不得由本办决定不予受理,应报上级 / a report about the office itself is never "
            "declined here; it goes upward"
        )


def accept_after_all(lead: Lead, *, at: datetime) -> tuple[Lead, LeadReopened]:
    """An objection is upheld, by another person than the one who declined (`decide_objection.uphold`). Raises `NotAllowed`."""
    taken = lead.step(Action.ACCEPT_AFTER_ALL)
    return taken, LeadReopened(lead_id=lead.id, status="received", effective_at=at)


def redirect(
    lead: Lead, regulator: str, *, number: int, at: datetime, conclusion: str | None = None
) -> tuple[Lead, LeadRedirected]:
    """A matter of 乱 goes to the regulator; a superior's lead never does unchecked (M07): there 乱 is a finding (C6). `conclusion`: what a
    unit found. Raises `NotAllowed`, `Invalid`."""
    gone = lead.step(Action.REDIRECT)
    if lead.status is Status.CONCLUDED:
        if conclusion != ELSEWHERE:
            raise NotAllowed(
                "核查结论不是转治乱(C6),不转主管部门 / it was not found to be 乱 (C6); it goes to no regulator"
            )
    elif lead.source is Source.SUPERIOR or lead.tier is not Tier.DISORDER:
        told = "只有定为“乱”且非上级转办的线索可转主管部门 / only a lead of tier 乱 that no superior handed down is redirected"
        raise Invalid(told, fields=[("tier", told)])
    return gone, LeadRedirected(lead_id=lead.id, regulator=regulator, number=number, effective_at=at)


def return_redirect(lead: Lead, *, at: datetime) -> tuple[Lead, LeadRedirectReturned]:
    """The regulator gives it back: it is as classified again; what a unit had found to be 乱 goes to another team."""
    back = Action.RETURN_FINDING if lead.assignment else Action.RETURN_REDIRECT
    return lead.step(back), LeadRedirectReturned(lead_id=lead.id, effective_at=at)


def end_redirect(lead: Lead, *, leg_open: bool, at: datetime) -> tuple[Lead, LeadClosed]:
    """The regulator's result closes it. Raises `NotAllowed`, also while a leg of its dual assignment is open (§4.3)."""
    done = lead.step(Action.END_REDIRECT)
    _no_leg(leg_open=leg_open)
    return done, LeadClosed(lead_id=lead.id, by="regulator", effective_at=at)


def follow(lead: Lead, action: Action, **changes: Any) -> Lead:
    """It follows what verification says. What was said there before the word of a suspension came counts all the same: it stays suspended,
    over another state. Raises `NotAllowed`."""
    return replace(replace(lead, suspended_at=None).step(action, **changes), suspended_at=lead.suspended_at)


def refused(lead: Lead, unit: str) -> Lead:
    """The unit says "not ours" (D05). Raises `NotAllowed`, also when the ruling binds it."""
    if not lead.may_be_disputed_by(unit):
        raise NotAllowed("裁定后不得再提管辖异议 / the ruling binds; it is not disputed again")
    return follow(lead, Action.DISPUTE, refused_by=(*lead.refused_by, unit))


def rule(
    lead: Lead, unit: str, *, leading_group: bool, days: Calendar, since: date | None, at: datetime
) -> tuple[Lead, LeadRuled, LeadAssigned]:
    """Who is charged, after a dispute: by the office; after a second unit has refused by the leading group, for good (D05). `since`: from
    when the result is due, for a unit that is charged again; nobody gains time by disputing. Raises `NotAllowed`, `Forbidden`."""
    lead.must_allow(Action.RULE)
    if lead.assignment is None:
        raise NotAllowed("线索没有交办 / the lead has no assignment")
    binding = len(lead.refused_by) >= MOST_DISPUTES
    if binding and not leading_group:
        raise Forbidden("两个单位均提出异议,由领导小组裁定 / two units have refused; the leading group rules")
    disputed = lead.assignment.number
    since = since if unit in lead.refused_by else None
    lead, assigned = lead.charged(Action.RULE, unit, on=china_date(at), days=days, at=at, since=since)
    return (
        lead,
        LeadRuled(
            lead_id=lead.id, disputed_no=disputed, unit=unit, binding=assigned.dispute_by is None, effective_at=at
        ),
        assigned,
    )


def raise_level(lead: Lead) -> Lead:
    """Repeats of it, or what is found, make it 重大 while it is with a unit (§2.1); never less. Raises `NotAllowed`, also when it is."""
    raised = lead.step(Action.RAISE, level=Level.MAJOR)
    if lead.level is Level.MAJOR:
        raise NotAllowed("线索已定为重大 / the lead is of level major already")
    return raised


def recall(
    lead: Lead, unit: str, *, near: bool, leading_group: bool, due: Deadline | None, days: Calendar, at: datetime
) -> tuple[Lead, LeadRecalled, LeadAssigned]:
    """It is taken back from a unit that a subject or an interest touches (`near`), and given to one that has not had it: by the office, one
    of level 重大 by the leading group. `due`: when the result is due already (D07 runs on); None: nothing runs. What has said "not ours"
    says so no second time. Raises `NotAllowed`, also while nothing stands between, `Forbidden`, `Invalid`."""
    lead.must_allow(Action.RECALL)
    if lead.assignment is None:
        raise NotAllowed("线索没有交办 / the lead has no assignment")
    _must_be_near(lead, near=near, leading_group=leading_group)
    lead.must_be_another(unit)
    taken = LeadRecalled(lead_id=lead.id, recalled_no=lead.assignment.number, effective_at=at)
    lead, assigned = lead.charged(
        Action.RECALL, unit, on=china_date(at), days=days, at=at, due=due, earlier_units=lead.worked
    )
    return lead, taken, assigned


def recall_redirect(
    lead: Lead, regulator: str, *, near: bool, leading_group: bool, number: int, at: datetime
) -> tuple[Lead, LeadRedirected]:
    """The same from a regulator that has a matter of 乱: another one treats it. Raises `NotAllowed`, `Forbidden`."""
    gone = lead.step(Action.RECALL_REDIRECT)
    _must_be_near(lead, near=near, leading_group=leading_group)
    return gone, LeadRedirected(lead_id=lead.id, regulator=regulator, number=number, effective_at=at)


def _must_be_near(lead: Lead, *, near: bool, leading_group: bool) -> None:
    if lead.level is Level.MAJOR and not leading_group:
        raise Forbidden("重大线索的收回改交由领导小组决定 / a lead of level 重大 is taken back by the leading group")
    if not near:
        raise NotAllowed(
            "承办单位与该线索没有利害关系,不得收回改交 / nothing stands between the unit and the lead; it is not taken back"
        )


def suspend(lead: Lead, *, at: datetime) -> tuple[Lead, LeadSuspended]:
    """It stands still."""
    return lead.step(Action.SUSPEND, suspended_at=at), LeadSuspended(lead_id=lead.id, effective_at=at)


def resume(lead: Lead, *, at: datetime) -> tuple[Lead, LeadResumed]:
    """It goes on where it stood."""
    return lead.step(Action.RESUME, suspended_at=None), LeadResumed(lead_id=lead.id, effective_at=at)


def feed_back(
    lead: Lead, outcome: Literal["delivered", "attempts", "not-applicable"], *, at: datetime
) -> tuple[Lead, FeedbackDelivered]:
    """The reporter knows, or cannot be told."""
    return lead.step(Action.FEED_BACK), FeedbackDelivered(lead_id=lead.id, outcome=outcome, effective_at=at)


def object_to(lead: Lead, unit: str, *, days: Calendar, at: datetime) -> tuple[Lead, FeedbackObjected, LeadAssigned]:
    """The reporter objects with new facts: another team looks (D12). Raises `NotAllowed`, `Invalid` for a team that looked before."""
    lead.must_allow(Action.OBJECT)
    lead.must_be_another(unit)
    told = FeedbackObjected(lead_id=lead.id, effective_at=at)
    lead, assigned = lead.charged(
        Action.OBJECT, unit, on=china_date(at), days=days, at=at, earlier_units=lead.worked, refused_by=()
    )
    return lead, told, assigned


def re_examine(lead: Lead, unit: str, *, days: Calendar, at: datetime) -> tuple[Lead, LeadAssigned]:
    """It was found unfounded (查否) and is reported again: another team looks (§2.1). Raises `NotAllowed`, `Invalid` for a team that looked
    before."""
    lead.must_allow(Action.RE_EXAMINE)
    lead.must_be_another(unit)
    return lead.charged(
        Action.RE_EXAMINE, unit, on=china_date(at), days=days, at=at, earlier_units=lead.worked, refused_by=()
    )


def close(lead: Lead, *, leg_open: bool, at: datetime) -> tuple[Lead, LeadClosed]:
    """Done. Raises `NotAllowed`, also while a leg of its dual assignment is open (§4.3)."""
    done = lead.step(Action.CLOSE)
    _no_leg(leg_open=leg_open)
    return done, LeadClosed(lead_id=lead.id, by="feedback", effective_at=at)


def _no_leg(*, leg_open: bool) -> None:
    if leg_open:
        raise NotAllowed("双交办尚有一线未办结 / a leg of its dual assignment is open")


def take_up(lead: Lead, *, at: datetime) -> tuple[Lead, LeadReopened]:
    """What could not be verified (C4) is looked at again: its day has come, or something new."""
    return lead.step(Action.TAKE_UP), LeadReopened(lead_id=lead.id, status="reopened", effective_at=at)


def reopen(lead: Lead, *, at: datetime) -> tuple[Lead, LeadReopened]:
    """New evidence, or an order from above; two people have decided."""
    return lead.step(Action.REOPEN), LeadReopened(lead_id=lead.id, status="reopened", effective_at=at)


def seal(lead: Lead, *, conclusion: str | None, held: bool, at: datetime) -> tuple[Lead, LeadSealed]:
    """Unfounded (C3), not accepted, or merged into such a one (C7), and at rest. Raises `NotAllowed` for other conclusions and under
    a legal hold."""
    sealed = lead.step(Action.SEAL)
    found = conclusion if lead.merged_into is None else "C7"
    if lead.standing is not Status.NOT_ACCEPTED and found not in SEALABLE:
        raise NotAllowed(
            "只有查否(C3)、不予受理或并入(C7)的线索才封存 / only an unfounded, not accepted or merged lead is sealed"
        )
    _not_held(held=held)
    return sealed, LeadSealed(lead_id=lead.id, effective_at=at)


def expunge(lead: Lead, *, held: bool, at: datetime) -> tuple[Lead, LeadExpunged]:
    """Its retention is over. Raises `NotAllowed`, also under a legal hold."""
    gone = lead.step(Action.EXPUNGE)
    _not_held(held=held)
    return gone, LeadExpunged(lead_id=lead.id, effective_at=at)


def _not_held(*, held: bool) -> None:
    if held:
        raise NotAllowed("线索在依法保留中 / the lead is under a legal hold")


FOLLOWED: Mapping[type[AboutLead], Action] = {
    WorkDisputed: Action.DISPUTE,
    WorkTaskForceFormed: Action.FORM_TASKFORCE,
    WorkReportSubmitted: Action.SUBMIT_REPORT,
    WorkReportReturned: Action.RETURN_REPORT,
    WorkReturnedByReview: Action.RETURN_BY_REVIEW,
    WorkParked: Action.PARK,
    WorkWoken: Action.WAKE,
    WorkTransferred: Action.TRANSFER,
    WorkTransferUndone: Action.UNDO_TRANSFER,
}
"""What verification says → what the register does then. Signing and conclusions have more to them (usecases/follow_work)."""

REOPENED_BY = (Action.ACCEPT_AFTER_ALL, Action.TAKE_UP, Action.REOPEN)
"""What a `LeadReopened` may tell of; the state before says which."""
TOLD: Mapping[type[AboutLead], Callable[[Lead], Lead]] = {
    LeadDeclined: lambda lead: lead.step(Action.DECLINE),
    LeadRedirected: lambda lead: lead.step(
        Action.RECALL_REDIRECT if lead.status is Status.REDIRECTED else Action.REDIRECT
    ),
    LeadRedirectReturned: lambda lead: lead.step(Action.RETURN_FINDING if lead.assignment else Action.RETURN_REDIRECT),
    LeadResumed: lambda lead: lead.step(Action.RESUME, suspended_at=None),
    FeedbackDelivered: lambda lead: lead.step(Action.FEED_BACK),
    LeadClosed: lambda lead: lead.step(Action.END_REDIRECT if lead.status is Status.REDIRECTED else Action.CLOSE),
    LeadReopened: lambda lead: lead.step(next(each for each in REOPENED_BY if lead.status in MOVES[each])),
}
"""What intake said itself → the lead after it, for the way back after a restore."""
