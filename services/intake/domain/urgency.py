"""Whether a lead is urgent 紧急 (D02) while it waits to be classified: it is said with it, a reporter claims it, a person decides.

A claim starts the four hours by itself and makes nothing else urgent: the lead is, once a person has said so (docs/decisions/0108).
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from services.intake.domain.deadline import URGENT, LeadDeadline, to_classify
from services.intake.domain.lead import Lead
from services.intake.domain.lead_states import Action, Status
from shared.deadlines import Calendar
from shared.errors import Invalid, NotAllowed

SAID = (
    "线索已分类,是否紧急以分类为准,并入的举报报称危险的除外 / it is classified, and the classification says whether it is urgent, unless a "
    "repeat claims danger"
)
CLAIMED = "并入的举报报称人身危险,尚待确认 / a repeat claims danger to life, and nobody has said whether it holds"
CLAIMS_SHOWN = 20
"""Claims, the oldest ones, that stand at the top of the lists that all leads are in; the others are in the list of claims alone, so that a
flood of them hides nothing."""


def is_claimed(lead: Lead, running: LeadDeadline) -> bool:
    """Whether its reporter claims danger and nobody has said yet what it is."""
    return running.limit_id == URGENT and running.stopped_at is None and not lead.urgent


def say_urgent(lead: Lead, *, urgent: bool, of_repeat: bool = False) -> Lead:
    """A person says whether it is. Raises `NotAllowed` once it is classified: then the classification says it, and no more is said here
    than whether what a repeat claims (`of_repeat`) makes it urgent."""
    if lead.standing is Status.RECEIVED:
        return lead.step(Action.SAY_URGENT, urgent=urgent)
    lead.must_allow(Action.SAY_URGENT)
    if not of_repeat:
        raise NotAllowed(SAID)
    return lead.step(Action.SAY_URGENT, urgent=lead.urgent or urgent)


def asks(lead: Lead, master: Lead, *, runs: bool) -> bool:
    """Whether somebody has to say of the matter whether it is urgent, now that `lead` is merged into `master`: it claims so (`runs`: within
    four hours), or is urgent while the master is not. What was not accepted, a person has read."""
    if master.status is Status.NOT_ACCEPTED or (lead.urgent and master.urgent):
        return False
    return runs or lead.urgent


def must_be_answered(*, urgent: bool | None) -> None:
    """A claim is confirmed or not by whoever classifies the lead. Raises `Invalid` when it is passed over in silence."""
    if urgent is None:
        told = "报称现在有人身危险,请写明是否紧急 / its reporter claims danger to life: say whether it is urgent"
        raise Invalid(told, fields=[("urgent", told)])


def limit_now(
    lead: Lead, rounds: Sequence[LeadDeadline], *, days: Calendar, at: datetime, claims: Sequence[LeadDeadline] = ()
) -> LeadDeadline | None:
    """What runs now that this was said, in place of the newest of these limits; None: that runs on. Four hours run from now, and never
    longer than what ran, for it or for the `claims` of its repeats; what is not urgent after all has its three days from the beginning."""
    running = rounds[-1]
    if not lead.urgent:
        return replace(to_classify(lead, days=days, at=_began(rounds)), round=running.round + 1)
    soonest = min((to_classify(lead, days=days, at=at), *claims), key=lambda one: one.due_at)
    anew = replace(soonest, lead_id=lead.id, round=running.round + 1)
    return anew if anew.due_at < running.due_at else None


def _began(rounds: Sequence[LeadDeadline]) -> datetime:
    """When the first of those began that followed one upon the other."""
    began = rounds[-1].started_at
    for earlier in reversed(rounds[:-1]):
        if earlier.stopped_at != began:
            break
        began = earlier.started_at
    return began
