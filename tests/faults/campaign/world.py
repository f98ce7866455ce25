"""What the services stand on, real and breakable: three brokers and PostgreSQL, each behind a proxy; or one
file each."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from kafka import KafkaAdminClient
from kafka.protocol.metadata import CoordinatorType

from schemas.events import Article
from services.chassis.devkafka import KafkaCluster
from services.chassis.errors import TransientError
from services.chassis.log.groups import AGGREGATE_GROUP, EXTRACT_GROUP
from services.chassis.log.kafka import KafkaLog
from services.chassis.log.types import EventLog, Record, TopicPartition
from services.chassis.settings import KafkaSettings
from tests.faults.campaign.auditor import WATCHED, Auditor, KafkaReader, LogReader
from tests.faults.campaign.fleet import Fleet
from tests.support.disk import SmallDisk, small_disk
from tests.support.kafka import PATIENT, cluster_or_skip
from tests.support.kafka_proxy import FaultProxy
from tests.support.patience import until
from tests.support.pipeline import Pipeline
from tests.support.postgres import USER, Server, find_binaries

PARTITIONS = 4
SESSION_S = 6.0
"""The shortest session that broker and client allow for; what stands still for longer is a zombie."""
SMALL_DISK_MB = 256
"""Holds a campaign's record; what is left of it is filled when the disk is to be full."""

COMMON = {
    "ONRECORD_LOG__PARTITIONS": str(PARTITIONS),
    "ONRECORD_STAGE__MAX_RECORDS": "5",
    "ONRECORD_STAGE__BACKOFF_MIN_S": "0.05",
    "ONRECORD_STAGE__BACKOFF_MAX_S": "2",
}
"""Small batches: many transactions."""


@dataclass
class World:
    """A pipeline's log and database, and the services on them."""

    engine: Literal["kafka", "sqlite"]
    folder: Path
    variables: dict[str, str]
    runs: int = 0
    cluster: KafkaCluster | None = None
    proxies: list[FaultProxy] = field(default_factory=list)
    postgres: Server | None = None
    wire: FaultProxy | None = None
    """Before PostgreSQL."""
    disk: SmallDisk | None = None
    """The small disk that the record's database lies on, where one could be mounted."""
    database: str = ""

    @property
    def direct(self) -> KafkaSettings:
        """Past the proxies, patiently."""
        assert self.cluster is not None
        return KafkaSettings.model_validate({"bootstrap_servers": self.cluster.bootstrap, **PATIENT})

    def heal(self) -> None:
        """Break nothing any more."""
        for proxy in [*self.proxies, *([self.wire] if self.wire else [])]:
            proxy.heal()

    @contextmanager
    def run(self, settings: Mapping[str, str], sabotage: str = "") -> Iterator[Fleet]:
        """Empty topics and an empty database, and a fleet to put on them; all its processes end with the
        block."""
        self.runs += 1
        variables = {**self.variables, **settings}
        if self.engine == "kafka":
            assert self.postgres is not None
            assert self.wire is not None
            self.database = f"campaign_{self.runs}"
            place = " TABLESPACE small" if self.disk else ""
            self.postgres.ask(f"CREATE DATABASE {self.database}{place}")
            variables["ONRECORD_STORE__URL"] = (
                f"postgresql+pg8000://{USER}@127.0.0.1:{self.wire.port}/{self.database}"
            )
            self._forget_topics()
        pipeline = Pipeline(self.folder / f"run-{self.runs}", variables)
        pipeline.onrecord("topics", "create")
        fleet = Fleet(pipeline, sabotage)
        try:
            yield fleet
        finally:
            fleet.close()
            self.heal()

    def replace_log(self, fleet: Fleet) -> None:
        """Make the log anew, empty; the record stays. Nothing may be at work."""
        if self.engine == "kafka":
            self._forget_topics()
        else:
            for file in fleet.pipeline.folder.glob("log.db*"):
                file.unlink()
        fleet.pipeline.onrecord("topics", "create")

    @contextmanager
    def log(self, fleet: Fleet) -> Iterator[EventLog]:
        """The log as it is behind all proxies."""
        if self.engine == "kafka":
            with KafkaLog(self.direct, replication_factor=3) as log:
                yield log
        else:
            with fleet.pipeline.context().log as log:
                yield log

    @contextmanager
    def audit(self, log: EventLog) -> Iterator[Auditor]:
        """An auditor at work."""
        reader = KafkaReader(self.direct) if self.engine == "kafka" else LogReader(log)
        auditor = Auditor(reader)
        auditor.partitions = watched(log)
        auditor.start()
        try:
            yield auditor
        finally:
            auditor.close()

    def everything(
        self, log: EventLog, partitions: list[TopicPartition], isolation: str = "read_committed"
    ) -> Iterator[Record]:
        """All that these partitions hold now."""
        if self.engine == "kafka":
            yield from KafkaReader(self.direct, isolation).all_of(partitions)
        else:
            yield from (record for tp in partitions for record in log.read(*tp))

    def coordinator(self, name: str, kind: Literal["GROUP", "TRANSACTION"]) -> int:
        """The node that coordinates a group or a transactional id."""
        assert self.cluster is not None
        with KafkaAdminClient(bootstrap_servers=self.cluster.bootstrap.split(",")) as admin:
            return int(admin._manager.run(admin._find_coordinator_id, name, CoordinatorType[kind]))

    def members(self, group: str) -> frozenset[str]:
        """The instance ids of those who share the group's partitions; none while they are being shared
        out."""
        assert self.cluster is not None
        with KafkaAdminClient(bootstrap_servers=self.cluster.bootstrap.split(",")) as admin:
            found = admin.describe_groups([group])[group]
        stable = found["group_state"] == "Stable"
        return (
            frozenset(member["group_instance_id"] for member in found["members"]) if stable else frozenset()
        )

    def open_transactions(self) -> list[str]:
        """Transactions under way."""
        assert self.cluster is not None
        with KafkaAdminClient(bootstrap_servers=self.cluster.bootstrap.split(",")) as admin:
            found = [one for listed in admin.list_transactions().values() for one in listed]
        ended = ("Empty", "CompleteCommit", "CompleteAbort", "Dead")
        return [
            f"{one.transactional_id}: {one.state}"
            for one in found
            if str(getattr(one.state, "value", one.state)) not in ended
        ]

    def add_partition(self) -> None:
        """One more partition of the articles' topic."""
        assert self.cluster is not None
        with KafkaAdminClient(bootstrap_servers=self.cluster.bootstrap.split(",")) as admin:
            admin.create_partitions({Article.topic: PARTITIONS + 1})

    def _forget_topics(self) -> None:
        assert self.cluster is not None
        with (
            KafkaLog(self.direct) as log,
            KafkaAdminClient(bootstrap_servers=self.cluster.bootstrap.split(",")) as admin,
        ):
            names = [name for name in log.topics() if name.startswith("onrecord.")]
            if names:
                admin.delete_topics(names)
            until(lambda: _forgotten(log), "the topics and their offsets to go")


