"""The embedded log alone: one live consumer per group, fencing, waking up, positions outside of what is
kept."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.chassis.errors import CommitFailed, FencedError, GroupInUse, PoisonError
from services.chassis.log.sqlite import SqliteLog, consumer, cursors, records
from services.chassis.log.types import Message, Record, StageConsumer, TopicPartition, TopicSpec
from tests.support.log import drain, everything, numbered, values
from tests.support.patience import PATIENCE_S

LEASE_MS = 9_000


class Clock:
    def __init__(self) -> None:
        self.ms = 1_800_000_000_000

    def __call__(self) -> int:
        return self.ms


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.db"


@pytest.fixture
def log(path: Path, clock: Clock) -> Iterator[SqliteLog]:
    with SqliteLog(path, busy_timeout_s=0.1, lease_ms=LEASE_MS, clock_ms=clock) as log:
        log.create_topics([TopicSpec("in", 3, None), TopicSpec("out", 1, None)])
        with log.producer("test") as producer:
            producer.append(numbered("in", range(30), keys=11))
        yield log


def join(log: SqliteLog) -> StageConsumer:
    return log.stage_consumer("g", ["in"], "0")


# leases


def test_a_second_live_consumer_is_told_who_reads_and_to_use_kafka(log: SqliteLog) -> None:
    with join(log), pytest.raises(GroupInUse, match=rf"process {os.getpid()} on .*Kafka to scale out"):
        join(log)
    join(log).close()


def test_an_expired_lease_passes_on_and_the_deposed_owner_changes_nothing(
    log: SqliteLog, clock: Clock
) -> None:
    first = join(log)
    batch = first.poll(0.0, 10)
    clock.ms += LEASE_MS - 1
    with pytest.raises(GroupInUse):
        join(log)
    clock.ms += 1
    second = join(log)
    with pytest.raises(FencedError, match="deposed"):
        first.commit(batch, batch.next_offsets, [Message("out", b"k", b"v")])
    with pytest.raises(FencedError):
        first.poll(0.0)
    with pytest.raises(FencedError):
        first.recover(batch)
    assert everything(log, "out") == []
    assert log.committed("g") == {}
    first.close()
    with pytest.raises(GroupInUse):
        join(log)  # closing the deposed one did not release the successor's lease
    assert len(drain(second, 30)) == 30


def test_a_slow_owner_goes_on_when_nobody_came(log: SqliteLog, clock: Clock) -> None:
    with join(log) as slow:
        batch = slow.poll(0.0)
        clock.ms += 100 * LEASE_MS
        slow.commit(batch, batch.next_offsets, [])
        assert log.committed("g") == batch.next_offsets


@pytest.mark.parametrize("sign_of_life", ["poll", "commit", "keep_alive", "report"])
def test_living_renews_the_lease(log: SqliteLog, clock: Clock, sign_of_life: str) -> None:
    stage, sink = join(log), log.sink_consumer("sink", ["in"], "0", lambda _: {})
    batch = stage.poll(0.0, 1)
    actions: dict[str, Callable[[], object]] = {
        "poll": lambda: stage.poll(0.0, 1),
        "commit": lambda: stage.commit(batch, batch.next_offsets, []),
        "keep_alive": stage.keep_alive,
        "report": lambda: sink.report({}),
    }
    group = "sink" if sign_of_life == "report" else "g"
    for _ in range(5):
        clock.ms += LEASE_MS // 2
        actions[sign_of_life]()
    with pytest.raises(GroupInUse):
        log.stage_consumer(group, ["in"], "0")


def test_a_consumer_that_waits_long_keeps_its_lease(log: SqliteLog, path: Path, clock: Clock) -> None:
    def ticking() -> int:
        clock.ms += LEASE_MS // 4  # each time the waiting consumer looks
        return clock.ms

    with SqliteLog(path, lease_ms=LEASE_MS, clock_ms=ticking) as patient, join(patient) as waiting:
        drain(waiting, 30)
        started = clock.ms
        assert waiting.poll(0.5).records == ()
        assert clock.ms - started > LEASE_MS
        with pytest.raises(GroupInUse):
            join(log)


@pytest.mark.parametrize(
    ("column", "value", "taken"),
    [("process_started", 1, True), ("pid", 2**22 + 1, True), ("host", "elsewhere/another-boot", False)],
)
def test_whether_the_owner_is_gone(
    log: SqliteLog, path: Path, clock: Clock, column: str, value: object, taken: bool
) -> None:
    join(log)
    with sqlite3.connect(path) as connection:
        connection.execute(f"UPDATE lease SET {column} = ?", (value,))
    connection.close()
    if not taken:
        with pytest.raises(GroupInUse):
            join(log)
        clock.ms += LEASE_MS
    join(log).close()


def test_a_batch_of_another_membership_is_refused(log: SqliteLog) -> None:
    with join(log) as first:
        batch = first.poll(0.0)
    with join(log) as second, pytest.raises(FencedError, match="another membership"):
        second.commit(batch, batch.next_offsets, [])
    assert log.committed("g") == {}


def test_a_failing_start_gives_the_lease_back(log: SqliteLog) -> None:
    def assigned(_: object) -> dict[TopicPartition, int]:
        raise LookupError("no database")

    with pytest.raises(LookupError):
        log.sink_consumer("g", ["in"], "0", assigned)
    join(log).close()


def test_closing_the_log_closes_its_consumers(path: Path, log: SqliteLog) -> None:
    with SqliteLog(path) as other:
        other.stage_consumer("g", ["in"], "0")
    join(log).close()


def test_offsets_of_a_partition_the_group_does_not_read_are_refused(log: SqliteLog) -> None:
    with join(log) as member:
        batch = member.poll(0.0)
        with pytest.raises(ValueError, match="out/0"):
            member.commit(batch, {TopicPartition("out", 0): 1}, [Message("out", b"k", b"v")])
    assert everything(log, "out") == []


# locks


def test_a_lock_that_outlasts_the_patience(log: SqliteLog, path: Path) -> None:
    blocker = sqlite3.connect(path, isolation_level=None)
    with join(log) as member, log.producer("test") as producer:
        batch = member.poll(0.0)
        blocker.execute("BEGIN IMMEDIATE")
        with pytest.raises(CommitFailed, match="locked") as caught:
            producer.append([Message("out", b"k", b"v")])
        assert caught.value.cause == "busy"
        with pytest.raises(CommitFailed) as caught:
            member.commit(batch, batch.next_offsets, [Message("out", b"k", b"v")])
        assert caught.value.cause == "busy"
        assert everything(log, "out") == [], "readers are not held up by the writer"
        blocker.execute("ROLLBACK")
        member.recover(batch)
        again = member.poll(0.0)
        assert again.first_offsets == batch.first_offsets
        member.commit(again, again.next_offsets, [Message("out", b"k", b"v")])
    blocker.close()
    assert [r.value for r in everything(log, "out")] == [b"v"]


def test_threads_with_producers_and_consumers_of_their_own(path: Path) -> None:
    with SqliteLog(path, busy_timeout_s=PATIENCE_S) as log:
        log.create_topics([TopicSpec("in", 3, None)])
        read: dict[str, list[Record]] = {}

        def write(name: bytes) -> None:
            with log.producer("test") as producer:
                for first in range(0, 100, 5):
                    producer.append(
                        [Message("in", name, b"%s-%04d" % (name, n)) for n in range(first, first + 5)]
                    )

        def consume(group: str) -> None:
            with log.stage_consumer(group, ["in"], "0") as member:
                read[group] = drain(member, 300, max_records=17)

        threads = [threading.Thread(target=write, args=(name,)) for name in (b"a", b"b", b"c")]
        threads += [threading.Thread(target=consume, args=(group,)) for group in ("one", "two")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for group in ("one", "two"):
        for name in (b"a", b"b", b"c"):
            assert [r.value for r in read[group] if r.key == name] == [
                b"%s-%04d" % (name, n) for n in range(100)
            ]


# waking up


def test_a_writer_of_this_process_rings_the_bell(log: SqliteLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumer, "LOOK_EVERY_S", 4 * PATIENCE_S)
    with join(log) as waiting, log.producer("test") as producer:
        drain(waiting, 30)
        writer = threading.Timer(0.05, producer.append, [numbered("in", range(1))])
        writer.start()
        started = time.monotonic()
        assert values(list(waiting.poll(2 * PATIENCE_S).records)) == [b"000000"]
        assert time.monotonic() - started < PATIENCE_S, "seen when the time was up, not when the bell rang"
        writer.join()


def test_a_writer_elsewhere_is_noticed(log: SqliteLog, path: Path) -> None:
    with SqliteLog(path) as elsewhere, join(log) as waiting, elsewhere.producer("test") as producer:
        drain(waiting, 30)
        writer = threading.Timer(0.05, producer.append, [numbered("in", range(1))])
        writer.start()
        assert values(list(waiting.poll(PATIENCE_S).records)) == [b"000000"]
        writer.join()


# positions


@pytest.mark.parametrize("position", [11, 1_000])
def test_a_position_behind_the_end_starts_over_at_the_earliest(log: SqliteLog, position: int) -> None:
    """As on Kafka. It happens when the log was made anew and the sink's database was not."""
    end = log.topics()["in"].ranges[0][1]
    with log.sink_consumer("g", ["in"], "0", lambda _: {TopicPartition("in", 0): end + position}) as member:
        assert member.lag()[TopicPartition("in", 0)] == end
        assert len(drain(member, 30)) == 30


