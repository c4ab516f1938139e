"""Who may do what on Kafka, derived from the topic matrix: the one list behind the ACLs, the document and the tests."""

from dataclasses import dataclass

from shared.contracts.topics import SERVICES, read_by, written_by


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """`principal` may `operation` on the `kind` (topic, group, cluster) called `name`."""

    principal: str
    kind: str
    name: str
    operation: str


def rights() -> list[Right]:
    """All rights of the four services. What is not listed is denied."""
    found = []
    for service in SERVICES:
        for topic in written_by(service):
            # it reads what it said itself only after a restore, to learn again what it forgot
            found += [Right(service, "topic", topic.name, right) for right in ("WRITE", "READ", "DESCRIBE")]
        for topic in read_by(service):
            found += [Right(service, "topic", topic.name, "READ"), Right(service, "topic", topic.name, "DESCRIBE")]
        found.append(Right(service, "group", service, "READ"))
        found.append(Right(service, "cluster", "kafka-cluster", "DESCRIBE"))
    return sorted(found)
