"""`python -m deploy.kafka.provision`: make the topics and ACLs of the matrix; run again it changes only what differs.

Settings: KAFKA (bootstrap), KAFKA_SECURITY, KAFKA_USER, KAFKA_PASSWORD, KAFKA_CA of an administrator;
REPLICATION (default 1; 3 in production).
"""

import os
import sys
from collections.abc import Mapping
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourcePatternType,
    ResourceType,
)

from deploy.kafka.rights import Right, rights
from shared.contracts.topics import TOPICS, Topic

DAY_MS = 86_400_000
_KINDS = {"topic": ResourceType.TOPIC, "group": ResourceType.GROUP, "cluster": ResourceType.BROKER}


class Mismatch(Exception):
    """A topic stands on the broker with another number of partitions; the order per lead rests on that number, so it never changes."""


def connect(
    servers: str, *, security: str = "PLAINTEXT", user: str = "", password: str = "", ca: str = ""
) -> AdminClient:
    """An administrator's client."""
    options: dict[str, Any] = {"bootstrap.servers": servers, "security.protocol": security, "log_level": 0}
    if security.startswith("SASL"):
        options |= {"sasl.mechanism": "SCRAM-SHA-512", "sasl.username": user, "sasl.password": password}
    if ca:
        options["ssl.ca.location"] = ca
    return AdminClient(options)


def provision(admin: AdminClient, *, replication: int = 1, with_rights: bool = True) -> None:
    """Make topics and rights. Raises `Mismatch`, or confluent_kafka's KafkaException when the broker refuses."""
    _topics(admin, replication)
    if with_rights:
        _rights(admin)


def _topics(admin: AdminClient, replication: int) -> None:
    known = admin.list_topics(timeout=30).topics
    for name, topic in TOPICS.items():
        if name in known and len(known[name].partitions) != topic.partitions:
            raise Mismatch(f"{name} has {len(known[name].partitions)} partitions, the matrix says {topic.partitions}")
    missing = [topic for name, topic in TOPICS.items() if name not in known]
    if missing:
        made = admin.create_topics(
            [NewTopic(t.name, t.partitions, replication, config=_config(t, replication)) for t in missing],
            operation_timeout=30,
        )
        for future in made.values():
            try:
                future.result()
            except KafkaException as fault:
                if fault.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                    raise
    standing = [topic for name, topic in TOPICS.items() if name in known]
    if standing:
        resources = [
            ConfigResource(
                ConfigResource.Type.TOPIC,
                topic.name,
                incremental_configs=[
                    ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET)
                    for key, value in _config(topic, replication).items()
                ],
            )
            for topic in standing
        ]
        for future in admin.incremental_alter_configs(resources).values():
            future.result()


def _config(topic: Topic, replication: int) -> dict[str, str]:
    return {
        "retention.ms": str(topic.retention_days * DAY_MS),
        "cleanup.policy": "delete",
        # the relay's own stamp, which tells the day only where the hour could tell who reported
        "message.timestamp.type": "CreateTime",
        "min.insync.replicas": str(max(1, replication - 1)),
    }


def _rights(admin: AdminClient) -> None:
    """Exactly the list: missing rights are granted, others of the same principals are taken away."""
    wanted = {right: _binding(right) for right in rights()}
    anything = AclBindingFilter(  # None means any
        ResourceType.ANY,
        None,  # type: ignore[arg-type]
        ResourcePatternType.ANY,
        None,  # type: ignore[arg-type]
        None,  # type: ignore[arg-type]
        AclOperation.ANY,
        AclPermissionType.ANY,
    )
    standing = set(admin.describe_acls(anything, request_timeout=30).result())
    missing = [binding for binding in wanted.values() if binding not in standing]
    if missing:
        for future in admin.create_acls(missing).values():
            future.result()
    if extra := [binding for binding in standing if binding not in set(wanted.values())]:
        for future in admin.delete_acls([_filter(binding) for binding in extra]).values():
            future.result()


def _binding(right: Right) -> AclBinding:
    return AclBinding(
        _KINDS[right.kind],
        right.name,
        ResourcePatternType.LITERAL,
        f"User:{right.principal}",
        "*",
        AclOperation[right.operation],
        AclPermissionType.ALLOW,
    )


def _filter(binding: AclBinding) -> AclBindingFilter:
    return AclBindingFilter(
        binding.restype,
        binding.name,
        binding.resource_pattern_type,
        binding.principal,
        binding.host,
        binding.operation,
        binding.permission_type,
    )


def main(environment: Mapping[str, str] = os.environ) -> int:
    """The command. 0 when all stands as the matrix says, 1 with the reason otherwise."""
    try:
        admin = connect(
            environment["KAFKA"],
            security=environment.get("KAFKA_SECURITY", "PLAINTEXT"),
            user=environment.get("KAFKA_USER", ""),
            password=environment.get("KAFKA_PASSWORD", ""),
            ca=environment.get("KAFKA_CA", ""),
        )
        plain = environment.get("KAFKA_SECURITY", "PLAINTEXT") == "PLAINTEXT"
        provision(admin, replication=int(environment.get("REPLICATION", "1")), with_rights=not plain)
    except KeyError as missing:
        print(f"{missing} is not set", file=sys.stderr)
        return 1
    except (Mismatch, KafkaException) as fault:
        print(fault, file=sys.stderr)
        return 1
    print(f"{len(TOPICS)} topics, {0 if plain else len(rights())} rights")
    return 0


if __name__ == "__main__":
    sys.exit(main())