def test_a_failed_poll_skips_nothing(log: SqliteLog, monkeypatch: pytest.MonkeyPatch) -> None:
    select = records.select

    def failing(connection: sqlite3.Connection, tp: TopicPartition, *rest: int) -> Iterator[Record]:
        if tp.partition == 2:
            connection.execute("SELECT * FROM no_such_table")
        yield from select(connection, tp, *rest)

    with join(log) as member:
        monkeypatch.setattr(records, "select", failing)
        with pytest.raises(sqlite3.OperationalError):
            member.poll(0.0)
        monkeypatch.undo()
        assert len(drain(member, 30)) == 30


def test_every_partition_has_its_turn(log: SqliteLog) -> None:
    with log.producer("test") as producer:
        producer.append([Message("in", b"k", b"%d" % n, partition=0) for n in range(500)])
    with join(log) as member:
        assert {r.partition for r in member.poll(0.0, 9).records} == {0, 1, 2}
        seen = [{r.partition for r in member.poll(0.0, 1).records} for _ in range(3)]
        assert seen in ([{1}, {2}, {0}], [{2}, {0}, {1}])


def test_a_batch_of_large_records_ends_early(log: SqliteLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cursors, "BATCH_BYTES", 2_500)
    log.create_topics([TopicSpec("large", 2, None)])
    with log.producer("test") as producer:
        producer.append([Message("large", None, b"x" * 1_000, partition=n % 2) for n in range(10)])
    with log.stage_consumer("large", ["large"], "0") as member:
        sizes = []
        while found := member.poll(0.0).records:
            sizes.append(len(found))
    assert sizes == [3, 3, 3, 1]


def test_a_compacted_topic_wants_keys(log: SqliteLog) -> None:
    log.create_topics([TopicSpec("latest", 1, None, compact=True)])
    with log.producer("test") as producer, pytest.raises(PoisonError, match="latest"):
        producer.append([Message("latest", None, b"v")])
