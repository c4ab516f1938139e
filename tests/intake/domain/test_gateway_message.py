"""A message's states and actions, all of them; and its text without whoever sent it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from uuid import uuid4

import pytest

from services.intake.domain.gateway_message import (
    AsideReason,
    Incoming,
    Message,
    MessageFate,
    MessageState,
    joined,
    nothing_said,
    plain,
    whole_text,
    without_sender,
)
from services.intake.domain.own_words import of_the_matter
from services.intake.domain.report import Channel, Naming
from shared.errors import NotAllowed
from shared.sealing import SealedRecord

DAY = date(2018, 6, 1)
ACTIONS: dict[str, Callable[[Message], Message]] = {
    "join": lambda m: m.join(2, "b", b"box"),
    "register": lambda m: m.register(uuid4(), by="icl", on=DAY),
    "put_aside": lambda m: m.put_aside(AsideReason.SPAM, by="icl", on=DAY),
    "take_back": lambda m: m.take_back(),
    "pass_on": lambda m: m.pass_on(),
}
ALLOWED = {
    (MessageState.WAITING, "join"): MessageState.WAITING,
    (MessageState.WAITING, "register"): MessageState.REGISTERED,
    (MessageState.WAITING, "put_aside"): MessageState.ASIDE,
    (MessageState.WAITING, "pass_on"): MessageState.GONE,
    (MessageState.ASIDE, "take_back"): MessageState.WAITING,
}


def message(state: MessageState = MessageState.WAITING, *, parts: int = 2) -> Message:
    return Message(
        id=uuid4(), gateway="mgw", channel=Channel.SMS, naming=Naming.CONFIDENTIAL, received_on=DAY, due_on=DAY, parts=parts,
        marks={"1": "a"}, left_out=0, key_id="k", wrapped_key=b"w", box=b"b", reporter=SealedRecord("k", b"w", b"c"),
        for_discipline=None, state=state,
    )  # fmt: skip


@pytest.mark.parametrize("state", MessageState)
@pytest.mark.parametrize("action", ACTIONS)
def test_each_action_is_for_its_state(state: MessageState, action: str) -> None:
    if (state, action) not in ALLOWED:
        with pytest.raises(NotAllowed):
            ACTIONS[action](message(state))
        return
    after = ACTIONS[action](message(state))
    assert after.state is ALLOWED[state, action]
    readable = after.state in (MessageState.WAITING, MessageState.ASIDE)
    assert all((left is not None) is readable for left in (after.wrapped_key, after.box, after.reporter))
    # of what went to discipline nobody is told who sent it there (G22)
    assert (after.decided_by is None) is (after.state in (MessageState.WAITING, MessageState.GONE))


@pytest.mark.parametrize(
    ("part", "parts", "mark", "fate"),
    [
        (1, 2, "a", MessageFate.KNOWN),
        (1, 2, "b", MessageFate.REFUSED),
        (2, 2, "b", MessageFate.TAKEN),
        (2, 3, "b", MessageFate.REFUSED),
    ],
)
def test_a_number_that_was_used_for_something_else_is_refused(
    part: int, parts: int, mark: str, fate: MessageFate
) -> None:
    assert message().hear(part, parts, mark) is fate
    assert message().missing == [2]


@pytest.mark.rule("G1")
@pytest.mark.parametrize(
    ("sender", "text", "left"),
    [
        ({"phone": "+8613900001111"}, "我电话139-0000 1111,举报", "我电话〔举报人〕,举报"),
        ({"phone": "008613900001111"}, "8613900001111", "86〔举报人〕"),
        ({"name": "王小示", "email": "Wang.Xs@mail.example"}, "王小示 wang.xs@MAIL.example", "〔举报人〕 〔举报人〕"),
        ({"email": "wangxs@mail.example"}, "微信号wangxs,wangxsy是别人", "微信号〔举报人〕,wangxsy是别人"),
        ({"email": "13900001111@mail.example"}, "电话13900001111", "电话〔举报人〕"),
        ({"email": "info@mail.example"}, "info", "info"),
        ({"note": "王小示"}, "王小示", "王小示"),
        (None, "13900001111", "13900001111"),
    ],
)
def test_who_sent_it_is_taken_out_of_what_it_says(sender: dict[str, str] | None, text: str, left: str) -> None:
    assert without_sender(text, sender) == left


def test_a_number_across_two_parts_is_taken_out_too_and_a_part_that_never_came_is_told() -> None:
    sender = {"phone": "13900001111"}
    assert joined({"2": "0001111完", "1": "我是1390"}, sender) == {"1": "我是〔举报人〕完", "2": ""}
    apart = joined({"10": "末", "2": "中"}, sender)
    assert list(apart.items()) == [("2", "中"), ("10", "末")]
    assert whole_text({"2": "后半"}, message()) == "〔第1段未收到〕后半"


def test_a_message_without_words_says_so_and_pairs_no_leads() -> None:
    silent = replace(message(parts=1), channel=Channel.VOICE)
    assert whole_text({"1": ""}, silent) == nothing_said(Channel.VOICE) != nothing_said(Channel.EMAIL)
    assert [of_the_matter(nothing_said(channel)) for channel in (Channel.VOICE, Channel.EMAIL)] == ["", ""]


def test_a_text_is_kept_without_signs_that_no_text_has() -> None:
    assert plain("\x00一\x07\ud800二\r\n \t\r\n\u3000\n三\n") == "一二\n\n三"


def test_who_is_not_known_reports_without_a_name() -> None:
    given = {"external_no": "1", "channel": Channel.EMAIL, "text": ""}
    namings = [Incoming(**given, sender=sender).naming for sender in (None, {"note": "x"}, {"phone": "1"})]  # type: ignore[arg-type] # a mapping of kinds
    assert namings == [Naming.ANONYMOUS, Naming.ANONYMOUS, Naming.CONFIDENTIAL]
