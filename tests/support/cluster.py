"""Three real Kafka nodes that are one cluster (each broker and controller), with the face of one node."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deploy.local.kafka import Kafka, new_cluster_id


class Cluster:
    """As `Kafka`, for several nodes."""

    def __init__(self, folder: Path, *, users: Mapping[str, str], nodes: int = 3) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o711)
        self.nodes = [Kafka(folder / f"node{number}", users=users) for number in range(1, nodes + 1)]
        cluster = new_cluster_id()
        for number, node in enumerate(self.nodes, 1):
            node.node, node.peers, node.cluster = number, self.nodes, cluster
        self.port = self.nodes[0].port

    @property
    def bootstrap(self) -> str:
        """host:port of each node, for clients."""
        return ",".join(f"127.0.0.1:{node.advertised}" for node in self.nodes)

    def start(self) -> None:
        """All, and wait."""
        for node in self.nodes:
            node.launch()
        for node in self.nodes:
            node.wait()

    def stop(self) -> None:
        """All, at the same time: one alone would wait for the others in vain."""
        for node in self.nodes:
            if node.process is not None:
                node.resume()
                node.process.terminate()
        for node in self.nodes:
            node.stop(8)

    def alive(self) -> bool:
        """Whether all run."""
        return all(node.alive() for node in self.nodes)

    def tail(self) -> str:
        """The ends of their logs."""
        return "\n".join(node.tail() for node in self.nodes)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.nodes[0], name)
