"""Fixtures: a real Kafka, started once per test run on free loopback ports.

``KAFKA_BOOTSTRAP_SERVERS`` names a running one instead (one broker or more). Without Java or Maven the tests
that need it are skipped with one line saying how to get them, and fail under ``REQUIRE_SERVICES=1``.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TypeVar

import pytest

from services.chassis.devkafka import KafkaCluster, ToolMissing
from services.chassis.errors import TransientError
from services.chassis.log.kafka import KafkaLog
from services.chassis.settings import KafkaSettings
from tests.support.kafka_proxy import FaultProxy
from tests.support.patience import PATIENCE_S

Returned = TypeVar("Returned")

BOOTSTRAP_VARIABLE = "KAFKA_BOOTSTRAP_SERVERS"

PATIENT = {
    "request_timeout_s": 40.0, "delivery_timeout_s": 60.0, "transaction_timeout_s": 90.0, "bootstrap_timeout_s": 120.0,
    "session_timeout_s": 40.0,
}  # fmt: skip
"""A broker on a busy machine is slow, and that is all: for everything that no fault is played to."""
FAST = {
    **PATIENT,
    "request_timeout_s": 2.0,
    "delivery_timeout_s": 3.0,
    "transaction_timeout_s": 6.0,
    "bootstrap_timeout_s": 6.0,
}
"""For a client that a fault is played to, which it notices when a time is over. A test must bear that it
notices a slow machine too: a call may fail before the fault is met, and is then made again."""


@dataclass(frozen=True)
class Kafka:
    """A running Kafka. ``cluster`` is None when somebody else runs it."""

    bootstrap: str
    brokers: int
    cluster: KafkaCluster | None = None

    def settings(self, **changes: object) -> KafkaSettings:
        """Settings for this cluster, with the long timeouts of :data:`PATIENT`."""
        return KafkaSettings.model_validate({"bootstrap_servers": self.bootstrap, **PATIENT, **changes})


@pytest.fixture(scope="session")
def kafka_cluster() -> Iterator[Kafka]:
    """One broker."""
    given = os.environ.get(BOOTSTRAP_VARIABLE)
    if given:
        yield Kafka(given, brokers=1)
        return
    yield from _start(1)


@pytest.fixture
def kafka_log(kafka_cluster: Kafka) -> Callable[[], AbstractContextManager[KafkaLog]]:
    """Opens logs on the one-broker cluster."""
    return lambda: KafkaLog(kafka_cluster.settings())


@pytest.fixture(scope="session")
def kafka_cluster_three() -> Iterator[Kafka]:
    """Three brokers, of which one may be killed; always our own, because tests kill them."""
    yield from _start(3)


@pytest.fixture
def kafka_fresh() -> Iterator[Kafka]:
    """One broker with no topics, for tests of the whole pipeline: its topics have fixed names."""
    yield from _start(1)


@pytest.fixture
def kafka_fresh_three() -> Iterator[Kafka]:
    """Three brokers with no topics."""
    yield from _start(3)


@pytest.fixture(scope="session")
def _proxied() -> Iterator[tuple[FaultProxy, Kafka]]:
    with FaultProxy() as proxy:
        cluster = cluster_or_skip(1, proxy_ports=[proxy.port])
        with cluster:
            [(_, behind)] = cluster.behind_proxy()
            proxy.target = behind
            yield proxy, Kafka(f"127.0.0.1:{proxy.port}", 1, cluster)


@pytest.fixture
def kafka_proxy(_proxied: tuple[FaultProxy, Kafka]) -> Iterator[FaultProxy]:
    """A fault proxy before a broker of its own; faults are cleared after each test."""
    proxy, _ = _proxied
    proxy.heal()
    yield proxy
    proxy.heal()


@pytest.fixture
def kafka_behind_proxy(_proxied: tuple[FaultProxy, Kafka]) -> Kafka:
    """The broker as seen through :func:`kafka_proxy`."""
    return _proxied[1]


@pytest.fixture
def unique() -> Callable[[str], str]:
    """Names that no other test uses: topics, groups and transactional ids live as long as the broker."""
    return lambda name: f"{name}-{uuid.uuid4().hex[:10]}"


def insisted(call: Callable[[], Returned]) -> Returned:
    """The call's result, made again as long as the brokers do not answer in the time it gives them."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return call()
        except TransientError:
            if time.monotonic() > deadline:
                raise


def _start(brokers: int) -> Iterator[Kafka]:
    with cluster_or_skip(brokers) as cluster:
        yield Kafka(cluster.bootstrap, brokers, cluster)


def cluster_or_skip(
    brokers: int, proxy_ports: list[int] | None = None, overrides: Mapping[str, str] | None = None
) -> KafkaCluster:
    """A cluster, not yet started; without Java or Maven the test is skipped, or fails where servers are
    required."""
    from services.chassis.devkafka.jars import java, libraries

    try:
        java(), libraries()
    except ToolMissing as error:
        message = f"no Kafka for this test: {error}"
        if os.environ.get("REQUIRE_SERVICES") == "1":
            pytest.fail(message)
        pytest.skip(message)
    return KafkaCluster(brokers, proxy_ports=proxy_ports or [], overrides=overrides)
