"""The topic matrix (topics.toml) as data."""

import tomllib
from dataclasses import dataclass
from importlib.resources import files

SERVICES = ("intake", "verification", "discipline", "publicity")


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One row of the matrix: how many partitions, how long the broker keeps a record (days), who writes and who reads."""

    name: str
    about: str
    partitions: int
    retention_days: int
    writer: str
    readers: tuple[str, ...]


def _load() -> dict[str, Topic]:
    rows = tomllib.loads(files(__package__).joinpath("topics.toml").read_text("utf-8"))["topic"]
    topics = {row["name"]: Topic(**{**row, "readers": tuple(row["readers"])}) for row in rows}
    for topic in topics.values():
        if topic.writer not in SERVICES or not set(topic.readers) <= set(SERVICES) or topic.writer in topic.readers:
            raise ValueError(f"topics.toml: {topic.name} names a writer or reader that cannot be")
    return topics


TOPICS: dict[str, Topic] = _load()


def written_by(service: str) -> list[Topic]:
    """The topics that this service owns."""
    return [topic for topic in TOPICS.values() if topic.writer == service]


def read_by(service: str) -> list[Topic]:
    """The topics that this service hears."""
    return [topic for topic in TOPICS.values() if service in topic.readers]
