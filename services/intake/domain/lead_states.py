"""Where a lead 线索 can stand and what may be done with it there: the whole machine of domain.md §4.2 as one table.

Intake decides until the assignment and again from the feedback on; in between the register follows what verification says. `MERGED` and
`SUSPENDED` lie over the state before, which stays in the row, so that undoing brings it back exactly.
"""

from collections.abc import Iterable, Mapping
from enum import Enum

from shared.codes import Labelled


class Status(Labelled):
    """Where a lead stands. 线索状态"""

    RECEIVED = "received", "已登记", "registered"
    NOT_ACCEPTED = "not_accepted", "不予受理", "not accepted"
    CLASSIFIED = "classified", "已分类", "classified"
    REDIRECTED = "redirected", "已转行业主管部门", "redirected to a regulator"
    ASSIGNED = "assigned", "已交办", "assigned"
    DISPUTED = "disputed", "管辖有争议", "disputed"
    VERIFYING = "verifying", "核查中", "being verified"
    TASKFORCE = "taskforce", "专班核查中", "being verified by a task force"
    IN_SIGNOFF = "in_signoff", "签批中", "being signed off"
    IN_REVIEW = "in_review", "评查中", "under quality review"
    CONCLUDED = "concluded", "已有结论", "concluded"
    PARKED = "parked", "暂存", "parked"
    TRANSFERRED = "transferred", "已移交", "transferred"
    FED_BACK = "fed_back", "已反馈", "fed back"
    CLOSED = "closed", "已办结", "closed"
    REOPENED = "reopened", "已重启", "reopened"
    SEALED = "sealed", "已封存", "sealed"
    EXPUNGED = "expunged", "已销毁", "expunged"
    SUSPENDED = "suspended", "已中止", "suspended"
    MERGED = "merged", "已并入", "merged as a repeat"


class Action(Labelled):
    """What is done with a lead. 线索动作"""

    CLASSIFY = "classify", "分类", "classify"
    SAY_URGENT = "say-urgent", "确定是否紧急", "say whether it is urgent"
    LEAVE_CHILDREN_OUT = "leave-children-out", "登记儿童依法处理情况", "put down what is done about children"
    DECLINE = "decline", "决定不予受理", "decline"
    ACCEPT_AFTER_ALL = "accept-after-all", "改为受理", "accept after all"
    REDIRECT = "redirect", "转交主管部门", "redirect"
    RECEIPT_OF_REDIRECT = "receipt-of-redirect", "登记主管部门回执", "enter the regulator's receipt"
    RESULT_OF_REDIRECT = "result-of-redirect", "登记主管部门结果", "enter the regulator's result"
    RETURN_REDIRECT = "return-redirect", "退回转交", "return the redirected lead"
    RETURN_FINDING = "return-finding", "退回转治乱", "return what was found to be 乱"
    END_REDIRECT = "end-redirect", "以主管部门结果办结", "close with the regulator's result"
    MERGE = "merge", "并入", "merge"
    UNMERGE = "unmerge", "撤销并入", "unmerge"
    ADD_GROUNDS = "add-grounds", "补充涉纪情形", "add grounds"
    ASSIGN = "assign", "交办", "assign"
    RAISE = "raise-level", "提为重大", "raise to level major"
    DISPUTE = "dispute", "提出管辖异议", "dispute"
    RULE = "rule", "裁定", "rule"
    RECALL = "recall", "收回改交", "take back and give to another unit"
    RECALL_REDIRECT = "recall-redirect", "收回改转", "take back and redirect to another regulator"
    BEGIN = "begin", "开始核查", "begin verifying"
    EXTEND = "extend", "延期", "extend"
    FORM_TASKFORCE = "form-taskforce", "组建专班", "form a task force"
    SUBMIT_REPORT = "submit-report", "报送核查报告", "submit the report"
    RETURN_REPORT = "return-report", "退回核查报告", "return the report"
    CONCLUDE = "conclude", "作出结论", "conclude"
    CONCLUDE_FOR_REVIEW = "conclude-for-review", "作出结论待评查", "conclude and wait for quality review"
    PASS_REVIEW = "pass-review", "评查通过", "pass quality review"
    RETURN_BY_REVIEW = "return-by-review", "评查退回", "return by quality review"
    PARK = "park", "暂存", "park"
    WAKE = "wake", "恢复核查", "wake"
    SET_REVIEW = "set-review", "定暂存复查日期", "set when to look again"
    TAKE_UP = "take-up", "暂存线索再行核查", "take up what was put by"
    TRANSFER = "transfer", "移交", "transfer"
    RECEIPT_OF_TRANSFER = "receipt-of-transfer", "登记移交回执", "enter the other organ's receipt"
    UNDO_TRANSFER = "undo-transfer", "移交未接收", "take back the transfer"
    FEED_BACK = "feed-back", "登记反馈", "feed back"
    RE_EXAMINE = "re-examine", "交其他力量复查", "have re-examined"
    OBJECT = "object", "采纳异议再查", "look again after an objection"
    CLOSE = "close", "办结", "close"
    REOPEN = "reopen", "重启", "reopen"
    SEAL = "seal", "封存", "seal"
    EXPUNGE = "expunge", "销毁", "expunge"
    SUSPEND = "suspend", "中止", "suspend"
    RESUME = "resume", "恢复办理", "resume"


