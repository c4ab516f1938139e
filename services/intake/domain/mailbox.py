"""The mailbox 信箱 of a reporter who holds a code: what the office writes is sealed for a key that only the code makes (decision 0057).

The key pair is made of the query code, which has 130 bits and needs no slow hash. A code that the reporter chose is short: under a key
that Argon2id makes of it lies the private half, so that both codes open one mailbox.
"""

import hashlib
from dataclasses import dataclass
from datetime import date

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey
from nacl.pwhash.argon2id import SALTBYTES
from nacl.secret import SecretBox

from shared.codes import Labelled
from shared.errors import NotAllowed

LONGEST = 4000
"""Characters of one message."""
FILES_AT_MOST = 5
"""Files of one letter."""
UNREAD_AT_MOST = 20
"""Messages of a reporter that the office has not read."""


PAST_OFFICE = (
    "您的举报已密封直送纪检监察机关,扫黑办不经手、也看不到;补充情况和异议请在信箱中写信,只有纪检监察机关能读",
    "your report went sealed to discipline alone, the office neither handles nor sees it; what you add or object, write in a letter here",
)


class PastOffice(NotAllowed):
    """The report went to discipline alone (G22): what the office does is not for it. Only the holder of its code is told."""

    def __init__(self) -> None:
        super().__init__(f"{PAST_OFFICE[0]} / {PAST_OFFICE[1]}")


class Writer(Labelled):
    """Who wrote. 发信人"""

    REPORTER = "reporter", "举报人", "reporter"
    OFFICE = "office", "扫黑办", "office"
    DISCIPLINE = "discipline", "纪检监察机关", "discipline (of a report past the office)"


class Kind(Labelled):
    """What a message is for. 信件类别"""

    MESSAGE = "message", "一般信件", "message"
    INVITATION = "invitation", "约请见面", "invitation to meet"
    FEEDBACK = "feedback", "结果反馈", "feedback of the result"
    OBJECTION = "objection", "异议", "objection"
    REFUSAL = "refusal", "异议不成立", "objection refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One, as it is kept: two boxes, one for each side. By days only, as the hour could tell who the reporter is."""

    number: int
    writer: Writer
    kind: Kind
    assignment_no: int
    """Which conclusion a feedback, an objection and a refusal are about; 0 before there is one."""
    sent_on: date
    read_on: date | None
    for_reporter: str
    for_office: str
    office_key: str


@dataclass(frozen=True, slots=True)
class Lock:
    """The key that a code of one's own makes, with the salt that belongs to it."""

    salt: bytes
    key: bytes

    def shut(self, private: bytes) -> bytes:
        """The private half as it is kept."""
        return self.salt + bytes(SecretBox(self.key).encrypt(private))


def private_half(code: str) -> bytes:
    """The private half of the key pair (X25519) of a query code in its one form."""
    return hashlib.blake2b(code.encode(), digest_size=PrivateKey.SIZE, person=b"xs-mailbox.v1").digest()


def public_half(private: bytes) -> bytes:
    """What is kept with the report."""
    return bytes(PrivateKey(private).public_key)


def salt_of(kept: bytes) -> bytes:
    """The salt of a private half that was shut away."""
    return kept[:SALTBYTES]


def unlocked(kept: bytes, key: bytes) -> bytes | None:
    """The private half; None when the key does not fit."""
    try:
        return bytes(SecretBox(key).decrypt(kept[SALTBYTES:]))
    except CryptoError:
        return None


def must_have_room(unread: int) -> None:
    """Raises `NotAllowed` while the office has too much to read."""
    if unread >= UNREAD_AT_MOST:
        raise NotAllowed(
            f"已有{unread}封信尚未查阅,请等待回复 / {unread} messages are not read yet, please wait for an answer"
        )
