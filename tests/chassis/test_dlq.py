"""Dead letters: byte for byte in and out, nothing drops out of sight."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis import dlq
from services.chassis.errors import PoisonError
from services.chassis.log.sqlite import SqliteLog
from services.chassis.log.topics import declared, dlq_of
from services.chassis.log.types import EventLog, Message, Record, TopicPartition
from services.chassis.stage.dead_letters import MAX_MESSAGE_BYTES, MAX_STACK_BYTES, dead_letter, read_dead_letter, replayed

TOPIC = "onrecord.articles"
DEAD = dlq_of(TOPIC)

headers = st.lists(st.tuples(st.sampled_from(["a", "ce_id", "replay-count", "stage", "é"]), st.binary(max_size=20)), max_size=6).map(tuple)
originals = st.builds(
    Record, st.just(TOPIC), st.integers(0, 5), st.integers(0, 2**40), st.integers(0, 2**41),
    st.none() | st.binary(max_size=30), st.none() | st.binary(max_size=300), headers,
)  # fmt: skip


def delivered(message: Message, offset: int = 0) -> Record:
    assert message.timestamp_ms is not None
    return Record(message.topic, 0, offset, message.timestamp_ms, message.key, message.value, message.headers)


def failure(message: str, reason: str = "not_json") -> PoisonError:
    try:
        raise PoisonError(message, stage="decode", reason=reason)
    except PoisonError as error:
        return error


@given(originals, st.text(max_size=3000))
def test_the_original_is_kept_byte_for_byte_and_comes_back(record: Record, message: str) -> None:
    letter = read_dead_letter(delivered(dead_letter(record, failure(message), group="g", attempts=3)))
    assert (letter.source, letter.offset, letter.timestamp_ms) == (record.tp, record.offset, record.timestamp_ms)
    assert (letter.key, letter.value) == (record.key, record.value)
    assert letter.headers == tuple(h for h in record.headers if h[0] not in ("replay-count", "stage"))
    assert letter.attempts == 3
    again = replayed(letter)
    assert (again.topic, again.key, again.value) == (TOPIC, record.key, record.value)
    assert again.timestamp_ms is None, "dated by its time of failure it could be past its topic's retention"
    assert again.headers[:-1] == letter.headers
    assert again.headers[-1] == ("replay-count", b"%d" % (letter.replay_count + 1))


def test_headers_do_not_accumulate_over_replays() -> None:
    record = Record(TOPIC, 0, 0, 1, b"k", b"v", (("ce_id", b"1"),))
    for expected in range(5):
        letter = read_dead_letter(delivered(dead_letter(record, failure("x"), group="g")))
        assert letter.replay_count == expected
        message = replayed(letter)
        record = Record(TOPIC, 0, 0, 1, message.key, message.value, message.headers)
        assert len(record.headers) == 2


def test_long_messages_and_stacks_are_clipped_to_whole_characters() -> None:
    message = dead_letter(Record(TOPIC, 0, 0, 1, None, None), failure("é" * 5000), group="g")
    found = dict(message.headers)
    assert len(found["error-message"]) <= MAX_MESSAGE_BYTES
    assert len(found["error-stack"]) <= MAX_STACK_BYTES
    assert set(found["error-message"].decode()) == {"é"}
    assert found["error-stack"].decode().rstrip().endswith("é")


def test_a_record_that_is_no_dead_letter_says_so() -> None:
    with pytest.raises(PoisonError, match="not a dead letter"):
        read_dead_letter(Record(DEAD, 0, 7, 1, None, b"x"))


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EventLog]:
    with SqliteLog(tmp_path / "log.db") as opened:
        opened.create_topics(declared(2))
        with opened.producer("test") as producer:
            for n in range(10):
                record = Record(TOPIC, 0, n, 1000 + n, b"k%d" % n, b"value %d" % n)
                producer.append([dead_letter(record, failure("x", "not_json" if n % 2 else "schema"), group="g")])
        yield opened


def values(log: EventLog, topic: str) -> list[bytes | None]:
    partitions = log.topics()[topic].ranges
    return sorted((r.value for p in partitions for r in log.read(topic, p)), key=lambda v: v or b"")


def pending(log: EventLog) -> list[bytes | None]:
    return sorted((letter.value for _, letter in dlq.letters(log, DEAD, dlq.Filter())), key=lambda v: v or b"")


def test_replay_of_all(log: EventLog) -> None:
    assert dlq.replay(log, DEAD, dlq.Filter()) == dlq.Replayed(replayed=10)
    assert values(log, TOPIC) == [b"value %d" % n for n in range(10)]
    assert not pending(log)
    assert dlq.replay(log, DEAD, dlq.Filter()) == dlq.Replayed()


def test_a_filtered_replay_leaves_the_others_in_sight(log: EventLog) -> None:
    result = dlq.replay(log, DEAD, dlq.Filter(reason="schema"), limit=3)
    assert (result.replayed, result.left) == (3, 7)
    assert values(log, TOPIC) == [b"value 0", b"value 2", b"value 4"]
    assert pending(log) == [b"value %d" % n for n in (1, 3, 5, 6, 7, 8, 9)]


def test_a_dry_run_changes_nothing(log: EventLog) -> None:
    assert dlq.replay(log, DEAD, dlq.Filter(reason="schema"), dry_run=True) == dlq.Replayed(replayed=5, left=5)
    assert len(pending(log)) == 10
    assert not values(log, TOPIC)


def test_a_record_that_keeps_failing_is_not_replayed_for_ever(log: EventLog) -> None:
    with log.producer("test") as producer:
        record = Record(TOPIC, 0, 99, 1, b"k", b"again", (("replay-count", b"%d" % dlq.MAX_REPLAYS),))
        producer.append([dead_letter(record, failure("x"), group="g")])
    assert dlq.replay(log, DEAD, dlq.Filter()).too_often == 1
    assert pending(log) == [b"again"]


def test_an_input_that_never_was_a_record_stays_a_dead_letter(log: EventLog) -> None:
    with log.producer("test") as producer:
        producer.append([dead_letter(Record(TOPIC, -1, -1, 1, None, b"raw file"), failure("x", "unknown_format"), group="ingest")])
    assert dlq.replay(log, DEAD, dlq.Filter(reason="unknown_format")) == dlq.Replayed(left=10, unreadable=1)
    assert b"raw file" in pending(log)
    assert dlq.purge(log, DEAD, dlq.Filter(reason="unknown_format")).purged == 1


def test_purge_keeps_what_the_filter_leaves_out(log: EventLog) -> None:
    assert dlq.purge(log, DEAD, dlq.Filter(key="k3")) == dlq.Replayed(purged=1, left=9)
    assert b"value 3" not in pending(log)
    assert len(pending(log)) == 9
    assert dlq.purge(log, DEAD, dlq.Filter()).purged == 9
    assert not pending(log)
    assert log.committed(f"{dlq.REPLAY_GROUP}-{DEAD}")[TopicPartition(DEAD, 0)] > 0
