"""A reward by the table: every state × action, who may decide, the bounds of the rule, the last day to claim."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pytest

from services.intake.domain.lead_states import Status
from services.intake.domain.reward import MOVES, Action, How, Matter, Reward, State
from services.intake.domain.reward_rule import BadRules, Exclusion, RewardRule, rule_in_force, rules_of, shipped
from shared.auth import Principal
from shared.deadlines import Calendar, Notice
from shared.errors import Forbidden, Invalid, NotAllowed
from tests.support.builders import DAYS, assigned

ON, AT = date(2018, 10, 8), datetime(2018, 10, 8, 4, tzinfo=UTC)
LAST = date(2018, 11, 7)
RULE = shipped()["reward-1"]
RIGHT: dict[str, Any] = {"amount_yuan": 5000, "none_of": RULE.exclusions, "basis_no": None, "basis_on": None}


def person(role: str, sub: str | None = None, unit: str = "LD") -> Principal:
    return Principal(sub=sub or role, roles=frozenset({role}), unit=unit)


def matter(**changes: Any) -> Matter:
    lead = replace(assigned(), status=Status.FED_BACK)
    values: dict[str, Any] = {
        "lead": lead,
        "head": lead,
        "conclusion": "C1",
        "earlier": 0,
        "worked_on_by": frozenset({"icl", "ana"}),
    }
    return Matter(**(values | changes))


def propose(found: Matter, rule: RewardRule = RULE, **changes: Any) -> Reward:
    values = RIGHT | {"reason": "线索查证属实", "new_facts": None} | changes
    return Reward.propose(uuid4(), found, rule, **values, by=person("ofd"), on=ON, at=AT)


def at_state(state: State) -> Reward:
    """One that stands there, by the way that leads there."""
    found = propose(matter())
    if state is State.REFUSED:
        return found.refuse(matter(), "金额过高,请重提", by=person("qrv"), at=AT)
    ways = {State.PROPOSED: 0, State.CHECKED: 1, State.APPROVED: 2, State.NOTIFIED: 3, State.CLAIMED: 4, State.PAID: 5}
    steps = ways.get(state, 3)
    if steps >= 1:
        found = found.approve(matter(), by=person("qrv"), at=AT)
    if steps >= 2:
        found = found.approve(matter(), by=person("ldr"), at=AT)
    if steps >= 3:
        found = found.notify(matter(), RULE, days=DAYS, on=ON, by=person("ofd"))
    if state is State.LAPSED:
        return found.lapse(days=DAYS, on=date(2018, 11, 8))
    if steps >= 4:
        found = found.claim(b"m", days=DAYS, on=LAST)
    return found.pay("MZ-1", by=person("pay"), on=LAST) if steps >= 5 else found


def by_keepers(found: Reward) -> Reward:
    """The same, told by a keeper; one that is claimed was handed over by two."""
    claimed = found.state is State.CLAIMED
    return replace(found, told_how=How.PHONE, identified_by="rvk3" if claimed else None, identified_on=ON)


def do(found: Reward, action: Action) -> Reward:
    decider = person("qrv") if found.state is State.PROPOSED else person("ldr")
    other = replace(decider, sub="another")
    deeds: dict[Action, Callable[[], Reward]] = {
        Action.APPROVE: lambda: found.approve(matter(), by=decider, at=AT),
        Action.REFUSE: lambda: found.refuse(matter(), "金额过高,请重提", by=other, at=AT),
        Action.NOTIFY: lambda: found.notify(matter(), RULE, days=DAYS, on=ON, by=person("ofd")),
        Action.CLAIM: lambda: found.claim(b"m", days=DAYS, on=LAST),
        Action.IDENTIFY: lambda: by_keepers(found).identify(matter(), by=person("rvk"), on=LAST),
        Action.RENEW: lambda: found.renew(b"n"),
        Action.PAY: lambda: found.pay("MZ-1", by=person("pay"), on=LAST),
        Action.LAPSE: lambda: found.lapse(days=DAYS, on=date(2018, 11, 8)),
    }
    return deeds[action]()


@pytest.mark.rule("D28")
@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("action", Action)
def test_every_state_and_action(state: State, action: Action) -> None:
    found = at_state(state)
    assert found.state is state
    if (target := MOVES[action].get(state)) is None:
        with pytest.raises(NotAllowed):
            do(found, action)
    else:
        assert do(found, action).state is target


@pytest.mark.rule("G10")
@pytest.mark.parametrize(
    ("state", "by"),
    [
        (State.PROPOSED, person("ldr")),
        (State.PROPOSED, person("ofd")),
        (State.PROPOSED, person("qrv", "ofd")),  # who proposed it
        (State.PROPOSED, person("sup", "ana")),  # who handled the lead
        (State.PROPOSED, person("qrv", unit="GA")),  # of the unit that checked it
        (State.CHECKED, person("qrv")),
        (State.CHECKED, person("ldr", "qrv")),  # the first again, in another role
        (State.CHECKED, person("ldr", "ofd")),
        (State.APPROVED, person("qrv", "another")),
        (State.APPROVED, person("ldr")),  # who approved it
    ],
)
def test_who_may_not_decide(state: State, by: Principal) -> None:
    found = at_state(state)
    with pytest.raises(Forbidden):
        found.refuse(matter(), "金额过高,请重提", by=by, at=AT)
    if state is not State.APPROVED:
        with pytest.raises(Forbidden):
            found.approve(matter(), by=by, at=AT)


@pytest.mark.rule("G10")
@pytest.mark.parametrize("by", [person("pay", sub) for sub in ("ofd", "qrv", "ldr", "rvk", "rvk2")])
def test_whoever_had_a_part_in_it_does_not_pay(by: Principal) -> None:
    found = replace(at_state(State.CLAIMED), identified_by="rvk", identified_on=LAST, handed_by="rvk2")
    with pytest.raises(Forbidden):
        found.pay("MZ-1", by=by, on=LAST)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount_yuan": 999}, "amount_yuan"),
        ({"amount_yuan": 200_001}, "amount_yuan"),
        ({"none_of": RULE.exclusions - {Exclusion.SUSPECT}}, "none_of"),
        ({"none_of": frozenset()}, "none_of"),
        ({"basis_no": "X-1"}, "basis_no"),
        ({"basis_no": "X-1", "basis_on": date(2018, 10, 9)}, "basis_on"),
        ({"new_facts": "补充了新的录音"}, "new_facts"),
    ],
)
def test_what_is_wrong_is_told_by_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as told:
        propose(matter(), **changes)
    assert [name for name, _ in told.value.fields] == [field]


@pytest.mark.rule("G4")
def test_whoever_is_of_a_unit_that_it_is_about_stays_away() -> None:
    found = matter(subject_units=frozenset({"LD"}))
    with pytest.raises(Forbidden):
        Reward.propose(
            uuid4(), found, RULE, **RIGHT, reason="属实", new_facts=None, by=person("ofd", "x"), on=ON, at=AT
        )
    for state, role in ((State.PROPOSED, "qrv"), (State.CHECKED, "ldr")):
        with pytest.raises(Forbidden):
            at_state(state).approve(found, by=person(role, "x"), at=AT)
    with pytest.raises(Forbidden):
        at_state(State.APPROVED).notify(found, RULE, days=DAYS, on=ON, by=person("ofd", "x"))


def test_a_later_report_is_rewarded_for_new_facts_only() -> None:
    with pytest.raises(Invalid) as told:
        propose(matter(earlier=1))
    assert [name for name, _ in told.value.fields] == ["new_facts"]
    assert propose(matter(earlier=1), new_facts="补充了新的录音").state is State.PROPOSED
    for amount in (1000, 200_000):
        assert propose(matter(), amount_yuan=amount).amount_yuan == amount


@pytest.mark.parametrize("status", Status)
def test_no_reward_before_the_result_stands_and_was_told(status: Status) -> None:
    lead = replace(assigned(), status=status)
    found = matter(lead=lead, head=lead)
    if status in (Status.FED_BACK, Status.CLOSED):
        assert propose(found).rule_version == "reward-1"
        for code in ("C3", "C4", "C6", None):
            with pytest.raises(NotAllowed):
                propose(replace(found, conclusion=code))
    else:
        with pytest.raises(NotAllowed):
            propose(found)
        with pytest.raises(NotAllowed):
            # it was reopened meanwhile: nothing is promised
            at_state(State.APPROVED).notify(found, RULE, days=DAYS, on=ON, by=person("ofd"))


VERSIONS = """
[[version]]
number = 1
from = 2018-09-15
basis = "一"
trigger = "prosecuted"
conclusions = ["C1"]
least = 1000
most = 2000
exclusions = ["suspect"]
[[version]]
number = 2
from = 2019-01-01
basis = "二"
trigger = "judged"
conclusions = ["C1"]
least = 500
most = 500
exclusions = []
"""


def test_rules_have_days_of_force_and_may_ask_for_a_paper() -> None:
    rules = rules_of(VERSIONS)
    with pytest.raises(NotAllowed):
        rule_in_force(date(2018, 9, 14), rules)
    assert [rule_in_force(day, rules).version for day in (date(2018, 9, 15), date(2018, 12, 31), date(2019, 1, 1))] == [
        *("reward-1", "reward-1", "reward-2")
    ]
    first = rules["reward-1"]
    values: dict[str, Any] = {"amount_yuan": 1500, "none_of": frozenset({Exclusion.SUSPECT})}
    with pytest.raises(Invalid):
        propose(matter(), first, **values)
    assert propose(matter(), first, **values, basis_no="检诉-1", basis_on=ON).basis_no == "检诉-1"
    for wrong in (
        VERSIONS.replace("2019-01-01", "2018-09-15"),
        VERSIONS.replace("most = 2000", "most = 999"),
        VERSIONS.replace('"judged"', '"other"'),
        VERSIONS.replace("number = 2", "number = 1"),
    ):
        with pytest.raises(BadRules):
            rules_of(wrong)


@pytest.mark.rule("D28")
def test_the_last_day_is_the_30th_after_the_notice_and_never_earlier_than_told() -> None:
    found = at_state(State.NOTIFIED)
    assert found.claim_by == LAST
    assert found.claim(b"m", days=DAYS, on=LAST).claimed_on == LAST
    with pytest.raises(NotAllowed):
        found.claim(b"m", days=DAYS, on=date(2018, 11, 8))
    with pytest.raises(NotAllowed):
        found.lapse(days=DAYS, on=LAST)
    # the 30th day after 2 December is New Year's Day: the next working day
    later = at_state(State.APPROVED).notify(matter(), RULE, days=DAYS, on=date(2018, 12, 2), by=person("ofd"))
    assert later.claim_by == date(2019, 1, 2)
    notice = Notice.of({"year": 2018, "days": [{"name": "示例", "date": "2018-11-07", "isOffDay": True}]})
    moved = Calendar([notice])
    assert found.last_day(moved).on == date(2018, 11, 8)
    assert replace(found, claim_by=date(2018, 11, 9)).last_day(DAYS).on == date(2018, 11, 9)


@pytest.mark.rule("G10")
def test_who_has_no_code_is_known_again_by_two_keepers_on_one_day() -> None:
    first, second = person("rvk", unit="SB"), person("rvk", "rvk2", unit="SB")

    def hand(found: Reward, by: Principal = second, on: date = LAST) -> Reward:
        return found.hand(matter(), b"v", days=DAYS, by=by, on=on)

    notified = by_keepers(at_state(State.NOTIFIED))
    known = notified.identify(matter(), by=first, on=LAST)
    for by in (first, person("rvk", "icl", unit="SB")):
        with pytest.raises(Forbidden):
            hand(known, by=by)
    with pytest.raises(Forbidden):
        notified.identify(matter(), by=person("rvk", unit="GA"), on=LAST)
    for early in (notified, known.identify(matter(), by=first, on=ON)):
        with pytest.raises(NotAllowed):
            hand(early)
    given = hand(known)
    assert (given.state, given.voucher_mark, given.handed_by) == (State.CLAIMED, b"v", "rvk2")
    with pytest.raises(NotAllowed):
        hand(given)
    again = hand(given.identify(matter(), by=second, on=date(2018, 12, 3)), by=first, on=date(2018, 12, 3))
    assert (again.state, again.claimed_on) == (State.CLAIMED, LAST), (
        "a lost voucher is renewed when the time to claim is over"
    )
    over = date(2018, 11, 8)
    with pytest.raises(NotAllowed):
        hand(notified.identify(matter(), by=first, on=over), on=over)


@pytest.mark.rule("G10")
@pytest.mark.parametrize("how", [How.MAILBOX, None])  # None: before it was kept, by letter
@pytest.mark.parametrize("state", [State.NOTIFIED, State.CLAIMED])
def test_two_keepers_take_over_nothing_that_was_told_by_the_mailbox(state: State, how: How | None) -> None:
    found = replace(at_state(state), told_how=how)
    with pytest.raises(NotAllowed):
        found.identify(matter(), by=person("rvk"), on=LAST)
    known = replace(found, identified_by="rvk", identified_on=LAST)
    with pytest.raises(NotAllowed):
        known.hand(matter(), b"v", days=DAYS, by=person("rvk", "rvk2"), on=LAST)


@pytest.mark.rule("G10")
def test_what_the_code_claimed_is_not_handed_over_or_renewed_by_keepers() -> None:
    known = by_keepers(at_state(State.NOTIFIED)).identify(matter(), by=person("rvk"), on=LAST)
    claimed = known.claim(b"m", days=DAYS, on=LAST)
    with pytest.raises(NotAllowed):
        claimed.hand(matter(), b"v", days=DAYS, by=person("rvk", "rvk2"), on=LAST)
    with pytest.raises(NotAllowed):
        claimed.identify(matter(), by=person("rvk"), on=LAST)
    assert claimed.renew(b"n").voucher_mark == b"n"
