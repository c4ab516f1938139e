"""A reward 奖励 of a reporter (domain.md §2.8, D28): proposed, decided by two, told to the holder of the code, claimed with the code, paid
against a voucher; or it lapses. Who has no code is told by a keeper of the vault, and claims by showing who he is to two of them.

Nothing here knows who the reporter is. Frozen; a transition returns the new state.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

from services.intake.domain.lead import Lead
from services.intake.domain.lead_states import Status
from services.intake.domain.reward_rule import Exclusion, RewardRule
from shared.codes import Labelled
from shared.deadlines import Calendar, Deadline, in_force, profile_of
from shared.errors import Forbidden, Invalid, NotAllowed
from shared.two_people import Person, must_be_another, must_be_none_of


class State(Labelled):
    """Where a reward stands. 奖励状态"""

    PROPOSED = "proposed", "已提出", "proposed"
    CHECKED = "checked", "已初审", "looked at"
    APPROVED = "approved", "已批准", "approved"
    NOTIFIED = "notified", "已通知", "notified"
    CLAIMED = "claimed", "已申领", "claimed"
    PAID = "paid", "已发放", "paid"
    LAPSED = "lapsed", "逾期未领", "lapsed"
    REFUSED = "refused", "不予奖励", "refused"


class Action(Labelled):
    """What is done with a reward. 奖励动作"""

    APPROVE = "approve", "审批", "approve"
    REFUSE = "refuse", "不予批准", "refuse"
    NOTIFY = "notify", "通知", "notify"
    CLAIM = "claim", "申领", "claim"
    IDENTIFY = "identify", "核对身份", "compare who it is"
    RENEW = "renew", "补发领取凭证", "give a new voucher"
    PAY = "pay", "发放", "pay"
    LAPSE = "lapse", "作废", "let lapse"


class How(Labelled):
    """By which way the reporter was told. 通知方式"""

    MAILBOX = "mailbox", "信箱", "by a letter that the query code opens"
    PHONE = "phone", "电话", "by telephone"
    VISIT = "visit", "当面", "in person"
    POST = "post", "邮寄", "by post"


S, A = State, Action
MOVES: Mapping[Action, Mapping[State, State]] = {
    A.APPROVE: {S.PROPOSED: S.CHECKED, S.CHECKED: S.APPROVED},
    # until the reporter was told; a promise is not taken back
    A.REFUSE: {S.PROPOSED: S.REFUSED, S.CHECKED: S.REFUSED, S.APPROVED: S.REFUSED},
    A.NOTIFY: {S.APPROVED: S.NOTIFIED},
    A.CLAIM: {S.NOTIFIED: S.CLAIMED},
    A.IDENTIFY: {S.NOTIFIED: S.NOTIFIED, S.CLAIMED: S.CLAIMED},
    A.RENEW: {S.CLAIMED: S.CLAIMED},
    A.PAY: {S.CLAIMED: S.PAID},
    A.LAPSE: {S.NOTIFIED: S.LAPSED},
}
"""Action → from which state to which. What is not here is refused."""
DECIDES: Mapping[State, frozenset[str]] = {
    S.PROPOSED: frozenset({"qrv", "sup"}),
    S.CHECKED: frozenset({"ldr"}),
    S.APPROVED: frozenset({"ldr"}),
}
"""Who has the next word [DESIGN]: reviewers first, then the leading group."""
TOLD = frozenset({S.NOTIFIED, S.CLAIMED, S.PAID, S.LAPSED})
"""What the holder of the code sees."""
WITH_RESULT = frozenset({Status.FED_BACK, Status.CLOSED})
"""The result stands, no review of it is open, and the reporter was told."""
LIMIT = "D28"


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """What is known of the lead that a reward is for. `head` is its master, or itself."""

    lead: Lead
    head: Lead
    conclusion: str | None
    earlier: int
    """Leads of the same matter that were registered before it."""
    worked_on_by: frozenset[str]
    """Accounts in the history of both."""
    subject_units: frozenset[str] = frozenset()
    """Units that the lead is about."""

    def must_have_result(self, conclusions: frozenset[str]) -> None:
        """Raises `NotAllowed` unless the matter was found true and the result stands."""
        self.lead.must_be_used()
        if self.head.standing not in WITH_RESULT or self.conclusion not in conclusions:
            raise NotAllowed(
                "线索尚未查证属实并反馈,不能奖励 / the lead was not verified and fed back: no reward is due"
            )

    def must_be_impartial(self, by: Person) -> None:
        """Raises `Forbidden` for whoever is of a unit that it is about (§4.1, G4): the other side would have a say in who is paid. Whoever
        has an interest in it came through no door."""
        if by.unit in self.subject_units:
            raise Forbidden("应当回避 / whoever has an interest in this lead stays away from it")

    def must_be_apart(self, by: Person) -> None:
        """Raises `Forbidden` for whoever handled the lead, or is of a unit that checked it or that it is about."""
        self.must_be_impartial(by)
        told = "经办过该线索的单位和人员不得审批奖励 / whoever handled this lead, or is of a unit that checked it, does not decide"
        must_be_none_of(self.worked_on_by, by, told)
        if by.unit in self.head.worked:
            raise Forbidden(told)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reward:
    """One reward of one lead's reporter; `amount_yuan` in whole yuan and, with the rule's version, never changed."""

    id: UUID
    lead_id: UUID
    rule_version: str
    amount_yuan: int
    reason: str
    new_facts: str | None
    basis_no: str | None
    basis_on: date | None
    none_of: tuple[Exclusion, ...]
    proposed_by: str
    proposed_at: datetime
    state: State = State.PROPOSED
    checked_by: str | None = None
    checked_at: datetime | None = None
    approved_by: str | None = None
    approved_at: datetime | None = None
    refused_by: str | None = None
    refused_at: datetime | None = None
    refusal_reason: str | None = None
    notified_by: str | None = None
    notified_on: date | None = None
    profile_version: str | None = None
    claim_by: date | None = None
    claimed_on: date | None = None
    voucher_mark: bytes | None = None
    paid_by: str | None = None
    paid_on: date | None = None
    receipt_no: str | None = None
    lapsed_on: date | None = None
    told_how: How | None = None
    identified_by: str | None = None
    """The keeper who compared the papers of whoever came with what the vault holds."""
    identified_on: date | None = None
    handed_by: str | None = None
    """The other keeper, who handed the voucher over."""

    @classmethod
    def propose(
        cls,
        reward_id: UUID,
        matter: Matter,
        rule: RewardRule,
        *,
        amount_yuan: int,
        reason: str,
        new_facts: str | None,
        basis_no: str | None,
        basis_on: date | None,
        none_of: frozenset[Exclusion],
        by: Person,
        on: date,
        at: datetime,
    ) -> Self:
        """Propose it. Raises `Forbidden` (interest), `NotAllowed` without a result, `Invalid` by field; who reported later is rewarded
        for new facts only [S31]."""
        matter.must_be_impartial(by)
        matter.must_have_result(rule.conclusions)
        rule.check(amount_yuan, none_of, basis_no, basis_on, on)
        if matter.earlier and not new_facts:
            told = "同一事项已有更早的举报,须写明新情况 / the matter was reported before: say which facts are new"
            raise Invalid(told, fields=[("new_facts", told)])
        if new_facts and not matter.earlier:
            told = "首次举报无需填写 / not for the first report"
            raise Invalid(told, fields=[("new_facts", told)])
        return cls(
            id=reward_id,
            lead_id=matter.lead.id,
            rule_version=rule.version,
            amount_yuan=amount_yuan,
            reason=reason,
            new_facts=new_facts,
            basis_no=basis_no,
            basis_on=basis_on,
            none_of=tuple(sorted(none_of)),
            proposed_by=by.sub,
            proposed_at=at,
        )

    def approve(self, matter: Matter, *, by: Person, at: datetime) -> Self:
        """The next of two people agrees. Raises `NotAllowed`, `Forbidden` (role, proposer, the first again, who handled the lead)."""
        self.must_allow(Action.APPROVE)
        self._must_decide(matter, by)
        if self.state is State.PROPOSED:
            return self._step(Action.APPROVE, checked_by=by.sub, checked_at=at)
        return self._step(Action.APPROVE, approved_by=by.sub, approved_at=at)

    def refuse(self, matter: Matter, reason: str | None, *, by: Person, at: datetime) -> Self:
        """One of the two does not agree. Raises as `approve`, and `Invalid` without a reason."""
        self.must_allow(Action.REFUSE)
        self._must_decide(matter, by)
        if reason is None:
            told = "不予批准须说明理由 / a refusal needs a reason"
            raise Invalid(told, fields=[("reason", told)])
        return self._step(Action.REFUSE, refused_by=by.sub, refused_at=at, refusal_reason=reason)

    def notify(
        self, matter: Matter, rule: RewardRule, *, days: Calendar, on: date, by: Person, how: How = How.MAILBOX
    ) -> Self:
        """The reporter is told, and the time to claim begins (D28). Raises `Forbidden` (interest), `NotAllowed`, also when the result does
        not stand any more."""
        matter.must_be_impartial(by)
        self.must_allow(Action.NOTIFY)
        matter.must_have_result(rule.conclusions)
        profile = in_force(on)
        until = profile[LIMIT].after(on, days).on
        return self._step(
            Action.NOTIFY,
            notified_by=by.sub,
            notified_on=on,
            profile_version=profile.version,
            claim_by=until,
            told_how=how,
        )

    def identify(self, matter: Matter, *, by: Person, on: date) -> Self:
        """A keeper compared who came to claim with what the vault holds. Raises `NotAllowed`, also for one whose claim takes the code, and
        `Forbidden`."""
        self.must_allow(Action.IDENTIFY)
        self._must_be_the_keepers()
        matter.must_be_apart(by)
        return self._step(Action.IDENTIFY, identified_by=by.sub, identified_on=on, handed_by=None)

    def hand(self, matter: Matter, voucher_mark: bytes, *, days: Calendar, by: Person, on: date) -> Self:
        """Another keeper hands the voucher over on the same day: claimed, or a new one for one that was lost. Raises `NotAllowed`,
        `Forbidden`."""
        self._must_be_the_keepers()
        matter.must_be_apart(by)
        if self.identified_on != on or self.handed_by is not None:
            raise NotAllowed("请先由一名保管员当日核对身份 / first another keeper compares who it is, on the same day")
        must_be_another(self.identified_by, by, "须由另一名保管员发给凭证 / another keeper hands the voucher over")
        claimed = self.state is State.CLAIMED
        given = self.renew(voucher_mark) if claimed else self.claim(voucher_mark, days=days, on=on)
        return replace(given, identified_by=self.identified_by, identified_on=on, handed_by=by.sub)

    def last_day(self, days: Calendar) -> Deadline:
        """The last day to claim: what was told, or later when a holiday notice that came since moves it; never earlier. Only once it was
        notified."""
        if self.notified_on is None or self.profile_version is None or self.claim_by is None:
            raise ValueError("it was not notified")
        found = profile_of(self.profile_version)[LIMIT].after(self.notified_on, days)
        return found if found.on > self.claim_by else replace(found, on=self.claim_by)

    def claim(self, voucher_mark: bytes, *, days: Calendar, on: date) -> Self:
        """The holder of the code claims it; that a keeper knew somebody again counts no more. Raises `NotAllowed`, also when the last day
        is over."""
        self.must_allow(Action.CLAIM)
        if on > self.last_day(days).on:
            raise NotAllowed("领取期限已过 / the time to claim is over")
        return self._step(
            Action.CLAIM,
            claimed_on=on,
            voucher_mark=voucher_mark,
            identified_by=None,
            identified_on=None,
            handed_by=None,
        )

    def renew(self, voucher_mark: bytes) -> Self:
        """A voucher was lost: a new one in its place. Raises `NotAllowed`."""
        return self._step(Action.RENEW, voucher_mark=voucher_mark)

    def pay(self, receipt_no: str, *, by: Person, on: date) -> Self:
        """It is paid, once, by somebody who had no part in who gets it. Raises `NotAllowed`, `Forbidden`."""
        for earlier in (
            *(self.proposed_by, self.checked_by, self.approved_by),
            *(self.notified_by, self.identified_by, self.handed_by),
        ):
            if earlier is not None:
                must_be_another(
                    earlier, by, "须由未经办该奖励的人员发放 / whoever had a part in this reward does not pay"
                )
        return self._step(Action.PAY, paid_by=by.sub, paid_on=on, receipt_no=receipt_no)

    def lapse(self, *, days: Calendar, on: date) -> Self:
        """Nobody claimed it in time. Raises `NotAllowed` until its last day is over."""
        self.must_allow(Action.LAPSE)
        if on <= self.last_day(days).on:
            raise NotAllowed("领取期限未过 / the time to claim is not over")
        return self._step(Action.LAPSE, lapsed_on=on)

    def must_allow(self, action: Action) -> None:
        """Raises `NotAllowed` when nothing of the kind is done in this state."""
        if self.state not in MOVES[action]:
            raise NotAllowed(
                f"不能{action.zh}:奖励为“{self.state.zh}” / cannot {action.en}: the reward is {self.state.en}"
            )

    def _step(self, action: Action, **changes: Any) -> Self:
        self.must_allow(action)
        return replace(self, state=MOVES[action][self.state], **changes)

    def _must_be_the_keepers(self) -> None:
        """Whoever was told by the mailbox, or claimed by the code, holds the code: two keepers could otherwise take what is his."""
        by_code = self.state is State.CLAIMED and self.identified_by is None
        if self.told_how in (None, How.MAILBOX) or by_code:
            raise NotAllowed(
                "该奖励凭查询码通知或申领,只能凭查询码领取或补发凭证 / "
                "told or claimed by the query code: only by that code is it claimed, or its voucher renewed"
            )

    def _must_decide(self, matter: Matter, by: Person) -> None:
        who = DECIDES[self.state]
        if not by.roles & who:
            names = "、".join(sorted(who))
            raise Forbidden(f"此步由{names}审批 / decided by {', '.join(sorted(who))} now")
        for earlier in (self.proposed_by, self.checked_by, self.approved_by):
            if earlier is not None:
                must_be_another(earlier, by, "须由另一人审批 / another person than before decides")
        matter.must_be_apart(by)
