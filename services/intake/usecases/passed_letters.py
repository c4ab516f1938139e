"""Letters between the reporter of a report past the office and discipline, as whoever holds the query code opens them."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import SecretStr

from services.intake.domain.passed_report import PassedLetter, Writer
from shared.contracts.envelope import SealedBox
from shared.sealing import Opener

_REPORTER = "reporter"
OPENING = "opening"
"""The kind that tells of an opening: shown with the progress, no letter."""
Opened = tuple[PassedLetter, Mapping[str, Any]]


def open_letters(letters: Sequence[PassedLetter], private: bytes) -> list[Opened]:
    """Each with what it says; `private` is the half of the key pair that the code makes. Raises `CannotOpen`."""
    opener = Opener({_REPORTER: SecretStr(base64.b64encode(private).decode())})
    return [(one, opener.open(SealedBox(key_id=_REPORTER, box=one.box))) for one in letters]


def to_be_read(letter: PassedLetter, says: Mapping[str, Any]) -> bool:
    """Whether it waits for the reporter."""
    return letter.writer is Writer.DISCIPLINE and letter.read_on is None and says["kind"] != OPENING
