"""Letters between a reporter and the office, sealed for both."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from services.intake.domain.mailbox import Kind, Message, Writer
from services.intake.usecases.office_keys import OFFICE, REPORTER, OfficeKeys, reporters_opener
from shared.contracts.envelope import SealedBox


class Letters:
    """Puts letters into their boxes and takes them out."""

    def __init__(self, office: OfficeKeys) -> None:
        self._office = office

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
        sealer = self._office.sealer(public_key)
        office = sealer.seal(OFFICE, content)
        return Message(
            number=number,
            writer=writer,
            kind=kind,
            assignment_no=about,
            sent_on=on,
            read_on=None,
            for_reporter=sealer.seal(REPORTER, content).box,
            for_office=office.box,
            office_key=office.key_id,
        )

    def for_office(self, message: Message) -> dict[str, Any]:
        """What it says. Raises `CannotOpen`."""
        return self._office.opener.open(SealedBox(key_id=message.office_key, box=message.for_office))

    @staticmethod
    def for_reporter(messages: list[Message], private: bytes) -> list[dict[str, Any]]:
        """What they say, with the private half that the code makes. Raises `CannotOpen`."""
        opener = reporters_opener(private)
        return [opener.open(SealedBox(key_id=REPORTER, box=message.for_reporter)) for message in messages]
