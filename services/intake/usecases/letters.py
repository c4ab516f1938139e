"""Letters between a reporter and the office, sealed for both."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import structlog

from services.intake.domain.mailbox import Kind, Message, Writer
from services.intake.usecases.office_keys import OFFICE, REPORTER, OfficeKeys, reporters_opener
from shared.contracts.envelope import SealedBox
from shared.errors import Unavailable
from shared.sealing import CannotOpen

log = structlog.get_logger(__name__)


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
        """What it says. Raises `Unavailable` when its key was taken out of the settings."""
        try:
            return self._office.opener.open(SealedBox(key_id=message.office_key, box=message.for_office))
        except CannotOpen as fault:
            log.warning("letters.no_key", reason=str(fault))
            raise Unavailable("信件暂时无法解密 / the letter cannot be opened now") from None

    @staticmethod
    def for_reporter(messages: list[Message], private: bytes) -> list[dict[str, Any]]:
        """What they say, with the private half that the code makes. Raises `CannotOpen`."""
        opener = reporters_opener(private)
        return [opener.open(SealedBox(key_id=REPORTER, box=message.for_reporter)) for message in messages]
