"""Both engines of the event log, for the one suite that describes them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.chassis.log.sqlite import SqliteLog
from services.chassis.log.types import EventLog


@pytest.fixture(params=["sqlite", pytest.param("kafka", marks=pytest.mark.kafka)])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EventLog]:
    """An event log. On Kafka all tests share one broker, so each uses topics and groups of its own."""
    if request.param == "sqlite":
        with SqliteLog(tmp_path / "log.db") as sqlite:
            yield sqlite
        return
    # imported and started only where a test asks for it: the embedded engine must be testable without the
    # Kafka client
    from services.chassis.log.kafka import KafkaLog

    with KafkaLog(request.getfixturevalue("kafka_cluster").settings()) as kafka:
        yield kafka
