"""The lag exporter as it is scraped: on a log with work left, after a topic vanished, and while the broker is
out of reach."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from prometheus_client import generate_latest

from services.chassis.log.sqlite import SqliteLog
from services.chassis.log.topics import declared
from services.chassis.log.types import EventLog, Message
from services.chassis.metrics import Metrics
from services.chassis.service import Context
from services.chassis.settings import KafkaSettings, LagSettings, Settings
from services.lag.service import LagService, build
from tests.support.kafka import FAST, Kafka
from tests.support.kafka_proxy import Api, Fault, FaultProxy
from tests.support.patience import PATIENCE_S, until
from tests.support.pipeline import free_port

SETTINGS = Settings(lag=LagSettings(interval_s=0.05))


@contextmanager
def running(log: EventLog) -> Iterator[tuple[LagService, Metrics]]:
    context = Context(SETTINGS, log, Metrics())
    service = build(context)
    thread = threading.Thread(target=service.run)
    thread.start()
    try:
        yield service, context.metrics
    finally:
        context.stop.set()
        thread.join(PATIENCE_S)
    assert not thread.is_alive()


def scraped(metrics: Metrics) -> dict[str, float]:
    """Series of this exporter, by name and labels."""
    lines = generate_latest(metrics.registry).decode().splitlines()
    return {
        name: float(value)
        for name, _, value in (line.rpartition(" ") for line in lines)
        if name.startswith(("onrecord_group_", "onrecord_topic_"))
    }


def test_backlog_of_groups_that_never_ran_is_exposed(tmp_path: Path) -> None:
    with SqliteLog(tmp_path / "log.db") as log:
        log.create_topics(declared(2))
        with log.producer("test") as producer:
            old = time.time_ns() // 1_000_000 - 90_000
            producer.append(
                [Message("onrecord.articles", b"a-%d" % n, b"{}", timestamp_ms=old) for n in range(3)]
            )
        with running(log) as (service, metrics):
            until(lambda: not service.ready(), "the first measurement")
            found = scraped(metrics)
            labels = 'group="onrecord-extract",topic="onrecord.articles"'
            assert found[f"onrecord_group_lag_records{{{labels}}}"] == 3
            assert 90 <= found[f"onrecord_group_lag_seconds{{{labels}}}"] < 90 + PATIENCE_S
            assert found[f"onrecord_group_committed_records{{{labels}}}"] == 0
            assert found['onrecord_topic_records{topic="onrecord.articles"}'] == 3
            quotes = 'group="onrecord-aggregate",topic="onrecord.quotes"'
            assert found[f"onrecord_group_lag_seconds{{{quotes}}}"] == 0
            assert service.live() == []
        assert len([name for name in found if name.startswith("onrecord_topic_records")]) == len(declared())


def test_a_vanished_topic_leaves_no_ghost(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    with SqliteLog(path) as log:
        log.create_topics(declared(1))
        with running(log) as (service, metrics):
            until(lambda: any("onrecord.quotes" in name for name in scraped(metrics)), "the topic's series")
            with sqlite3.connect(path) as database:
                database.execute(
                    "DELETE FROM partition WHERE topic_id = (SELECT id FROM topic WHERE name ="
                    " 'onrecord.quotes')"
                )
                database.execute("DELETE FROM topic WHERE name = 'onrecord.quotes'")
            database.close()
            until(
                lambda: not any('"onrecord.quotes"' in name for name in scraped(metrics)), "its series to go"
            )
            assert any('"onrecord.claims"' in name for name in scraped(metrics))
            until(service.ready, "the reason")
            assert (
                "topics do not exist: onrecord.quotes; create them with `onrecord topics create`"
                in service.ready()[0]
            )


@pytest.mark.kafka
def test_an_unreachable_broker_removes_the_figures_until_it_returns(
    kafka_proxy: FaultProxy, kafka_behind_proxy: Kafka
) -> None:
    from services.chassis.log.kafka import KafkaLog

    with KafkaLog(kafka_behind_proxy.settings()) as patient:
        patient.create_topics(declared(1))
    quick = kafka_behind_proxy.settings(**FAST)
    with KafkaLog(quick) as log, running(log) as (service, metrics):
        # as one: a busy broker may be late for the measurement after it, which removes the figures
        until(lambda: scraped(metrics) and not service.ready(), "the first measurement")
        kafka_proxy.break_(Api.LIST_OFFSETS, Fault.SILENCE)
        until(lambda: scraped(metrics) == {}, "the figures to go")
        assert service.ready()[0].startswith("lag: ")
        assert service.live() == []
        kafka_proxy.heal()
        until(lambda: scraped(metrics) and not service.ready(), "the next measurement")


@pytest.mark.kafka
def test_a_broker_that_was_never_there_does_not_end_the_exporter() -> None:
    from services.chassis.log.kafka import KafkaLog

    nobody = KafkaSettings.model_validate({
        "bootstrap_servers": f"127.0.0.1:{free_port()}", "request_timeout_s": 0.3, "delivery_timeout_s": 0.5, "transaction_timeout_s": 1.0,
        "bootstrap_timeout_s": 1.0,
    })  # fmt: skip
    with KafkaLog(nobody) as log, running(log) as (service, metrics):
        until(lambda: service.ready() not in ([], ["lag: has not measured yet"]), "the problem")
        assert scraped(metrics) == {}
        assert service.live() == []
