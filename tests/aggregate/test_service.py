"""The aggregate service on the embedded log: events in, record and compacted topic out."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from schemas.events import ActorRecord, Document, Quote
from services.aggregate.service import GROUP, TOPICS, RecordSink, build, message_of, reread_replaced_partitions
from services.aggregate.store import Store
from services.chassis import cloudevents
from services.chassis.log.sqlite import SqliteLog
from services.chassis.log.topics import declared, dlq_of
from services.chassis.log.types import EventLog, Message, TopicPartition
from services.chassis.metrics import Metrics
from services.chassis.service import Context
from services.chassis.settings import LogSettings, Settings, StageSettings, StoreSettings
from services.chassis.stage import read_dead_letter
from tests.support.log import everything
from tests.support.record import dump, feed, published, rows
from tests.support.statements import Event, actor, make

ANA, BO = actor("Ana Lee"), actor("Bo Chen")
PATIENCE_S = 30.0
RUN = """
import sys, threading
from services.aggregate.service import build
from services.chassis.log.sqlite import SqliteLog
from services.chassis.metrics import Metrics
from services.chassis.service import Context
from services.chassis.settings import load
settings = load()
with SqliteLog(settings.log.path) as log:
    build(Context(settings, log, Metrics())).run()
"""


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EventLog]:
    with SqliteLog(tmp_path / "log.db") as opened:
        opened.create_topics(declared(2))
        yield opened


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        log=LogSettings(path=tmp_path / "log.db"),
        store=StoreSettings(url=f"sqlite:///{tmp_path / 'record.db'}"),
        stage=StageSettings(poll_timeout_s=0.05, max_records=1, backoff_min_s=0.01, backoff_max_s=0.05),
    )


def messages(events: Sequence[Event]) -> list[Message]:
    return [cloudevents.encode(event, source="/test") for event in events]


def append(log: EventLog, batch: Sequence[Message]) -> None:
    with log.producer("test") as producer:
        producer.append(batch)


def drained(log: EventLog) -> bool:
    """Everything on the log is reported as read."""
    done, topics = log.committed(GROUP), log.topics()
    return all(
        done.get(TopicPartition(name, partition), 0) >= end for name in TOPICS for partition, (_, end) in topics[name].ranges.items()
    )


def until(condition: Callable[[], bool], still: Callable[[], bool] = lambda: True) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert still(), "it ended early"
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


@contextmanager
def running(settings: Settings, log: EventLog, metrics: Metrics | None = None) -> Iterator[threading.Thread]:
    context = Context(settings, log, metrics or Metrics())
    errors: list[BaseException] = []

    def run() -> None:
        try:
            build(context).run()
        except BaseException as error:
            errors.append(error)
            raise

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield thread
    finally:
        context.stop.set()
        thread.join(PATIENCE_S)
    assert errors == []


def compacted(log: EventLog) -> dict[str, ActorRecord | None]:
    """What a reader of the compacted topic ends up with."""
    latest: dict[str, ActorRecord | None] = {}
    for record in everything(log, ActorRecord.topic):
        assert record.key is not None
        latest[record.key.decode()] = cloudevents.decode(record, ActorRecord).event if record.value is not None else None
    return latest


def plain(tmp_path: Path, events: Sequence[Event]) -> tuple[dict[str, list[str]], dict[str, ActorRecord | None]]:
    """The state and the records that the events lead to, applied in one go."""
    store = Store(f"sqlite:///{tmp_path / 'plain.db'}", GROUP)
    store.migrate()
    feed(store, [events])
    result = dump(store), published(store)
    store.close()
    return result


@contextmanager
def opened(settings: Settings) -> Iterator[Store]:
    store = Store(settings.store.address(), GROUP)
    yield store
    store.close()


def test_events_become_the_record_and_the_compacted_topic(settings: Settings, log: EventLog, tmp_path: Path) -> None:
    events = [event for n in range(20) for event in make(f"art-{n}", speakers=(ANA, BO), claimants=(ANA,)).events]
    append(log, messages(events))
    metrics = Metrics()
    with running(settings, log, metrics) as thread:
        until(lambda: drained(log), thread.is_alive)
    state, records = plain(tmp_path, events)
    with opened(settings) as store:
        assert dump(store) == state
        assert rows(store, "outbox") == []
    assert compacted(log) == records
    assert metrics.registry.get_sample_value("onrecord_articles_processed_total", {"service": "aggregate", "outcome": "extracted"}) == 20
    assert metrics.registry.get_sample_value("onrecord_event_age_seconds_count") == 20


def test_a_retracted_actor_leaves_a_tombstone(settings: Settings, log: EventLog) -> None:
    append(log, messages(make(speakers=(ANA,)).events))
    with running(settings, log) as thread:
        until(lambda: drained(log), thread.is_alive)
        assert compacted(log)[ANA.actor_id] is not None
        append(log, messages(make(withdrawn=True).events))
        until(lambda: drained(log) and compacted(log)[ANA.actor_id] is None, thread.is_alive)


def test_poison_goes_to_the_dead_letters_and_stops_nothing(settings: Settings, log: EventLog) -> None:
    good = make(speakers=(ANA,))
    too_long = make("x" * 512, speakers=(BO,)).document.model_copy(update={"article_id": "é" * 512})
    nul = make("art-2").document.model_copy(update={"title": "a\x00b"})
    poison = [Message(Quote.topic, b"k", b"{not json"), *messages([too_long, nul]), Message(Document.topic, b"k", None)]
    append(log, [*poison, *messages(good.events)])
    with running(settings, log) as thread:
        until(lambda: drained(log), thread.is_alive)
    letters = [read_dead_letter(record) for topic in (Document.topic, Quote.topic) for record in everything(log, dlq_of(topic))]
    assert sorted(letter.reason for letter in letters) == ["empty", "id_too_long", "not_json", "schema"]
    assert {letter.value for letter in letters} == {message.value for message in poison}
    assert compacted(log).keys() == {ANA.actor_id}


def test_a_new_log_is_read_from_its_beginning(settings: Settings, log: EventLog, tmp_path: Path) -> None:
    with opened(settings) as store:
        store.migrate()
        old, kept = TopicPartition(Document.topic, 0), TopicPartition(Quote.topic, 1)
        store.apply([], {}, {old: 1_000, kept: 0})
        reread_replaced_partitions(store, log)
        assert store.positions() == {kept: 0}
    events = make(speakers=(ANA,)).events
    append(log, messages(events))
    with running(settings, log) as thread:
        until(lambda: drained(log), thread.is_alive)
    assert compacted(log).keys() == {ANA.actor_id}


@pytest.mark.parametrize("point", ["before_commit:2", "after_commit:1", "after_commit:4", "dead_letter_write:1"])
def test_a_killed_service_goes_on_where_it_was(settings: Settings, log: EventLog, tmp_path: Path, point: str) -> None:
    events = [event for n in range(30) for event in make(f"art-{n}", speakers=(ANA, BO), claimants=(ANA,)).events]
    append(log, [*messages(events[:40]), Message(Quote.topic, b"k", b"poison"), *messages(events[40:])])
    environment = {
        **os.environ,
        "ONRECORD_LOG__PATH": str(settings.log.path),
        "ONRECORD_STORE__URL": settings.store.address(),
        "ONRECORD_STAGE__MAX_RECORDS": "1",
        "ONRECORD_FAILPOINT": point,
    }
    killed = subprocess.run([sys.executable, "-c", RUN], env=environment, timeout=PATIENCE_S, check=False, stderr=subprocess.PIPE)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    with running(settings, log) as thread:
        until(lambda: drained(log), thread.is_alive)
    state, records = plain(tmp_path, events)
    with opened(settings) as store:
        assert dump(store) == state
    assert compacted(log) == records
    letters = [read_dead_letter(record) for record in everything(log, dlq_of(Quote.topic))]
    assert {(letter.source, letter.offset) for letter in letters} == {(letters[0].source, letters[0].offset)}


def test_what_was_read_is_reported_again_after_a_kill(settings: Settings, log: EventLog) -> None:
    """Killed after the last commit and before the report, nothing new comes that would repair the report."""
    append(log, messages(make(speakers=(ANA,)).events))
    environment = {
        **os.environ,
        "ONRECORD_LOG__PATH": str(settings.log.path),
        "ONRECORD_STORE__URL": settings.store.address(),
        "ONRECORD_STAGE__MAX_RECORDS": "1",
        "ONRECORD_FAILPOINT": "after_commit:1",
    }
    killed = subprocess.run([sys.executable, "-c", RUN], env=environment, timeout=PATIENCE_S, check=False, stderr=subprocess.PIPE)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    with opened(settings) as store:
        assert sum(store.positions().values()) == 2, "everything was committed"
    assert not drained(log)
    with running(settings, log) as thread:
        until(lambda: drained(log), thread.is_alive)


def test_records_are_published_once_a_second_while_there_is_more_to_read(tmp_path: Path, log: EventLog) -> None:
    store = Store(f"sqlite:///{tmp_path / 'record.db'}", GROUP)
    store.migrate()
    with log.producer("test") as producer:
        sink = RecordSink(store, producer, Metrics())
        feed(store, [make("art-1", speakers=(ANA,)).events])
        assert sink.after_commit(idle=False), "the first ones are due"
        feed(store, [make("art-2", speakers=(ANA,)).events])
        assert not sink.after_commit(idle=False)
        assert len(everything(log, ActorRecord.topic)) == 1
        assert sink.after_commit(idle=True)
    store.close()
    record = compacted(log)[ANA.actor_id]
    assert record is not None
    assert record.counts.articles == 2


def test_a_tombstone_has_the_actors_key_and_no_value() -> None:
    message = message_of(ANA.actor_id, None)
    assert (message.topic, message.key, message.value) == (ActorRecord.topic, b"person:ana-lee", None)
