"""What whoever reports is told of liability before it is registered, and how a report taken down by a clerk was confirmed (刑诉法 §111)."""

from collections.abc import Mapping

from services.intake.domain.report import Channel
from shared.codes import Labelled

LIABILITY_ZH = (
    "请如实反映。捏造事实、伪造证据诬告陷害他人的,依法承担法律责任;只要不是捏造事实、伪造证据,即使反映的情况有出入,甚至是错告的,"
    "也不是诬告。您和近亲属的安全受保护;不愿公开姓名和举报行为的,为您保密。"
)
LIABILITY_EN = (
    "Tell what you know. Who invents facts or forges evidence to have somebody punished is liable by law; who invents and forges nothing "
    "is no false accuser, even where what is told turns out inexact or mistaken. You and your relatives are protected; who does not wish "
    "to be known is not named."
)
"""刑法 §243, 刑诉法 §111: a mistaken report is kept strictly apart from a false accusation."""

DANGER_ZH, DANGER_EN = "有人正处于危险中的,请立即拨打110。", "Whoever is in danger calls 110 at once."
"""For who reports without a clerk: nobody here hears of it before somebody reads it."""


class Confirmed(Labelled):
    """How the reporter confirmed what was read back, once liability was explained. 确认方式"""

    SIGNED = "signed", "当面听读并在纸质笔录上签名", "heard it and signed it on paper"
    BY_WORD = "by-word", "听读后口头确认", "heard it and confirmed it by word"
    NOT_PRESENT = "not-present", "来信举报,未当面核对", "by letter, the reporter was not there"


FITTING: Mapping[Channel, frozenset[Confirmed]] = {
    Channel.PHONE: frozenset({Confirmed.BY_WORD}),
    Channel.VISIT: frozenset({Confirmed.SIGNED, Confirmed.BY_WORD}),
    Channel.LETTER: frozenset({Confirmed.NOT_PRESENT, Confirmed.SIGNED, Confirmed.BY_WORD}),
}
"""Nobody signs a telephone. Who brings a letter himself, or is called back, confirms it as others do; a visitor who does not sign is heard
all the same."""
