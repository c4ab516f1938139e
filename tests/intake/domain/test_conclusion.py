"""What each conclusion of §2.4 asks for before it is told and closed with: state × conclusion, all of it."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from services.intake.domain import lead_life
from services.intake.domain.conclusion import must_be_an_end, must_be_handed_on, must_be_pending
from services.intake.domain.handover import Handover, is_known
from services.intake.domain.lead_states import MOVES, Action, Status
from services.intake.domain.report import AGAIN, PROGRESS, Step, as_pending
from shared.deadlines import profile_of
from shared.errors import Invalid, NotAllowed
from tests.intake.domain.test_lead_states import at
from tests.support.builders import DAY, DAYS, NOON, lead

CODES = ("C1", "C2", "C3", "C4", "C5", "C6", "C8", None)
"""C7 is a merge; None: a restore has lost it."""
ENDS = {
    Status.CONCLUDED: {"C1", "C2", "C3", "C8", None},
    Status.TRANSFERRED: {"C1", "C2", "C3", "C5", "C6", "C8", None},
}
"""With a receipt of the other organ on file; without one nothing that is transferred is an end."""


def allowed(done: Callable[[], Any]) -> bool:
    try:
        done()
    except NotAllowed:
        return False
    return True


@pytest.mark.rule("D11", "G-FEED")
@pytest.mark.parametrize("code", CODES)
def test_only_an_end_is_told_in_each_state_that_is_told(code: str | None) -> None:
    assert set(ENDS) == set(MOVES[Action.FEED_BACK])
    for status, ends in ENDS.items():
        for taken in (True, False):
            wanted = code in ends and (taken or status is Status.CONCLUDED)
            assert allowed(partial(must_be_an_end, code, status, taken=taken)) is wanted, (status, taken)


@pytest.mark.parametrize("code", CODES)
def test_what_is_done_with_one_conclusion_alone_is_refused_for_the_others(code: str | None) -> None:
    assert allowed(lambda: must_be_pending(code)) is (code == "C4")
    assert allowed(lambda: must_be_handed_on(code)) is (code == "C5")
    for status in Status:
        done = partial(lead_life.redirect, at(status), "SJ", number=1, at=NOON, conclusion=code)
        wanted = status is Status.CLASSIFIED or (status is Status.CONCLUDED and code == "C6")
        assert allowed(done) is wanted, status


@pytest.mark.rule("D05")
def test_a_transfer_is_taken_once_or_is_back_when_its_time_is_over() -> None:
    sent = Handover(lead_id=lead().id, number=1, organ="SJ", letter_no="1", sent_by="ofd", sent_at=NOON)
    taken, back = sent.receive("回1", DAY, today=DAY), sent.take_back(at=NOON)
    for closed in (taken, back):
        assert not closed.is_open
        assert not allowed(partial(closed.receive, "回2", DAY, today=DAY))
        assert not allowed(partial(closed.take_back, at=NOON))
    for day in (DAY - timedelta(days=1), DAY + timedelta(days=1)):
        with pytest.raises(Invalid, match="今天之间"):
            sent.receive("回1", day, today=DAY)
    limit = profile_of("district-default-1")["D05"]
    last = DAYS.working_days(DAY, 2).on
    assert [one.is_over(limit, DAYS, today=last + timedelta(days=n)) for one in (sent, taken) for n in (0, 1)] == [
        *(False, True),
        *(False, False),
    ]


@pytest.mark.parametrize("status", Status)
def test_what_verification_says_of_a_transfer_that_the_office_was_first_with_is_known_in_each_state(
    status: Status,
) -> None:
    sent = Handover(lead_id=lead().id, number=1, organ="SJ", letter_no="1", sent_by="ofd", sent_at=NOON)
    taken, back = sent.receive("回1", DAY, today=DAY), sent.take_back(at=NOON)
    here, gone = status is Status.CONCLUDED, status is Status.TRANSFERRED
    for letters, later, transfer, undoing in (
        ([], False, False, False),
        ([sent], False, not here, False),
        ([sent], True, not here, False),
        ([taken], False, not here, True),
        ([back], False, True, not gone),
        # sent once more, by verification
        ([back], True, not here, not gone),
        ([back, taken], False, not here, True),
    ):
        said_at = NOON + timedelta(days=later)
        found = [is_known(letters, each, status, said_at=said_at) for each in (Action.TRANSFER, Action.UNDO_TRANSFER)]
        assert found == [transfer, undoing], letters


def test_what_was_found_to_be_disorder_and_given_back_goes_to_another_team() -> None:
    found, _ = lead_life.redirect(at(Status.CONCLUDED), "SJ", number=1, at=NOON, conclusion="C6")
    back, _ = lead_life.return_redirect(found, at=NOON)
    assert back.status is Status.REOPENED
    with pytest.raises(Invalid, match="其他力量"):
        back.assign("GA", (), on=DAY, days=DAYS, at=NOON)
    again, _ = back.assign("GA", (), on=DAY, days=DAYS, at=NOON, same_may=True)
    assert (again.status, again.assignment and again.assignment.number) == (Status.ASSIGNED, 2)


S = Status
SHOWN = [
    # what stands is C4
    ([S.VERIFYING, S.CONCLUDED], True, [S.VERIFYING, S.PARKED]),
    ([S.CONCLUDED, S.PARKED], True, [S.PARKED]),
    ([S.CONCLUDED, S.SUSPENDED], True, [S.PARKED, S.SUSPENDED]),
    ([S.CONCLUDED, S.SUSPENDED, S.CONCLUDED], True, [S.PARKED, S.SUSPENDED, S.PARKED]),
    # it was, and was taken up again; what stands is the next team's
    ([S.CONCLUDED, S.REOPENED], True, [S.PARKED, S.REOPENED]),
    ([S.CONCLUDED, S.SUSPENDED, S.CONCLUDED, S.REOPENED], True, [S.PARKED, S.SUSPENDED, S.PARKED, S.REOPENED]),
    (
        [S.CONCLUDED, S.REOPENED, S.ASSIGNED, S.VERIFYING, S.CONCLUDED],
        False,
        [S.PARKED, S.REOPENED, S.ASSIGNED, S.VERIFYING, S.CONCLUDED],
    ),
    # none was
    ([S.VERIFYING, S.CONCLUDED], False, [S.VERIFYING, S.CONCLUDED]),
    ([S.CONCLUDED, S.FED_BACK, S.CLOSED, S.REOPENED], False, [S.CONCLUDED, S.FED_BACK, S.CLOSED, S.REOPENED]),
    ([S.CONCLUDED, S.REDIRECTED, S.REOPENED], False, [S.CONCLUDED, S.REDIRECTED, S.REOPENED]),
    ([S.CONCLUDED, S.TRANSFERRED, S.CONCLUDED], False, [S.CONCLUDED, S.TRANSFERRED, S.CONCLUDED]),
]


@pytest.mark.rule("D02")
@pytest.mark.parametrize(("came", "pending", "shown"), SHOWN)
def test_what_cannot_be_settled_is_told_as_such_and_by_when_it_is_looked_at_again(
    came: list[Status], pending: bool, shown: list[Status]
) -> None:
    days = [DAY + timedelta(days=n) for n in range(len(came))]
    told = as_pending([Step(*one) for one in zip(came, days, strict=True)], pending=pending, again_by=days[-1])
    assert [one.status for one in told] == shown
    for one in told[:-1]:
        assert one.words == PROGRESS[one.status]
    stands = shown[-1] is Status.PARKED
    assert told[-1].words == (tuple(each.format(days[-1]) for each in AGAIN) if stands else PROGRESS[shown[-1]])
    assert told[0].since == days[0], "the first day of it"
    assert as_pending([], pending=pending, again_by=None) == ()
