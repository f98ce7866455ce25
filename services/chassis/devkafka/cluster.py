"""One or three brokers as one cluster."""

from __future__ import annotations

import base64
import shutil
import tempfile
import time
import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from services.chassis.devkafka.broker import Broker, BrokerFailed
from services.chassis.devkafka.jars import java, libraries
from services.chassis.devkafka.ports import free_ports

START_S = 300.0
"""A broker starts in about 5 s on two idle cores; three at once on a machine that is busy or stands still for
a while take minutes."""
TRIES = 3
"""Free ports are found by binding and letting go, so another process may take one in between: try again with
new ones."""


class KafkaCluster:
    """A cluster on free loopback ports. Use as a context manager, or call :meth:`start` and :meth:`stop`.

    Args:
        brokers: 1 or 3 (each is broker and controller; with three, one may die).
        folder: where data and logs live; a temporary folder, removed on stop, when None.
        proxy_ports: one advertised loopback port per broker: a fault proxy listens there and forwards to
            :meth:`behind_proxy`.
        die_with_parent: the brokers end with this process (tests).
        overrides: broker properties that replace the harness's.
    """

    def __init__(
        self,
        brokers: int = 1,
        folder: Path | None = None,
        *,
        proxy_ports: Sequence[int] = (),
        die_with_parent: bool = True,
        overrides: Mapping[str, str] | None = None,
    ) -> None:
        if brokers not in (1, 3):
            raise ValueError(f"brokers={brokers}: a quorum needs 1 or 3")
        self._count = brokers
        self._temporary = folder is None
        self._folder = Path(tempfile.mkdtemp(prefix="devkafka-")) if folder is None else folder
        self._proxy_ports = tuple(proxy_ports)
        self._die_with_parent = die_with_parent
        self._overrides = dict(overrides or {})
        self.brokers: list[Broker] = []

    @property
    def bootstrap(self) -> str:
        """Addresses of all brokers, comma-separated."""
        return ",".join(broker.address for broker in self.brokers)

    def behind_proxy(self) -> list[tuple[int, int]]:
        """``(proxy port, broker port)`` per broker."""
        return [
            (broker.proxied[1], broker.proxied[0]) for broker in self.brokers if broker.proxied is not None
        ]

    def start(self) -> Self:
        """Format fresh storage and start; returns once every broker answers and knows the others.

        Raises:
            ToolMissing: Java, Maven or the jars are missing.
            BrokerFailed: the brokers did not start, ports tried afresh included.
        """
        runtime, libs = java(), libraries()
        for attempt in range(TRIES):
            self.brokers = self._layout(runtime, libs)
            try:
                self._start()
            except BrokerFailed as error:
                self.stop_brokers()
                if attempt == TRIES - 1 or "Address already in use" not in str(error):
                    raise
            else:
                return self
        raise AssertionError("unreachable")

    def restart(self, broker: Broker) -> None:
        """Start a killed or stopped broker again, with its data, and wait until it serves."""
        deadline = time.monotonic() + START_S
        broker.start(die_with_parent=self._die_with_parent)
        broker.wait_started(deadline)
        broker.wait_answering(self._count, deadline)

    def stop_brokers(self) -> None:
        """Stop all brokers at once (a combined node left alone would wait for its quorum); data stays."""
        with ThreadPoolExecutor(len(self.brokers) or 1) as pool:
            list(pool.map(Broker.stop, self.brokers))

    def stop(self) -> None:
        """Stop all brokers and remove a temporary folder; safe to call twice."""
        self.stop_brokers()
        if self._temporary:
            shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _start(self) -> None:
        cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()
        if cluster_id.startswith("-"):  # the storage tool would take it for an option
            cluster_id = "A" + cluster_id[1:]
        for broker in self.brokers:
            shutil.rmtree(broker.folder, ignore_errors=True)
        with ThreadPoolExecutor(len(self.brokers)) as pool:
            list(pool.map(lambda broker: broker.format(cluster_id), self.brokers))
        for broker in self.brokers:
            broker.start(die_with_parent=self._die_with_parent)
        deadline = time.monotonic() + START_S
        for broker in self.brokers:
            broker.wait_started(deadline)
        for broker in self.brokers:
            broker.wait_answering(self._count, deadline)

    def _layout(self, runtime: str, libs: Path) -> list[Broker]:
        ports = free_ports(3 * self._count)
        clients, controllers, proxied = (ports[at::3] for at in range(3))
        quorum = ",".join(f"{node}@127.0.0.1:{port}" for node, port in enumerate(controllers, 1))
        properties = {
            **_properties(self._count, proxied=bool(self._proxy_ports)),
            "controller.quorum.voters": quorum,
            **self._overrides,
        }
        return [
            Broker(
                node_id=node,
                folder=self._folder / f"broker-{node}",
                libs=libs,
                java=runtime,
                port=clients[node - 1],
                controller_port=controllers[node - 1],
                properties=properties,
                proxied=(proxied[node - 1], self._proxy_ports[node - 1]) if self._proxy_ports else None,
            )
            for node in range(1, self._count + 1)
        ]


def _properties(brokers: int, *, proxied: bool) -> dict[str, str]:
    """What all brokers share. Small thread pools and few internal partitions, because it is one machine."""
    in_sync = "1" if brokers == 1 else "2"
    return {
        "process.roles": "broker,controller",
        "listener.security.protocol.map": "BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT"
        + (",PROXIED:PLAINTEXT" if proxied else ""),
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "BROKER",
        "auto.create.topics.enable": "false",
        "default.replication.factor": str(brokers),
        "min.insync.replicas": in_sync,
        "offsets.topic.replication.factor": str(brokers),
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.replication.factor": str(brokers),
        "transaction.state.log.min.isr": in_sync,
        "transaction.state.log.num.partitions": "4",
        "share.coordinator.state.topic.replication.factor": str(brokers),
        "share.coordinator.state.topic.min.isr": in_sync,
        # Members come and go all the time in tests: no wait for more of them, and short sessions allowed.
        "group.initial.rebalance.delay.ms": "0",
        "group.min.session.timeout.ms": "1000",
        # The default of 10 s would keep a dead producer's transaction open long after its timeout.
        "transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000",
        # Failover within seconds (defaults: 9000 and 2000).
        "broker.session.timeout.ms": "3000",
        "broker.heartbeat.interval.ms": "500",
        "log.cleaner.dedupe.buffer.size": "2097152",
        "num.network.threads": "2",
        "num.io.threads": "2",
        "num.recovery.threads.per.data.dir": "1",
    }
