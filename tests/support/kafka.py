"""A real Kafka for tests of the engine: topics of the matrix, no passwords; and what stands on a topic."""

import time
from collections.abc import Mapping
from contextlib import suppress

from confluent_kafka import KafkaException, Producer, TopicCollection

from deploy.kafka.provision import connect, provision
from deploy.local.kafka import Kafka
from shared.contracts.envelope import Envelope, decode
from shared.kafka import KafkaAddress, TopicPartition, read_all

OF_NOBODY = b"of nobody"


class Broker:
    """The node, and looks into it."""

    def __init__(self, kafka: Kafka) -> None:
        self.kafka = kafka

    @property
    def address(self) -> KafkaAddress:
        """For clients of the engine."""
        return KafkaAddress(servers=self.kafka.bootstrap)

    def provision(self) -> None:
        """The topics of the matrix."""
        provision(connect(self.kafka.bootstrap), with_rights=False)

    def remake(self, topic: str) -> None:
        """Delete a topic and make it anew: its records are gone, its offsets begin at 0."""
        admin = connect(self.kafka.bootstrap)
        for future in admin.delete_topics([topic], operation_timeout=20).values():
            future.result()
        # what the broker knows of its topics follows what it did, a moment later: look again until both agree
        for _ in range(100):
            if topic not in admin.list_topics(timeout=10).topics:
                break
            time.sleep(0.05)
        for _ in range(100):
            with suppress(KafkaException):
                self.provision()
                admin.describe_topics(TopicCollection([topic]))[topic].result()
                return
            time.sleep(0.1)
        raise TimeoutError(f"{topic} was not made anew")

    def lift(self, ends: Mapping[TopicPartition, int]) -> None:
        """Records of nobody until these partitions, which are empty, end there."""
        producer = Producer({"bootstrap.servers": self.kafka.bootstrap})
        for target, end in ends.items():
            for _ in range(end):
                producer.produce(target.topic, OF_NOBODY, partition=target.partition)
        assert not producer.flush(20)

    def replace(self) -> None:
        """Another, empty cluster at the same address."""
        self.kafka.stop()
        self.kafka.wipe()
        self.kafka.start()
        self.provision()

    async def records(self, topic: str) -> list[Envelope]:
        """All records of a topic, partition by partition in their order."""
        found = [record.value or b"" async for record in read_all(self.address, "looking", [topic])]
        return [decode(value) for value in found if value != OF_NOBODY]
