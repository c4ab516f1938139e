"""What discipline's own process opens and seals of a report past the office: its box, the reporter within it, letters to and fro."""

import base64
from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from nacl.public import PrivateKey
from pydantic import SecretStr

from services.discipline.db import report_letters, reports
from services.discipline.domain.letter import Kind, Letter, Writer, said
from shared import outbox
from shared.contracts.discipline import LetterSent
from shared.contracts.envelope import SealedBox, day_of
from shared.db import Transaction
from shared.deadlines import start_of
from shared.errors import NotAllowed
from shared.sealing import CannotOpen, Opener, ReceiverKey, Sealer

_REPORTER, _OWN = "reporter", "discipline"


class Post:
    """`keys`: key id → discipline's private key, the newest first."""

    def __init__(self, keys: Mapping[str, SecretStr]) -> None:
        self._opener = Opener(keys)
        key_id, newest = next(iter(keys.items()))
        public = PrivateKey(base64.b64decode(newest.get_secret_value())).public_key
        self._own = ReceiverKey(key_id=key_id, public_key=base64.b64encode(bytes(public)).decode())

    async def inside(self, tx: Transaction, report_id: UUID) -> Mapping[str, Any]:
        """What the report's box holds; nothing once it was destroyed. Raises `CannotOpen`."""
        sealed = await reports.box(tx, report_id)
        return self._opener.open(sealed) if sealed else {}

    async def has_reporter(self, tx: Transaction, report_id: UUID) -> bool:
        """Whether the reporter said anything of himself; his box stays closed."""
        return (await self.inside(tx, report_id)).get("reporter") is not None

    async def reporter(self, tx: Transaction, report_id: UUID) -> Mapping[str, Any]:
        """What the reporter said of himself. Raises `NotAllowed` when that is nothing, `CannotOpen`."""
        sealed = (await self.inside(tx, report_id)).get("reporter")
        if sealed is None:
            raise NotAllowed("该举报没有举报人信息 / this report has no reporter on record")
        return self._opener.open(SealedBox.model_validate(sealed))

    def file_of(self, report_id: UUID, box: SealedBox) -> Mapping[str, Any] | None:
        """The file for this report's reporter that intake took and put into this box; None for whatever else it is."""
        try:
            told = self._opener.open(box)
        except CannotOpen:
            return None
        file = told.get("file")
        return file if file is not None and told.get("report_id") == str(report_id) else None

    def read(self, letter: Letter) -> Mapping[str, Any]:
        """What a letter says; nothing once it was destroyed. Raises `CannotOpen`."""
        return self._opener.open(letter.sealed) if letter.sealed else {}

    async def send(self, tx: Transaction, report_id: UUID, kind: Kind, *, by: str, on: date, **content: Any) -> Letter:
        """Write to the reporter; the caller holds the report's lock. Raises `NotAllowed` for a report from before there were mailboxes."""
        letter = await self.send_if_possible(tx, report_id, kind, by=by, on=on, **content)
        if letter is None:
            raise NotAllowed(
                "该举报没有信箱,请以其他方式告知举报人 / this report has no mailbox: reach the reporter another way"
            )
        return letter

    async def send_if_possible(
        self, tx: Transaction, report_id: UUID, kind: Kind, *, by: str, on: date, **content: Any
    ) -> Letter | None:
        """The same; None without a mailbox."""
        public_key = (await self.inside(tx, report_id)).get("mailbox_key")
        if public_key is None:
            return None
        sealer = Sealer({_REPORTER: ReceiverKey(key_id=_REPORTER, public_key=public_key), _OWN: self._own})
        whole = said(kind, **content)
        letter = Letter(
            report_id=report_id,
            number=await report_letters.next_number(tx, report_id),
            writer=Writer.DISCIPLINE,
            kind=kind,
            sent_on=on,
            read_on=None,
            written_by=by,
            sealed=sealer.seal(_OWN, whole),
        )
        await report_letters.add(tx, letter)
        event = LetterSent(report_id=report_id, number=letter.number, on=on, sealed=sealer.seal(_REPORTER, whole))
        await outbox.put(tx, event, at=day_of(start_of(on)))
        return letter
