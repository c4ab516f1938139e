"""The running platform's own walls: database roles and Kafka rights as `make run` and production set them."""

import asyncio
from typing import Any

import aiokafka.errors
import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer
from confluent_kafka import KafkaError, Producer
from sqlalchemy.engine import make_url

from deploy.kafka.rights import rights
from deploy.local.databases import roles
from shared.contracts.topics import SERVICES, TOPICS
from shared.kafka import KafkaAddress
from tests.support.running import Running


def address(running: Running, service: str, password: str | None = None) -> KafkaAddress:
    platform = running.platform
    return KafkaAddress(
        servers=platform.kafka.bootstrap,
        security="SASL_PLAINTEXT",
        user=service,
        password=password or platform.keys.secret(f"kafka-{service}"),
    )


LONGEST = 60.0
"""Seconds for an answer of the broker, which comes at once where nothing else is to be done."""
PAIRS = [(one, other) for one in SERVICES for other in SERVICES if one != other]


@pytest.mark.rule("G9", "A12")
@pytest.mark.parametrize(("service", "other"), PAIRS)
async def test_a_services_password_opens_no_other_database(running: Running, service: str, other: str) -> None:
    password = running.platform.keys.secret(service)
    url = make_url(running.platform.admin).set(username=service, password=password)
    own = await asyncpg.connect(url.set(database=service).render_as_string(hide_password=False))
    await own.close()
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(url.set(database=other).render_as_string(hide_password=False))


@pytest.mark.rule("G9", "A12")
@pytest.mark.parametrize("database", ["postgres", "template1"])
@pytest.mark.parametrize("service", SERVICES)
async def test_no_service_enters_the_servers_own_databases(running: Running, service: str, database: str) -> None:
    for role in roles(service):
        url = make_url(running.platform.admin).set(
            username=role, password=running.platform.keys.secret(role), database=database
        )
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await asyncpg.connect(url.render_as_string(hide_password=False))


def client(running: Running, service: str) -> dict[str, Any]:
    """Settings of librdkafka's clients: a producer of theirs says that a right is missing."""
    it = address(running, service)
    return {
        "bootstrap.servers": it.servers,
        "security.protocol": it.security,
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": it.user,
        "sasl.password": it.password,
    }


def may(error: KafkaError | None) -> bool:
    """Whether it was let, by what is said of it; anything but a missing right is a fault."""
    if error is None:
        return True
    assert error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED, error
    return False


def may_write(running: Running, service: str, topic: str) -> bool:
    told: list[KafkaError | None] = []
    producer = Producer(client(running, service))
    # an empty record: readers set it aside as unreadable, so it is only sent where it must be refused
    producer.produce(topic, b"", partition=0, on_delivery=lambda error, _: told.append(error))
    producer.flush(LONGEST)
    return may(told[0])


async def may_read(running: Running, service: str, topic: str, *, within: float) -> bool:
    """That it may not is never said to a reader: it asks again until its time is over."""
    reader = AIOKafkaConsumer(**address(running, service).options("probe"), enable_auto_commit=False)
    await reader.start()
    try:
        target = aiokafka.TopicPartition(topic, 0)
        reader.assign([target])
        await asyncio.wait_for(reader.seek_to_beginning(target), within)
        await asyncio.wait_for(reader.getmany(target, timeout_ms=200), within)
    except (aiokafka.errors.KafkaError, TimeoutError):
        return False
    finally:
        await reader.stop()
    return True


@pytest.mark.rule("G9")
@pytest.mark.parametrize("service", SERVICES)
async def test_only_the_matrix_lets_a_service_read_a_topic(running: Running, service: str) -> None:
    # its own it reads after a restore, to learn again what it said and forgot
    allowed = {name for name, topic in TOPICS.items() if service in (topic.writer, *topic.readers)}
    read = await asyncio.gather(
        *(may_read(running, service, name, within=LONGEST if name in allowed else 1.5) for name in TOPICS)
    )
    assert {name for name, let in zip(TOPICS, read, strict=True) if let} == allowed


@pytest.mark.parametrize("service", SERVICES)
async def test_nobody_writes_to_anothers_topic(running: Running, service: str) -> None:
    foreign = [name for name, topic in TOPICS.items() if topic.writer != service]
    wrote = await asyncio.gather(*(asyncio.to_thread(may_write, running, service, name) for name in foreign))
    assert [name for name, let in zip(foreign, wrote, strict=True) if let] == []


async def test_a_wrong_password_is_refused(running: Running) -> None:
    reader = AIOKafkaConsumer(**address(running, "publicity", "wrong").options("probe"))
    with pytest.raises(aiokafka.errors.KafkaError):
        await reader.start()
    await reader.stop()


def test_the_rights_are_the_matrix_and_nothing_more() -> None:
    given = {(right.principal, right.name, right.operation) for right in rights() if right.kind == "topic"}
    wanted = {(topic.writer, name, "WRITE") for name, topic in TOPICS.items()}
    wanted |= {(reader, name, "READ") for name, topic in TOPICS.items() for reader in (topic.writer, *topic.readers)}
    assert {right for right in given if right[2] != "DESCRIBE"} == wanted
