"""The envelope of every event: CloudEvents 1.0, structured JSON, and the classes' common part.

``subject`` is the aggregate's id, ``sequence`` counts its events from 1 without a gap per (topic, subject), ``partitionkey`` is the
lead's id, so that all that concerns a lead keeps its order; what concerns no lead has its own subject there.
"""

import json
import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import lru_cache
from typing import Annotated, Any, ClassVar, Self
from uuid import UUID

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

CHINA = timezone(timedelta(hours=8), "UTC+8")
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
"""A code of a published list, a unit or a number: never free text, so never a person's name."""
ChineseCode = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z一-鿿]{1,16}$")]
"""The name of a place of administration (a street), which is a code in Chinese writing."""
Region = Annotated[str, StringConstraints(pattern=r"^\d{6}$")]
_TRACEPARENT = re.compile(r"^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}\Z")
MAX_BYTES = 900_000
"""The largest event, in bytes; the broker's limit is 1 MiB with its own overhead."""


class SealedBox(BaseModel):
    """A box that only the receiver's private key opens; ``box`` is base64."""

    model_config = ConfigDict(frozen=True)
    key_id: Code
    box: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]+={0,2}$")]


class Event(BaseModel):
    """What happened to one aggregate."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    TYPE: ClassVar[str]
    TOPIC: ClassVar[str]
    SUBJECT: ClassVar[str]
    """The field that holds the aggregate's id."""
    DAY_PRECISION: ClassVar[bool] = False
    """True where the hour could tell who reported: times are cut to the day in China."""

    @property
    def subject(self) -> str:
        return str(getattr(self, self.SUBJECT))

    @property
    def partition_key(self) -> str:
        return self.subject


class AboutLead(Event):
    """What happened to something that concerns a lead. ``effective_at`` is when it happened (UTC), which may be before it was recorded."""

    lead_id: UUID
    effective_at: AwareDatetime

    @model_validator(mode="after")
    def _cut_to_day(self) -> Self:
        if self.DAY_PRECISION:
            object.__setattr__(self, "effective_at", day_of(self.effective_at))
        return self

    @property
    def partition_key(self) -> str:
        return str(self.lead_id)


class SealedEvent(Event):
    """Carries restricted facts for one receiver. ``sealed`` is None once they have been destroyed."""

    sealed: SealedBox | None


class Envelope(BaseModel):
    """A CloudEvent as it stands on the wire."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    specversion: Annotated[str, StringConstraints(pattern=r"^1\.0$")] = "1.0"
    id: UUID
    source: Annotated[str, StringConstraints(pattern=r"^/xiansuo/\d{6}/[a-z]+$")]
    type: Annotated[str, StringConstraints(pattern=r"^xiansuo(\.[a-z-]+){3}\.v[1-9]\d*$")]
    subject: Code
    time: AwareDatetime
    datacontenttype: Annotated[str, StringConstraints(pattern=r"^application/json$")] = "application/json"
    dataschema: Annotated[str, StringConstraints(pattern=r"^schemas/[a-z0-9.-]+\.json$")]
    partitionkey: Code
    sequence: Annotated[str, StringConstraints(pattern=r"^[1-9]\d{0,17}$")]
    region: Region
    traceparent: Annotated[str, StringConstraints(pattern=r"^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")] | None = None
    """CloudEvents' distributed tracing extension: the trace in which it was said."""
    data: dict[str, Any]

    @field_validator("traceparent", mode="before")
    @classmethod
    def _readable(cls, value: object) -> object:
        """A trace is a help for operators: one that cannot be read is forgotten, it never parks an event."""
        return value if isinstance(value, str) and _TRACEPARENT.match(value) else None

    @property
    def number(self) -> int:
        """The sequence as a number."""
        return int(self.sequence)


class Unparsable(ValueError):
    """The bytes are no envelope of ours, or its data do not fit the event's class. Carries no payload."""


def day_of(instant: datetime) -> datetime:
    """The start of that day in China, as an instant in UTC."""
    return _begin(instant.astimezone(CHINA).date())


@lru_cache(maxsize=1024)
def _begin(day: date) -> datetime:
    return datetime.combine(day, time(), CHINA).astimezone(UTC)


@lru_cache(maxsize=1024)
def rfc3339(instant: datetime) -> str:
    """An instant as RFC 3339 in UTC. Remembered: what is told by the day has the same one all day."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def schema_of(event_type: str) -> str:
    """Where the JSON Schema of this type stands, relative to shared/contracts."""
    return f"schemas/{event_type}.json"


def decode(value: bytes) -> Envelope:
    """Bytes of a record → envelope. Raises `Unparsable`."""
    try:
        return Envelope.model_validate_json(value)
    except ValidationError as error:
        raise Unparsable(_where(error)) from None


def encode(envelope: Envelope) -> bytes:
    """Envelope → bytes of a record."""
    whole = envelope.model_dump(mode="json")
    if whole["traceparent"] is None:
        del whole["traceparent"]  # an attribute of a CloudEvent is there or not, never null
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()


def _where(error: ValidationError) -> str:
    """Which fields are wrong and why, without their values."""
    return "; ".join(f"{'.'.join(map(str, e['loc'])) or 'value'}: {e['type']}" for e in error.errors()[:5])


def parse(classes: dict[str, type[Event]], envelope: Envelope) -> Event | None:
    """The event inside, or None for a type that this version does not know. Raises `Unparsable`."""
    event_class = classes.get(envelope.type)
    if event_class is None:
        return None
    try:
        event = event_class.model_validate(envelope.data)
    except ValidationError as error:
        raise Unparsable(_where(error)) from None
    if event.subject != envelope.subject or event.partition_key != envelope.partitionkey:
        raise Unparsable("subject or partitionkey differs from data")
    return event