class Target(Enum):
    """A target that is no state of its own."""

    SAME = "it stays where it stands"
    BEFORE = "its state before"


S, A, SAME, BEFORE = Status, Action, Target.SAME, Target.BEFORE
WITH_UNIT = frozenset({S.ASSIGNED, S.DISPUTED, S.VERIFYING, S.TASKFORCE, S.IN_SIGNOFF, S.IN_REVIEW})
"""A unit is at work, or about to be, or what it found waits for its review."""
AT_WORK = WITH_UNIT - {S.IN_REVIEW}
"""It has found nothing yet, or looks again."""
ITS_UNITS = WITH_UNIT | {S.CONCLUDED, S.PARKED, S.TRANSFERRED}
"""A unit has it, or may have it back without another assignment: it is told what is new."""
WITH_A_UNIT_NOW = WITH_UNIT | {S.PARKED, S.REDIRECTED}
"""A unit or a regulator has it and nothing has come of it: a conflict of interest (G-CONF) has to end there, by recall or ruling."""
HANDED_OVER = WITH_UNIT | {S.CONCLUDED, S.PARKED, S.TRANSFERRED, S.FED_BACK, S.CLOSED}
ACTIVE = (HANDED_OVER - {S.CLOSED}) | {S.RECEIVED, S.CLASSIFIED, S.REDIRECTED, S.REOPENED}
"""Something is still to be done with it, so it can be suspended."""
AT_REST = frozenset({S.SEALED, S.EXPUNGED})
"""Nobody reads it any more."""
WITHOUT_TIER = frozenset({S.RECEIVED, S.NOT_ACCEPTED})
NEVER_ASSIGNED = frozenset({S.RECEIVED, S.NOT_ACCEPTED, S.CLASSIFIED, S.REDIRECTED})


def _all(statuses: Iterable[Status], target: Status | Target) -> dict[Status, Status | Target]:
    return dict.fromkeys(statuses, target)


