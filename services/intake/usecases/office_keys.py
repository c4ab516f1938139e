"""What the office and a reporter exchange is put into two boxes: one that the reporter's code opens, one for the office's own process.

Letters are sealed whole, of a file its key is. The database has neither private key (docs/decisions/0057, 0115).
"""

import base64
from collections.abc import Mapping
from uuid import UUID

from nacl.public import PrivateKey
from pydantic import SecretStr

from services.intake.domain.attachment import KeyBoxes
from shared.file_key import CannotRead, FileKey
from shared.sealing import CannotOpen, Opener, ReceiverKey, Sealer

REPORTER, OFFICE = "reporter", "office"


class OfficeKeys:
    """`keys`: key id → private key of the office, the newest first. Raises ValueError without one."""

    def __init__(self, keys: Mapping[str, SecretStr]) -> None:
        if not keys:
            raise ValueError("缺少INTAKE_MAILBOX_KEYS / INTAKE_MAILBOX_KEYS is needed by the api and by seal-stored")
        self.opener = Opener(keys)
        key_id, newest = next(iter(keys.items()))
        private = PrivateKey(base64.b64decode(newest.get_secret_value()))
        self._office = ReceiverKey(key_id=key_id, public_key=base64.b64encode(bytes(private.public_key)).decode())

    def sealer(self, public_key: bytes) -> Sealer:
        """Seals for both: the reporter whose public half this is, and the office."""
        return Sealer({REPORTER: reporter(public_key), OFFICE: self._office})

    def boxes(self, key: FileKey, public_key: bytes) -> KeyBoxes:
        """A file's key for both."""
        sealer = self.sealer(public_key)
        office_key, for_office = sealer.wrap(OFFICE, key.secret)
        return KeyBoxes(for_reporter=sealer.wrap(REPORTER, key.secret)[1], for_office=for_office, office_key=office_key)

    def open(self, file_id: UUID, boxes: KeyBoxes) -> FileKey:
        """A file's key for the office. Raises `CannotRead`."""
        return _key(self.opener, file_id, boxes.office_key, boxes.for_office)


def reporter(public_key: bytes) -> ReceiverKey:
    """A reporter as a receiver of boxes, by the public half that the code makes."""
    return ReceiverKey(key_id=REPORTER, public_key=base64.b64encode(public_key).decode())


def reporters_opener(private: bytes) -> Opener:
    """Opens a reporter's boxes, with the private half that the code makes."""
    return Opener({REPORTER: SecretStr(base64.b64encode(private).decode())})


def reporters_key(private: bytes, file_id: UUID, boxes: KeyBoxes) -> FileKey:
    """A file's key for who holds the code. Raises `CannotRead`."""
    return _key(reporters_opener(private), file_id, REPORTER, boxes.for_reporter)


def _key(opener: Opener, file_id: UUID, key_id: str, box: bytes) -> FileKey:
    try:
        return FileKey(file_id, opener.data_key(key_id, box))
    except CannotOpen:
        raise CannotRead(f"no key opens file {file_id} (key id {key_id})") from None
