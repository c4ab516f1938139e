"""The receipt proves the filing, and tells nothing of it."""

import base64
from dataclasses import replace

from nacl.signing import SigningKey
from pydantic import SecretStr

from services.intake.domain.query_code import new_code
from services.intake.domain.receipt import Receipt, ReceiptKey, ReceiptSigner, content_bytes, content_hash, new_number

SEED = bytes(range(32))
CODE, OTHER = new_code(b"7" * 17), new_code(b"8" * 17)
REPORT = {"naming": "anonymous", "facts": {"summary": "强收费用"}}


def signer(key_id: str = "r-1", seed: bytes = SEED, **older: str) -> ReceiptSigner:
    return ReceiptSigner(ReceiptKey(key_id=key_id, private_key=SecretStr(base64.b64encode(seed).decode())), older)


def receipt(by: ReceiptSigner | None = None) -> Receipt:
    slip = (by or signer()).sign(
        region="999999", number="R12345", received_on="2018-06-01", content_hash=content_hash(REPORT, CODE)
    )
    return Receipt(**slip)


def test_a_receipt_fits_its_key_and_no_changed_part_of_it_does() -> None:
    keys, good = signer().public_keys, receipt()
    assert good.fits(keys) is True
    for part in ("region", "number", "received_on", "content_hash"):
        assert replace(good, **{part: getattr(good, part)[:-1] + "z"}).fits(keys) is False
    for signature in ("", "x", base64.b64encode(b"x" * 64).decode()):
        assert replace(good, signature=signature).fits(keys) is False
    assert replace(good, key_id="r-0").fits(keys) is None


def test_a_receipt_of_an_older_key_stays_good_when_a_new_one_signs() -> None:
    old, new = receipt(), signer("r-2", b"n" * 32, **signer().public_keys)
    assert old.fits(new.public_keys) is True
    assert receipt(new).key_id == "r-2"
    assert receipt(new).fits(new.public_keys) is True
    assert bytes(SigningKey(b"n" * 32).verify_key) == base64.b64decode(new.public_keys["r-2"])


def test_the_content_is_proved_with_the_code_and_cannot_be_guessed_without_it() -> None:
    good = receipt()
    assert good.tells(REPORT, CODE)
    assert not good.tells(REPORT, OTHER)
    assert not good.tells(REPORT | {"naming": "named"}, CODE)
    assert receipt().content_hash != content_hash(REPORT, OTHER)


def test_who_reported_is_no_part_of_what_is_hashed() -> None:
    assert content_bytes(REPORT | {"reporter": {"name": "甲"}, "own_code": "x"}) == content_bytes(REPORT)


def test_numbers_are_random_symbols_in_groups() -> None:
    assert new_number(bytes(10)) == "R00000-00000-00000-0"
    assert new_number(b"\xff" * 10) == "RZZZZZ-ZZZZZ-ZZZZZ-Z"
