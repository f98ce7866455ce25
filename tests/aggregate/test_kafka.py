"""The aggregate service on a real Kafka whose topics are deleted and made anew."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from kafka import KafkaAdminClient
from structlog.testing import capture_logs

from schemas.events import Document
from services.aggregate.service import GROUP, TOPICS, build
from services.aggregate.store import Store
from services.chassis import cloudevents
from services.chassis.log.kafka import KafkaLog
from services.chassis.log.topics import declared
from services.chassis.metrics import Metrics
from services.chassis.service import Context
from services.chassis.settings import Settings, StageSettings, StoreSettings
from tests.support.kafka import Kafka
from tests.support.patience import PATIENCE_S, until
from tests.support.record import rows
from tests.support.statements import Made, actor, make

pytestmark = pytest.mark.kafka


@contextmanager
def running(settings: Settings, log: KafkaLog) -> Iterator[threading.Thread]:
    context = Context(settings, log, Metrics())
    thread = threading.Thread(target=build(context).run)
    thread.start()
    try:
        yield thread
    finally:
        context.stop.set()
        thread.join(PATIENCE_S)


def on_record(settings: Settings) -> set[str]:
    store = Store(settings.store.address(), GROUP)
    store.migrate()
    found = {row["article_id"] for row in rows(store, "statements") if row["on_record"]}
    store.close()
    return found


def read_whole(settings: Settings, log: KafkaLog, made: list[Made], expected: set[str]) -> None:
    with log.producer("test") as producer:
        producer.append([cloudevents.encode(event, source="/test") for one in made for event in one.events])
    with running(settings, log) as thread:
        until(lambda: on_record(settings) == expected, "the record to hold them all", thread.is_alive)


def test_topics_made_anew_beside_an_old_record_are_read_whole(kafka_fresh: Kafka, tmp_path: Path) -> None:
    """As many records as the old topics held would be passed over otherwise, with no lag to be seen."""
    settings = Settings(
        kafka=kafka_fresh.settings(),
        store=StoreSettings(url=f"sqlite:///{tmp_path / 'record.db'}"),
        stage=StageSettings(poll_timeout_s=0.2),
    )
    old = [make(f"old-{n}", speakers=(actor("Ana Lee"),)) for n in range(3)]
    new = [make(f"new-{n}", speakers=(actor("Bo Chen"),)) for n in range(5)]
    with KafkaLog(kafka_fresh.settings()) as log:
        log.create_topics(declared(1))
        read_whole(settings, log, old, {"old-0", "old-1", "old-2"})
        before = log.topics()[Document.topic].topic_id
        admin = KafkaAdminClient(bootstrap_servers=kafka_fresh.bootstrap)
        admin.delete_topics(list(TOPICS))
        admin.close()
        until(lambda: not set(TOPICS) & log.topics().keys(), "the topics to be gone")
        until(lambda: set(log.create_topics(declared(1))) == set(TOPICS), "the topics to be made anew")
        with capture_logs() as lines:
            read_whole(settings, log, new, {one.document.article_id for one in old + new})
        told = [
            line
            for line in lines
            if line["event"].startswith("the log was replaced") and line["topic"] == Document.topic
        ]
        assert [(line["known"], line["found"]) for line in told] == [
            (before, log.topics()[Document.topic].topic_id)
        ]