def _forgotten(log: EventLog) -> bool:
    try:
        if any(name.startswith("onrecord.") for name in log.topics()):
            return False
        return not any(log.committed(group) for group in (EXTRACT_GROUP, AGGREGATE_GROUP))
    except TransientError:  # one broker still names the topics, another does not
        return False


def watched(log: EventLog) -> list[TopicPartition]:
    """The partitions an auditor reads."""
    topics = log.topics()
    return [TopicPartition(name, partition) for name in WATCHED for partition in topics[name].ranges]


@contextmanager
def kafka_world() -> Iterator[World]:
    """Three brokers and PostgreSQL."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="campaign-")))
        proxies = [stack.enter_context(FaultProxy()) for _ in range(3)]
        cluster = stack.enter_context(cluster_or_skip(3, proxy_ports=[proxy.port for proxy in proxies]))
        for proxy, (_, behind) in zip(proxies, cluster.behind_proxy(), strict=True):
            proxy.target = behind
        binaries = find_binaries()
        assert binaries is not None, "PostgreSQL's server is missing: install Debian's package `postgresql`"
        disk = _small_disk(stack)
        server = stack.enter_context(Server(binaries))
        if disk is not None:
            _give(server, disk)
        wire = stack.enter_context(FaultProxy(server.port, framed=False))
        variables = {
            **COMMON,
            "ONRECORD_LOG__ENGINE": "kafka",
            "ONRECORD_LOG__REPLICATION_FACTOR": "3",
            "ONRECORD_KAFKA__BOOTSTRAP_SERVERS": ",".join(f"127.0.0.1:{proxy.port}" for proxy in proxies),
            "ONRECORD_KAFKA__SESSION_TIMEOUT_S": f"{SESSION_S:g}",
        }
        yield World(
            "kafka",
            folder,
            variables,
            cluster=cluster,
            proxies=proxies,
            postgres=server,
            wire=wire,
            disk=disk,
        )


@contextmanager
def embedded_world() -> Iterator[World]:
    """SQLite for the log and for the record."""
    with tempfile.TemporaryDirectory(prefix="campaign-") as folder:
        yield World("sqlite", Path(folder), dict(COMMON))


def _small_disk(stack: ExitStack) -> SmallDisk | None:
    """A disk of its own for the record's database; only root can mount one."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="campaign-disk-")))
    folder.chmod(0o711)  # the server runs as somebody else
    try:
        return stack.enter_context(small_disk(folder / "disk", SMALL_DISK_MB))
    except pytest.skip.Exception:
        return None


def _give(server: Server, disk: SmallDisk) -> None:
    space = disk.path / "space"
    space.mkdir()
    server.own(disk.path)
    server.own(space)
    server.ask(f"CREATE TABLESPACE small LOCATION '{space}'")
