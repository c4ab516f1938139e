"""Keys of the subject store, for tests."""

import base64

from pydantic import SecretStr

from services.intake.usecases.subject_store import SubjectKeys
from shared.file_key import WrappingKey


def wrapping(*key_ids: str) -> list[WrappingKey]:
    """Keys with these ids, as the settings have them; one id is always the same key."""
    made = {key_id: base64.b64encode(key_id.encode().ljust(32, b"\0")).decode() for key_id in key_ids}
    return [WrappingKey(key_id=key_id, key=SecretStr(key)) for key_id, key in made.items()]


def keys_of(*key_ids: str) -> SubjectKeys:
    """Keys with these ids, the newest first."""
    return SubjectKeys(wrapping(*key_ids))


SUBJECTS = keys_of("test")
