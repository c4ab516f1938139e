"""Boxes open for their receiver alone, tell nothing by their length, and a record without its key is gone."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.public import PrivateKey
from pydantic import SecretStr

from shared.contracts.envelope import SealedBox
from shared.sealing import CannotOpen, Opener, ReceiverKey, SealedRecord, Sealer

KEYS = {name: PrivateKey.generate() for name in ("verification", "discipline")}


def opener(name: str) -> Opener:
    return Opener({f"{name}-1": SecretStr(base64.b64encode(bytes(KEYS[name])).decode())})


SEALER = Sealer(
    {
        name: ReceiverKey(key_id=f"{name}-1", public_key=base64.b64encode(bytes(key.public_key)).decode())
        for name, key in KEYS.items()
    }
)


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=50), max_size=5))
def test_the_receiver_reads_what_was_sealed_and_nobody_else(content: dict[str, str]) -> None:
    box = SEALER.seal("verification", content)
    assert opener("verification").open(box) == content
    with pytest.raises(CannotOpen):
        opener("discipline").open(box)
    renamed = SealedBox(key_id="discipline-1", box=box.box)
    with pytest.raises(CannotOpen):
        opener("discipline").open(renamed)


def test_the_same_content_twice_looks_different_and_short_texts_are_of_one_length() -> None:
    first, second = SEALER.seal("verification", {"a": "乙"}), SEALER.seal("verification", {"a": "乙"})
    assert first.box != second.box
    assert len(first.box) == len(SEALER.seal("verification", {"a": "甲" * 100}).box)


def test_an_altered_box_does_not_open_and_says_nothing_of_its_content() -> None:
    box = SEALER.seal("verification", {"name": "证人甲"})
    raw = bytearray(base64.b64decode(box.box))
    raw[-1] ^= 1
    altered = SealedBox(key_id=box.key_id, box=base64.b64encode(bytes(raw)).decode())
    with pytest.raises(CannotOpen) as refused:
        opener("verification").open(altered)
    assert "证人甲" not in str(refused.value)


def test_a_record_has_a_key_of_its_own_and_is_shredded_without_it() -> None:
    one, two = (SEALER.seal_record("verification", {"name": name}) for name in ("甲", "乙"))
    assert opener("verification").open_record(one) == {"name": "甲"}
    assert "甲".encode() not in one.ciphertext
    for broken in (
        SealedRecord(one.key_id, b"", one.ciphertext),
        SealedRecord(one.key_id, two.wrapped_key, one.ciphertext),
        SealedRecord("other", one.wrapped_key, one.ciphertext),
    ):
        with pytest.raises(CannotOpen):
            opener("verification").open_record(broken)


def test_there_is_no_sealing_for_an_unknown_receiver() -> None:
    with pytest.raises(KeyError):
        SEALER.seal("publicity", {})