MOVES: Mapping[Action, Mapping[Status, Status | Target]] = {
    A.CLASSIFY: _all([S.RECEIVED, S.CLASSIFIED], S.CLASSIFIED),
    # afterwards the classification says it, but for what a repeat claims (domain/urgency.py)
    A.SAY_URGENT: _all(ACTIVE | {S.CLOSED, S.SUSPENDED}, SAME),
    A.DECLINE: {S.RECEIVED: S.NOT_ACCEPTED},
    A.ACCEPT_AFTER_ALL: {S.NOT_ACCEPTED: S.RECEIVED},
    # classified as 乱, or found to be 乱 by whoever verified it (C6)
    A.REDIRECT: _all([S.CLASSIFIED, S.CONCLUDED], S.REDIRECTED),
    A.RECEIPT_OF_REDIRECT: {S.REDIRECTED: SAME},
    A.RESULT_OF_REDIRECT: {S.REDIRECTED: SAME},
    A.RETURN_REDIRECT: {S.REDIRECTED: S.CLASSIFIED},
    # a unit had found that: another looks
    A.RETURN_FINDING: {S.REDIRECTED: S.REOPENED},
    A.END_REDIRECT: {S.REDIRECTED: S.CLOSED},
    A.MERGE: _all([S.RECEIVED, S.CLASSIFIED], S.MERGED),
    A.UNMERGE: {S.MERGED: BEFORE},
    # what a repeat says of officials is found out after the merge, too
    A.ADD_GROUNDS: _all(ACTIVE | {S.NOT_ACCEPTED, S.CLOSED, S.SUSPENDED, S.MERGED}, SAME),
    A.LEAVE_CHILDREN_OUT: _all(ACTIVE, SAME),
    A.ASSIGN: _all([S.CLASSIFIED, S.REOPENED], S.ASSIGNED),
    # before that a person classifies it anew
    A.RAISE: _all(AT_WORK | {S.PARKED, S.REOPENED}, SAME),
    A.DISPUTE: {S.ASSIGNED: S.DISPUTED},
    A.RULE: {S.DISPUTED: S.ASSIGNED},
    # a conflict of interest was found after the assignment (G-CONF); what is disputed is ruled, where the same is checked
    A.RECALL: _all([S.ASSIGNED, S.VERIFYING, S.TASKFORCE, S.IN_SIGNOFF, S.IN_REVIEW, S.PARKED], S.ASSIGNED),
    A.RECALL_REDIRECT: {S.REDIRECTED: SAME},
    A.BEGIN: {S.ASSIGNED: S.VERIFYING},
    # the unit's time, or the regulator's
    A.EXTEND: _all([S.VERIFYING, S.TASKFORCE, S.REDIRECTED], SAME),
    A.FORM_TASKFORCE: {S.VERIFYING: S.TASKFORCE},
    A.SUBMIT_REPORT: _all([S.VERIFYING, S.TASKFORCE], S.IN_SIGNOFF),
    A.RETURN_REPORT: {S.IN_SIGNOFF: S.VERIFYING},
    # without a chain of sign-offs, which verification keeps, the unit's leader concludes
    A.CONCLUDE: _all([S.VERIFYING, S.TASKFORCE, S.IN_SIGNOFF], S.CONCLUDED),
    # drawn for review (D36): nothing is told or closed until it has passed
    A.CONCLUDE_FOR_REVIEW: _all([S.VERIFYING, S.TASKFORCE, S.IN_SIGNOFF], S.IN_REVIEW),
    A.PASS_REVIEW: {S.IN_REVIEW: S.CONCLUDED},
    A.RETURN_BY_REVIEW: {S.IN_REVIEW: S.VERIFYING},
    A.PARK: {S.CONCLUDED: S.PARKED},
    A.WAKE: {S.PARKED: S.VERIFYING},
    # found C4: no end, so it waits for a day and is assigned anew (domain/conclusion.py)
    A.SET_REVIEW: _all([S.CONCLUDED, S.PARKED], SAME),
    A.TAKE_UP: _all([S.CONCLUDED, S.PARKED], S.REOPENED),
    A.TRANSFER: {S.CONCLUDED: S.TRANSFERRED},
    A.RECEIPT_OF_TRANSFER: {S.TRANSFERRED: SAME},
    A.UNDO_TRANSFER: {S.TRANSFERRED: S.CONCLUDED},
    # if that is an end (domain/conclusion.py)
    A.FEED_BACK: _all([S.CONCLUDED, S.TRANSFERRED], S.FED_BACK),
    # found unfounded and reported again; what is closed is reopened first, by two
    A.RE_EXAMINE: _all([S.FED_BACK, S.REOPENED], S.ASSIGNED),
    # another team looks, and it signs first
    A.OBJECT: {S.FED_BACK: S.ASSIGNED},
    A.CLOSE: {S.FED_BACK: S.CLOSED},
    A.REOPEN: {S.CLOSED: S.REOPENED},
    # a repeat (C7) is sealed with its master; what is not accepted has no other end
    A.SEAL: _all([S.CLOSED, S.NOT_ACCEPTED, S.MERGED], S.SEALED),
    A.EXPUNGE: {S.SEALED: S.EXPUNGED},
    A.SUSPEND: _all(ACTIVE, S.SUSPENDED),
    A.RESUME: {S.SUSPENDED: BEFORE},
}
"""Action → from which state to which. What is not here is refused."""
