"""What a conclusion of §2.4 asks for before it is an end. Pure.

C4 无法查证 is pending and never an end: it waits for a day, or for something new. C5 移交 ends when the organ that it belongs to has taken
it; C6 转治乱 when the regulator has answered. The others are told and closed as they are, C8 诬告 as C3.
"""

from services.intake.domain.lead_states import Status
from shared.errors import NotAllowed

PENDING, HANDED_ON, ELSEWHERE = "C4", "C5", "C6"
REFUTED, ACCUSATION = "C3", "C8"
UNFOUNDED = frozenset({REFUTED, ACCUSATION})
"""What the allegations were found not to be true by; a reporter is told no more of the two (G16), and both are sealed."""


def must_be_an_end(code: str | None, status: Status, *, taken: bool) -> None:
    """Whether this can be told as a result, and closed with. `code`: None where a restore has lost it; `taken`: the receipt of the organ to
    which it was transferred is on file. Raises `NotAllowed`."""
    if code == PENDING:
        raise NotAllowed(
            "无法查证(C4)是暂存,不作为结果反馈或办结 / it cannot be settled yet (C4): no result, and no end"
        )
    if code == ELSEWHERE and status is Status.CONCLUDED:
        raise NotAllowed(
            "转治乱(C6)须先转主管部门,以其结果反馈 / a matter of 乱 (C6) goes to its regulator, whose result is told"
        )
    if (code == HANDED_ON or status is Status.TRANSFERRED) and not (status is Status.TRANSFERRED and taken):
        raise NotAllowed("移交(C5)须有接收单位的回执 / transferred (C5): the receipt of the other organ is not on file")


def must_be_pending(code: str | None) -> None:
    """Raises `NotAllowed` for what was found otherwise than C4."""
    if code != PENDING:
        raise NotAllowed("仅无法查证(C4)的线索可再查 / only what could not be verified (C4) is looked at again")


def must_be_handed_on(code: str | None) -> None:
    """Raises `NotAllowed` for what was found otherwise than C5."""
    if code != HANDED_ON:
        raise NotAllowed(
            "仅结论为移交(C5)的线索可移交 / only what was found to belong to another organ (C5) is transferred"
        )
