"""Letters between a reporter and the office are put into two boxes: one that the reporter's code opens, one for the office's own process.

The database has neither key (docs/decisions/0057).
"""

import base64
from collections.abc import Mapping
from datetime import date
from typing import Any

from nacl.public import PrivateKey
from pydantic import SecretStr

from services.intake.domain.mailbox import Kind, Message, Writer
from shared.contracts.envelope import SealedBox
from shared.sealing import Opener, ReceiverKey, Sealer

_REPORTER = "reporter"


class Letters:
    """`keys`: key id → private key of the office, the newest first. Raises ValueError without one."""

    def __init__(self, keys: Mapping[str, SecretStr]) -> None:
        if not keys:
            raise ValueError("MAILBOX_KEYS is needed by the api")
        self._opener = Opener(keys)
        key_id, newest = next(iter(keys.items()))
        private = PrivateKey(base64.b64decode(newest.get_secret_value()))
        self._office = ReceiverKey(key_id=key_id, public_key=base64.b64encode(bytes(private.public_key)).decode())

    def put(
        self,
        content: Mapping[str, Any],
        public_key: bytes,
        *,
        number: int,
        writer: Writer,
        kind: Kind,
        about: int,
        on: date,
    ) -> Message:
        """A message as it is kept. `about`: the number of the conclusion."""
        reporter = ReceiverKey(key_id=_REPORTER, public_key=base64.b64encode(public_key).decode())
        sealer = Sealer({_REPORTER: reporter, "office": self._office})
        office = sealer.seal("office", content)
        return Message(
            number=number,
            writer=writer,
            kind=kind,
            assignment_no=about,
            sent_on=on,
            read_on=None,
            for_reporter=sealer.seal(_REPORTER, content).box,
            for_office=office.box,
            office_key=office.key_id,
        )

    def for_office(self, message: Message) -> dict[str, Any]:
        """What it says. Raises `CannotOpen`."""
        return self._opener.open(SealedBox(key_id=message.office_key, box=message.for_office))

    @staticmethod
    def for_reporter(messages: list[Message], private: bytes) -> list[dict[str, Any]]:
        """What they say, with the private half that the code makes. Raises `CannotOpen`."""
        opener = Opener({_REPORTER: SecretStr(base64.b64encode(private).decode())})
        return [opener.open(SealedBox(key_id=_REPORTER, box=message.for_reporter)) for message in messages]
