"""Retention and compaction of the embedded log, and reading over the gaps they leave."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.chassis.log.sqlite import SqliteLog, cleaning
from services.chassis.log.sqlite.cleaning import DIRTY_RECORDS, STEP_RECORDS, TOMBSTONE_MS
from services.chassis.log.sqlite.database import Database, File
from services.chassis.log.types import Message, TopicPartition, TopicSpec
from tests.support.log import drain, everything

KEEP_MS = 1_000
START_MS = 1_800_000_000_000


class Clock:
    def __init__(self) -> None:
        self.ms = START_MS

    def __call__(self) -> int:
        return self.ms


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def log(tmp_path: Path, clock: Clock) -> Iterator[SqliteLog]:
    with SqliteLog(tmp_path / "log.db", clock_ms=clock) as log:
        log.create_topics(
            [
                TopicSpec("short", 1, KEEP_MS),
                TopicSpec("forever", 1, None),
                TopicSpec("latest", 1, None, compact=True),
            ]
        )
        yield log


def append(
    log: SqliteLog, topic: str, *pairs: tuple[bytes, bytes | None], timestamp_ms: int | None = None
) -> None:
    with log.producer("test") as producer:
        producer.append([Message(topic, key, value, timestamp_ms=timestamp_ms) for key, value in pairs])


def numbers(count: int, first: int = 0) -> list[tuple[bytes, bytes | None]]:
    return [(b"k%d" % (n % 7), b"%d" % n) for n in range(first, first + count)]


# retention


def test_records_go_when_their_time_is_over(log: SqliteLog, clock: Clock) -> None:
    append(log, "short", *numbers(STEP_RECORDS + 50))
    append(log, "forever", *numbers(3))
    clock.ms += KEEP_MS
    append(log, "short", *numbers(5, first=1_000))
    assert log.maintain(clock.ms) == 0, "exactly as old as allowed"
    assert log.maintain(clock.ms + 1) == STEP_RECORDS + 50
    assert log.topics()["short"].ranges[0] == (STEP_RECORDS + 50, STEP_RECORDS + 55)
    assert [r.offset for r in log.read("short", 0)] == [*range(STEP_RECORDS + 50, STEP_RECORDS + 55)]
    assert len(everything(log, "forever")) == 3
    assert log.maintain(clock.ms + KEEP_MS + 1) == 5
    assert log.topics()["short"].ranges[0] == (STEP_RECORDS + 55, STEP_RECORDS + 55)
    append(log, "short", (b"k", b"new"))
    assert [r.offset for r in log.read("short", 0)] == [STEP_RECORDS + 55], "offsets are never used again"


def test_age_counts_from_the_append_not_from_the_timestamp(log: SqliteLog, clock: Clock) -> None:
    append(log, "short", (b"k", b"an old article's dead letter"), timestamp_ms=1_000)
    assert log.maintain(clock.ms + KEEP_MS) == 0
    assert log.maintain(clock.ms + KEEP_MS + 1) == 1


def test_only_the_head_of_a_partition_goes(log: SqliteLog, clock: Clock) -> None:
    append(log, "short", (b"k", b"young"))
    clock.ms -= 10 * KEEP_MS  # a clock that was set back
    append(log, "short", (b"k", b"looks old"))
    assert log.maintain(START_MS + KEEP_MS) == 0
    assert log.maintain(START_MS + KEEP_MS + 1) == 2


def test_a_reader_that_fell_behind_goes_on_at_the_earliest(log: SqliteLog, clock: Clock) -> None:
    append(log, "short", *numbers(10))
    with log.stage_consumer("g", ["short"], "0") as consumer:
        batch = consumer.poll(0.0, 3)
        consumer.commit(batch, batch.next_offsets, [])
        clock.ms += KEEP_MS + 1
        append(log, "short", *numbers(4, first=10))
        log.maintain(clock.ms)
        assert consumer.lag() == {TopicPartition("short", 0): 4}
        assert [r.value for r in drain(consumer, 4)] == [b"10", b"11", b"12", b"13"]
        assert consumer.poll(0.0).records == ()


# compaction


def test_the_latest_record_of_each_key_stays_where_it_is(log: SqliteLog, clock: Clock) -> None:
    append(log, "latest", *numbers(STEP_RECORDS * 3))
    last = STEP_RECORDS * 3
    assert log.maintain(clock.ms) == last - 7
    assert [(r.offset, r.value) for r in log.read("latest", 0)] == [
        (n, b"%d" % n) for n in range(last - 7, last)
    ]
    assert log.topics()["latest"].ranges[0] == (0, last)
    assert log.maintain(clock.ms) == 0


def test_a_tombstone_removes_its_key_and_then_itself(log: SqliteLog, clock: Clock) -> None:
    append(log, "latest", (b"a", b"1"), (b"b", b"1"), (b"a", None))
    assert log.maintain(clock.ms) == 1
    assert [(r.key, r.value) for r in log.read("latest", 0)] == [(b"b", b"1"), (b"a", None)]
    assert log.maintain(clock.ms + TOMBSTONE_MS - 1) == 0
    assert log.maintain(clock.ms + TOMBSTONE_MS) == 1
    assert [r.key for r in log.read("latest", 0)] == [b"b"]


def test_a_key_may_come_back_after_its_tombstone(log: SqliteLog, clock: Clock) -> None:
    append(log, "latest", (b"a", b"1"), (b"a", None), (b"a", b"2"))
    log.maintain(clock.ms + TOMBSTONE_MS)
    assert [r.value for r in log.read("latest", 0)] == [b"2"]


def test_compaction_cut_short_brings_no_deleted_key_back(
    log: SqliteLog, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cleaning, "STEP_RECORDS", 1)
    append(log, "latest", (b"a", b"1"), (b"b", b"1"), (b"a", b"2"), (b"a", None), (b"b", b"2"))
    database = Database(File(tmp_path / "log.db", busy_timeout_s=1.0))
    steps = 0
    for _ in cleaning.compact(database, clock.ms + TOMBSTONE_MS, eager=True):
        steps += 1
        assert {
            key for key, value in {r.key: r.value for r in log.read("latest", 0)}.items() if value is not None
        } == {b"b"}
    assert steps == 4
    database.close()


def test_a_consumer_reads_over_gaps(log: SqliteLog, clock: Clock) -> None:
    append(
        log,
        "latest",
        *numbers(20),
        (b"last", b"x"),
        *[(b"gone", b"%d" % n) for n in range(5)],
        (b"gone", None),
    )
    with log.stage_consumer("g", ["latest"], "0") as consumer:
        assert len(drain(consumer, 2, max_records=2)) == 2
        log.maintain(clock.ms + TOMBSTONE_MS)
        assert [r.value for r in drain(consumer, 8, max_records=3)] == [
            *(b"%d" % n for n in range(13, 20)),
            b"x",
        ]
        consumer.poll(0.0)
        assert consumer.lag() == {TopicPartition("latest", 0): 0}


Step = st.tuples(st.sampled_from([b"a", b"b", b"c", b"d"]), st.none() | st.binary(max_size=3)) | st.just(
    "maintain"
)


@settings(max_examples=50)
@given(st.lists(Step, max_size=30), st.integers(0, 2))
def test_compaction_never_changes_what_a_key_ends_at(
    log: SqliteLog, clock: Clock, steps: list[object], days: int
) -> None:
    topic = f"compacted-{len(log.topics())}"
    log.create_topics([TopicSpec(topic, 2, None, compact=True)])
    latest: dict[bytes, bytes | None] = {}
    for step in [*steps, "maintain"]:
        if isinstance(step, tuple):
            append(log, topic, step)
            latest[step[0]] = step[1]
        else:
            log.maintain(clock.ms + days * TOMBSTONE_MS // 2)
    kept = everything(log, topic)
    assert len({r.key for r in kept}) == len(kept)
    expected = {key: value for key, value in latest.items() if value is not None or days < 2}
    assert {r.key: r.value for r in kept} == expected


# in passing


@pytest.mark.parametrize("member", ["producer", "consumer"])
def test_live_members_clean_in_passing(log: SqliteLog, tmp_path: Path, clock: Clock, member: str) -> None:
    append(log, "short", *numbers(30))
    append(log, "latest", *numbers(DIRTY_RECORDS))
    for _ in range(2):
        clock.ms += 86_400_000
        with SqliteLog(tmp_path / "log.db", clock_ms=clock) as later:
            if member == "producer":
                append(later, "forever", (b"k", b"v"))
            else:
                with later.stage_consumer("g", ["forever"], "0") as consumer:
                    consumer.poll(0.0)
    assert everything(log, "short") == []
    assert len(everything(log, "latest")) == 7


def test_cleaning_in_passing_is_little_at_a_time(
    log: SqliteLog, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cleaning, "STEP_RECORDS", 2)
    append(log, "short", *numbers(30))
    clock.ms += 86_400_000
    with SqliteLog(tmp_path / "log.db", clock_ms=clock) as later:
        append(later, "forever", (b"k", b"v"))
        assert len(everything(log, "short")) == 20
    with SqliteLog(tmp_path / "log.db", clock_ms=clock) as other:
        append(other, "forever", (b"k", b"v"))
        assert len(everything(log, "short")) == 20, "the next look is not due yet, for nobody"
    clock.ms += 1_000
    with SqliteLog(tmp_path / "log.db", clock_ms=clock) as again:
        append(again, "forever", (b"k", b"v"))
    assert len(everything(log, "short")) == 10


def test_space_is_given_back(log: SqliteLog, tmp_path: Path, clock: Clock) -> None:
    append(log, "short", *[(b"k", b"x" * 20_000)] * 300)
    log.maintain(clock.ms + KEEP_MS + 1)
    log.close()
    assert (tmp_path / "log.db").stat().st_size < 1_000_000
