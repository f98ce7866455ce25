"""Decisions on the embedded log: consumed with everything else, kept by compaction, dead-lettered where they
are none."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from schemas.events import Decision, Event
from services.aggregate.service import GROUP, TOPICS, build
from services.aggregate.store import Store
from services.chassis import cloudevents
from services.chassis.log.sqlite import SqliteLog
from services.chassis.log.topics import declared, dlq_of
from services.chassis.log.types import EventLog, Message, TopicPartition
from services.chassis.metrics import Metrics
from services.chassis.service import Context
from services.chassis.settings import LogSettings, Settings, StageSettings, StoreSettings
from services.chassis.stage import read_dead_letter
from tests.support import patience
from tests.support.decisions import merge, rename, undo
from tests.support.log import everything
from tests.support.patience import PATIENCE_S
from tests.support.record import rows
from tests.support.statements import actor, make

ANA, BO = actor("Ana Lee"), actor("Bo Chen")
MERGED = merge(ANA.actor_id, BO.actor_id)
DECISIONS = [rename(BO.actor_id, f"Bo Chen {n}", n) for n in range(9)] + [
    MERGED,
    undo(MERGED, 1),
    merge(BO.actor_id, ANA.actor_id, 2),
]
"""Nine of one actor: were the topic keyed by actor, eight would go."""


def messages(events: Sequence[Event]) -> list[Message]:
    return [cloudevents.encode(event, source="/test") for event in events]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteLog]:
    with SqliteLog(tmp_path / "log.db") as opened:
        opened.create_topics(declared(2))
        with opened.producer("test") as producer:
            producer.append(
                messages(
                    [
                        event
                        for n, who in enumerate((ANA, BO))
                        for event in make(f"art-{n}", speakers=(who,)).events
                    ]
                )
            )
            producer.append(messages([*DECISIONS, *DECISIONS]))
        yield opened


@contextmanager
def aggregating(
    folder: Path, log: EventLog, metrics: Metrics
) -> Iterator[Callable[[], list[dict[str, object]]]]:
    """Aggregate at work on a record of its own; gives the actors when all that is on the log has been
    read."""
    settings = Settings(
        log=LogSettings(path=folder / "log.db"),
        store=StoreSettings(url=f"sqlite:///{folder / 'record.db'}"),
        stage=StageSettings(poll_timeout_s=0.05, max_records=3),
    )
    context = Context(settings, log, metrics)
    thread = threading.Thread(target=build(context).run)
    thread.start()

    store = Store(settings.store.address(), GROUP)
    store.migrate()

    def drained() -> bool:
        # what the log was told of an earlier record's progress says nothing of this one's
        done, topics = store.positions(), log.topics()
        ends = {
            TopicPartition(name, n): end
            for name in TOPICS
            for n, (_, end) in topics[name].ranges.items()
            if end
        }
        return all(tp in done and done[tp].offset >= end for tp, end in ends.items())

    def actors() -> list[dict[str, object]]:
        patience.until(drained, "all is read", thread.is_alive)
        return rows(store, "actors")

    try:
        yield actors
    finally:
        context.stop.set()
        thread.join(PATIENCE_S)
        store.close()


def test_the_record_is_the_same_after_compaction_and_made_anew(tmp_path: Path, log: SqliteLog) -> None:
    metrics = Metrics()
    with aggregating(tmp_path, log, metrics) as actors:
        before = actors()
    assert [(row["actor_id"], row["name"], row["statements"]) for row in before] == [
        (ANA.actor_id, "Ana Lee", 2)
    ]
    assert metrics.registry.get_sample_value("onrecord_store_rows_total", {"table": "decisions"}) == len(
        DECISIONS
    )
    assert len(everything(log, Decision.topic)) == 2 * len(DECISIONS)
    log.maintain(int(time.time() * 1000))
    kept = everything(log, Decision.topic)
    assert {record.key for record in kept} == {decision.decision_id.encode() for decision in DECISIONS}
    assert len(kept) == len(DECISIONS), "only what was written twice goes"
    for file in tmp_path.glob("record.db*"):
        file.unlink()
    with aggregating(tmp_path, log, Metrics()) as actors:
        assert actors() == before


def test_what_is_no_decision_goes_to_the_dead_letters(tmp_path: Path, log: SqliteLog) -> None:
    unknown = {**MERGED.as_dict(), "kind": "divide"}
    half = {**MERGED.as_dict(), "other_id": None}
    with log.producer("poison") as producer:
        producer.append(
            [
                Message(Decision.topic, b"k", value)
                for value in (b"", json.dumps(unknown).encode(), json.dumps(half).encode(), None)
            ]
        )
    with aggregating(tmp_path, log, Metrics()) as actors:
        assert len(actors()) == 1
    letters = [read_dead_letter(record).reason for record in everything(log, dlq_of(Decision.topic))]
    assert sorted(letters) == ["empty", "empty", "schema", "schema"]
