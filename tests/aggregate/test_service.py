"""The aggregate service on the embedded log: events in, record and compacted topic out."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from schemas.events import ActorRecord, Article, Document, Quote, RecordPart
from services.aggregate.changes import change_of
from services.aggregate.identity import registry
from services.aggregate.records import Gone
from services.aggregate.service import GROUP, TOPICS, RecordSink, build, message_of
from services.aggregate.store import Store
from services.aggregate.upkeep import Upkeep
from services.chassis import cloudevents
from services.chassis.errors import CommitFailed, DeadLetterLimit, LimitExceeded, PoisonError, TransientError
from services.chassis.log.sqlite import SqliteLog
from services.chassis.log.topics import EVENT_BYTES, declared, dlq_of
from services.chassis.log.types import EventLog, Message, TopicPartition, TopicSpec
from services.chassis.metrics import Metrics
from services.chassis.service import Context
from services.chassis.settings import LogSettings, Settings, StageSettings, StoreSettings
from services.chassis.stage import dead_letter, read_dead_letter
from tests.support import patience
from tests.support.log import everything
from tests.support.patience import PATIENCE_S
from tests.support.record import dump, feed, published, rows
from tests.support.statements import Event, actor, make
from tests.support.trail import article, follow, record, steps

ANA, BO = actor("Ana Lee"), actor("Bo Chen")
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
        done.get(TopicPartition(name, partition), 0) >= end
        for name in TOPICS
        for partition, (_, end) in topics[name].ranges.items()
    )


def until(condition: Callable[[], bool], still: Callable[[], bool] = lambda: True) -> None:
    patience.until(condition, "it happened", still)


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
    for stored in everything(log, ActorRecord.topic):
        assert stored.key is not None
        latest[stored.key.decode()] = (
            cloudevents.decode(stored, ActorRecord).event if stored.value is not None else None
        )
    return latest


def plain(
    tmp_path: Path, events: Sequence[Event]
) -> tuple[dict[str, list[str]], dict[str, ActorRecord | None]]:
    """The state and the records that the events lead to, applied in one go."""
    store = Store(f"sqlite:///{tmp_path / 'plain.db'}", GROUP)
    store.migrate()
    feed(store, [events])
    result = dump(store), published(store)
    store.close()
    return result


def read_at_once(tmp_path: Path, log: EventLog) -> list[tuple[object, ...]]:
    """The trail that everything on the log leaves, read in one go; what is poison leaves a dead letter
    only."""
    store = Store(f"sqlite:///{tmp_path / 'trail.db'}", GROUP)
    store.migrate()
    follow(
        store,
        [
            [
                record
                for topic in TOPICS
                for record in everything(log, topic)
                if record.value != b"poison" or ".dlq" in topic
            ]
        ],
    )
    result = steps(store)
    store.close()
    return result


@contextmanager
def opened(settings: Settings) -> Iterator[Store]:
    store = Store(settings.store.address(), GROUP)
    yield store
    store.close()


def test_events_become_the_record_and_the_compacted_topic(
    settings: Settings, log: EventLog, tmp_path: Path
) -> None:
    events = [
        event for n in range(20) for event in make(f"art-{n}", speakers=(ANA, BO), claimants=(ANA,)).events
    ]
    append(log, messages(events))
    metrics = Metrics()
    with running(settings, log, metrics) as thread:
        until(lambda: drained(log), thread.is_alive)
    state, records = plain(tmp_path, events)
    with opened(settings) as store:
        assert dump(store) == state
        assert rows(store, "outbox") == []
    assert compacted(log) == records
    assert (
        metrics.registry.get_sample_value(
            "onrecord_articles_processed_total", {"service": "aggregate", "outcome": "extracted"}
        )
        == 20
    )
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
    poison = [
        Message(Quote.topic, b"k", b"{not json"),
        *messages([too_long, nul]),
        Message(Document.topic, b"k", None),
    ]
    append(log, [*poison, *messages(good.events)])
    with running(settings, log) as thread:
        until(lambda: drained(log), thread.is_alive)
    letters = [
        read_dead_letter(record)
        for topic in (Document.topic, Quote.topic)
        for record in everything(log, dlq_of(topic))
    ]
    assert sorted(letter.reason for letter in letters) == ["empty", "not_json", "schema", "schema"]
    assert {letter.value for letter in letters} == {message.value for message in poison}
    assert compacted(log).keys() == {ANA.actor_id}


def test_a_new_log_beside_an_old_record_is_read_whole(
    settings: Settings, log: EventLog, tmp_path: Path
) -> None:
    old = [make(f"old-{n}", speakers=(ANA,)) for n in range(3)]
    append(log, messages([made.document for made in old]))
    with running(settings, log) as thread:
        until(lambda: drained(log), thread.is_alive)
    new = [make(f"new-{n}", speakers=(BO,)) for n in range(5)]
    metrics = Metrics()
    with SqliteLog(tmp_path / "new.db") as other, capture_logs() as lines:
        other.create_topics(declared(2))
        ids = {state.topic_id for state in (log.topics()[Document.topic], other.topics()[Document.topic])}
        append(other, messages([event for made in new for event in made.events]))
        with running(settings, other, metrics) as thread:
            until(lambda: drained(other), thread.is_alive)
    with opened(settings) as store:
        assert {row["article_id"] for row in rows(store, "documents")} == {
            made.document.article_id for made in old + new
        }
        assert len([row for row in rows(store, "statements") if row["on_record"]]) == 5
    warned = [line for line in lines if line["event"].startswith("the log was replaced")]
    assert [line["topic"] for line in warned] == [Document.topic]
    assert {warned[0]["known"], warned[0]["found"]} == ids
    assert (
        metrics.registry.get_sample_value("onrecord_positions_forgotten_total", {"service": "aggregate"})
        == warned[0]["partitions"]
    )


@pytest.mark.parametrize("extra", [0, 3])
def test_a_log_restored_from_a_copy_and_written_on_is_read_whole(
    settings: Settings, log: EventLog, tmp_path: Path, extra: int
) -> None:
    """Without anything new the copy is shorter than the record knows; with as much as was lost, only the
    records tell."""
    before, lost, after = (
        make("before", speakers=(ANA,)),
        make("lost", speakers=(ANA,)),
        make("after", speakers=(BO,)),
    )
    append(log, messages(before.events))
    with (
        closing(sqlite3.connect(settings.log.path)) as source,
        closing(sqlite3.connect(tmp_path / "copy.db")) as copy,
    ):
        source.backup(copy)
    append(log, messages(lost.events))
    with running(settings, log) as thread:
        until(lambda: drained(log), thread.is_alive)
    with SqliteLog(tmp_path / "copy.db") as restored:
        append(restored, messages([*after.events, *(make(f"more-{n}").document for n in range(extra))]))
        with running(settings, restored) as thread:
            until(lambda: drained(restored), thread.is_alive)
    with opened(settings) as store:
        assert {"before", "lost", "after"} <= {row["article_id"] for row in rows(store, "documents")}
        assert {row["article_id"] for row in rows(store, "statements") if row["on_record"]} == {
            "before",
            "lost",
            "after",
        }


@pytest.mark.parametrize(
    "point", ["before_commit:2", "after_commit:1", "after_commit:4", "dead_letter_write:1"]
)
def test_a_killed_service_goes_on_where_it_was(
    settings: Settings, log: EventLog, tmp_path: Path, point: str
) -> None:
    events = [
        event for n in range(30) for event in make(f"art-{n}", speakers=(ANA, BO), claimants=(ANA,)).events
    ]
    articles = [cloudevents.encode(article(f"art-{n}"), source="/test") for n in range(30)]
    append(
        log,
        [*messages(events[:40]), Message(Quote.topic, b"k", b"poison"), *articles, *messages(events[40:])],
    )
    environment = {
        **os.environ,
        "ONRECORD_LOG__PATH": str(settings.log.path),
        "ONRECORD_STORE__URL": settings.store.address(),
        "ONRECORD_STAGE__MAX_RECORDS": "1",
        "ONRECORD_FAILPOINT": point,
    }
    killed = subprocess.run(
        [sys.executable, "-c", RUN], env=environment, timeout=PATIENCE_S, check=False, stderr=subprocess.PIPE
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    with running(settings, log) as thread:
        until(lambda: drained(log), thread.is_alive)
    state, records = plain(tmp_path, events)
    with opened(settings) as store:
        assert dump(store) == state
        assert steps(store) == read_at_once(tmp_path, log)
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
    killed = subprocess.run(
        [sys.executable, "-c", RUN], env=environment, timeout=PATIENCE_S, check=False, stderr=subprocess.PIPE
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    with opened(settings) as store:
        assert sum(at.offset for at in store.positions().values()) == 2, "everything was committed"
    assert not drained(log)
    with running(settings, log) as thread:
        until(lambda: drained(log), thread.is_alive)


def test_records_are_published_now_and_then_while_there_is_more_to_read(
    tmp_path: Path, log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    # no machine stands still that long
    monkeypatch.setattr("services.aggregate.service.PUBLISH_EVERY_S", 3600.0)
    store = Store(f"sqlite:///{tmp_path / 'record.db'}", GROUP)
    store.migrate()
    with log.producer("test") as producer:
        sink = RecordSink(store, log, producer, Metrics(), lambda: EVENT_BYTES)
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


@pytest.mark.parametrize(("most", "outcome"), [(2_500, "shortened"), (500, "left_out")])
def test_a_record_larger_than_its_topic_takes_holds_up_nothing(
    settings: Settings, tmp_path: Path, most: int, outcome: str
) -> None:
    """Published shortened, or left out where the topic takes no record at all; the others come whole, and the
    service goes on."""
    metrics = Metrics()
    with SqliteLog(settings.log.path) as log:
        log.create_topics(
            [TopicSpec(ActorRecord.topic, 2, None, compact=True, max_message_bytes=most), *declared(2)]
        )
        append(
            log, messages([event for n in range(20) for event in make(f"art-{n}", speakers=(ANA,)).events])
        )
        with running(settings, log, metrics) as thread:
            until(lambda: drained(log), thread.is_alive)
            append(log, messages(make("art-later", speakers=(BO,)).events))
            until(lambda: drained(log), thread.is_alive)
        found = compacted(log)
    told = metrics.registry.get_sample_value("onrecord_actor_records_too_large_total", {"outcome": outcome})
    assert told is not None
    assert told >= 1
    bo = found.get(BO.actor_id)
    ana = found.get(ANA.actor_id)
    if outcome == "left_out":
        assert found == {}
        return
    assert bo is not None
    assert bo.shortened == ()
    assert ana is not None
    assert ana.counts.quotes == 20
    assert ana.shortened == (RecordPart.LATEST,)
    assert 0 < len(ana.latest) < 20


def test_an_article_is_followed_from_its_arrival_to_the_record(settings: Settings, log: EventLog) -> None:
    poison = article("art-2")
    append(log, [cloudevents.encode(article(), source="/test"), cloudevents.encode(poison, source="/test")])
    (stored,) = [record for record in everything(log, Article.topic) if record.key == b"art-2"]
    error = PoisonError("article art-2: nested too deep", stage="extract", reason="too_deep")
    append(
        log, [*messages(make(speakers=(ANA,)).events), dead_letter(stored, error, group="onrecord-extract")]
    )
    with running(settings, log) as thread:
        until(lambda: drained(log), thread.is_alive)
    with opened(settings) as store:
        assert [step[:5] for step in steps(store)] == [
            ("art-1", 1, "aggregate", "recorded", ""),
            ("art-1", 1, "extract", "extracted", ""),
            ("art-1", 1, "ingest", "accepted", ""),
            ("art-2", 1, "extract", "dead_lettered", "too_deep"),
            ("art-2", 1, "ingest", "accepted", ""),
        ]


def test_what_is_on_record_and_who_is_silent_is_told_to_the_metrics(
    settings: Settings, log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.aggregate.upkeep.REFRESH_S", 0.05)
    last = datetime.now(UTC) - timedelta(hours=8)
    arrived = [record(article(f"art-{n}"), n, at=last - timedelta(hours=n)) for n in range(200)]
    with opened(settings) as store:
        store.migrate()
        follow(store, [arrived])
    append(log, messages(make(speakers=(ANA, BO)).events))
    metrics = Metrics()

    def told(name: str, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(f"onrecord_{name}", labels)

    with running(settings, log, metrics) as thread:
        until(lambda: told("record_entries", kind="quote") == 2, thread.is_alive)
        until(lambda: told("sources_silent") == 1, thread.is_alive)
    assert {kind: told("record_entries", kind=kind) for kind in ("actor", "article", "claim", "outlet")} == {
        "actor": 2, "article": 1, "claim": 0, "outlet": 1,
    }  # fmt: skip
    assert {kind: told("statements_identified", kind=kind) for kind in ("registry", "office", "link", "name")} == {
        "registry": 0, "office": 0, "link": 0, "name": 2,
    }  # fmt: skip
    assert told("sources_known") == 1


def test_links_and_candidates_are_told_to_the_metrics_by_reason(settings: Settings) -> None:
    speakers = tuple(
        actor(name) for name in ("Bohdan Dolynsky", "Bohdan Dolynskyy", "Carl Anders", "Karl Anders")
    )
    metrics = Metrics()
    with opened(settings) as store:
        store.migrate()
        feed(store, [make(speakers=speakers).events])
        Upkeep(store, metrics, 30, threading.Event()).refresh()

    def told(name: str, reason: str) -> float | None:
        return metrics.registry.get_sample_value(f"onrecord_identity_{name}", {"reason": reason})

    assert {reason: told("links", reason) for reason in ("spelling", "nickname")} == {
        "spelling": 1,
        "nickname": 0,
    }
    assert {reason: told("candidates", reason) for reason in ("alike", "namesake")} == {
        "alike": 1,
        "namesake": 0,
    }


def test_old_trails_are_deleted_while_the_service_runs(settings: Settings, log: EventLog) -> None:
    now = datetime.now(UTC)
    with opened(settings) as store:
        store.migrate()
        follow(
            store,
            [
                [
                    record(article(f"art-{days}"), days, at=now - timedelta(days=days))
                    for days in (1, 89, 91, 1_000)
                ]
            ],
        )
    with running(settings, log) as thread, opened(settings) as store:
        until(lambda: len(rows(store, "trail")) == 2, thread.is_alive)
        assert {row["article_id"] for row in rows(store, "trail")} == {"art-1", "art-89"}


def test_reading_dead_letters_and_articles_does_not_hide_a_stream_of_poison(
    settings: Settings, log: EventLog
) -> None:
    strict = settings.model_copy(
        update={"stage": settings.stage.model_copy(update={"dead_window": 10, "max_dead_ratio": 0.5})}
    )
    harmless = [cloudevents.encode(article(f"art-{n}"), source="/test") for n in range(100)]
    append(log, [*harmless, *(Message(Document.topic, b"k%d" % n, b"{not json") for n in range(20))])
    with pytest.raises(DeadLetterLimit):
        build(Context(strict, log, Metrics())).run()


def test_transactions_that_the_database_fails_are_counted_by_kind(tmp_path: Path, log: EventLog) -> None:
    (tmp_path / "folder").mkdir()
    store = Store(f"sqlite:///{tmp_path / 'folder' / 'record.db'}", GROUP)
    store.migrate()
    metrics = Metrics()
    place = TopicPartition(Document.topic, 0)
    broken = change_of(make().document)
    broken.row["text"] = None

    def failed(kind: str) -> float | None:
        return metrics.registry.get_sample_value("onrecord_store_errors_total", {"kind": kind})

    with log.producer("test") as producer:
        sink = RecordSink(store, log, producer, metrics, lambda: EVENT_BYTES)
        with pytest.raises(LimitExceeded):
            sink.apply([broken], {}, {place: 1}, {})
        assert failed("integrity") == 1
        with pytest.raises(CommitFailed):
            sink.apply([], {place: 7}, {place: 8}, {})
        assert sum(failed(kind) or 0 for kind in ("connection", "timeout", "integrity", "other")) == 1, (
            "a stale offset is no error of it"
        )
        store.close()
        shutil.rmtree(tmp_path / "folder")
        with pytest.raises(CommitFailed):
            sink.apply([], {}, {place: 1}, {})
        with pytest.raises(TransientError):
            sink.positions(frozenset({place}))
    assert failed("connection") == 2


def test_a_tombstone_has_the_actors_key_and_no_value() -> None:
    message = message_of(ANA.actor_id, Gone())
    assert (message.topic, message.key, message.value) == (ActorRecord.topic, b"person:ana-lee", None)


def test_a_running_service_takes_up_what_another_process_imports(
    log: EventLog, settings: Settings, tmp_path: Path
) -> None:
    """Before its next commit: what it had read by the registry of before is read again."""
    known = tmp_path / "known.csv"
    known.write_text("kind,names,alone\nperson,Ida Marlowe|Ida Wrenfield,Marlowe\n", encoding="utf-8")
    store = Store(str(settings.store.address()), GROUP)
    environment = os.environ | {"ONRECORD_STORE__URL": str(settings.store.address())}
    command = [sys.executable, "-m", "services.cli", "actors", "import", str(known)]
    try:
        with running(settings, log) as service:
            append(
                log,
                messages(
                    [
                        *make("art-1", speakers=(actor("Marlowe"),)).events,
                        *make("art-2", speakers=(actor("Ida Wrenfield"),)).events,
                    ]
                ),
            )
            until(lambda: drained(log), service.is_alive)
            subprocess.run(command, env=environment, check=True, timeout=PATIENCE_S)
            assert {row["actor_id"]: row["quotes"] for row in rows(store, "actors")} == {
                "person:ida-marlowe": 2
            }
            append(log, messages([*make("art-3", speakers=(actor("Marlowe"),)).events]))
            until(lambda: drained(log), service.is_alive)
        assert {row["actor_id"]: row["quotes"] for row in rows(store, "actors")} == {"person:ida-marlowe": 3}
    finally:
        store.close()
        registry.use(())
