"""Dead letters: byte for byte in and out, nothing drops out of sight."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.chassis import dlq
from services.chassis.errors import PoisonError
from services.chassis.log.sqlite import SqliteLog
from services.chassis.log.topics import declared, dlq_of
from services.chassis.log.types import EventLog, Message, Record, TopicPartition
from services.chassis.stage.dead_letters import (
    CONTRACT_HEADERS,
    MAX_MESSAGE_BYTES,
    MAX_STACK_BYTES,
    PREFIX,
    REPLAY_COUNT,
    dead_letter,
    read_dead_letter,
    replayed,
)

TOPIC = "onrecord.articles"
DEAD = dlq_of(TOPIC)

V1_LETTERS = json.loads((Path(__file__).parent / "dead_letters_v1.json").read_text(encoding="utf-8"))
"""Letters as contract v1 wrote them; bytes are written as Latin-1."""
OWN_NAMES = [
    "a",
    "ce_id",
    "stage",
    "reason",
    "attempts",
    "replay-count",
    "dlq-version",
    *CONTRACT_HEADERS[:3],
    "é",
    "",
]
"""Header names of producers' own, those of both contracts among them."""

own = st.tuples(st.sampled_from(OWN_NAMES), st.binary(max_size=20) | st.sampled_from([b"1", b"2"]))
headers = st.lists(own, max_size=8).map(tuple)
originals = st.builds(
    Record, st.just(TOPIC), st.integers(0, 5), st.integers(0, 2**40), st.integers(0, 2**41),
    st.none() | st.binary(max_size=30), st.none() | st.binary(max_size=300), headers,
)  # fmt: skip


def delivered(message: Message, offset: int = 0) -> Record:
    written_ms = 1_700_000_000_000 if message.timestamp_ms is None else message.timestamp_ms
    return Record(message.topic, 0, offset, written_ms, message.key, message.value, message.headers)


def failure(message: str, reason: str = "not_json") -> PoisonError:
    try:
        raise PoisonError(message, stage="decode", reason=reason)
    except PoisonError as error:
        return error


@given(originals, st.text(max_size=3000))
def test_the_original_is_kept_byte_for_byte_and_comes_back(record: Record, message: str) -> None:
    letter = read_dead_letter(delivered(dead_letter(record, failure(message), group="g", attempts=3)))
    assert (letter.source, letter.offset, letter.timestamp_ms) == (
        record.tp,
        record.offset,
        record.timestamp_ms,
    )
    assert (letter.key, letter.value) == (record.key, record.value)
    assert letter.headers == record.headers
    assert (letter.stage, letter.reason, letter.attempts, letter.replay_count) == ("decode", "not_json", 3, 0)
    again = replayed(letter)
    assert (again.topic, again.key, again.value) == (TOPIC, record.key, record.value)
    assert again.timestamp_ms is None, "dated by its time of failure it could be past its topic's retention"
    assert again.headers == (*record.headers, (REPLAY_COUNT, b"1"))


def test_an_original_may_itself_be_a_dead_letter() -> None:
    inner = delivered(
        dead_letter(
            Record(TOPIC, 0, 4, 1, b"k", b"v", (("stage", b"mine"),)), failure("x", "schema"), group="g"
        )
    )
    outer = read_dead_letter(delivered(dead_letter(inner, failure("y"), group="console")))
    assert (outer.headers, outer.reason, outer.consumer_group) == (inner.headers, "not_json", "console")


@pytest.mark.parametrize("letter", V1_LETTERS, ids=[letter["about"] for letter in V1_LETTERS])
def test_letters_of_contract_v1_are_read_and_go_back(letter: dict[str, Any]) -> None:
    value = None if letter["value"] is None else letter["value"].encode("latin-1")
    raw = tuple((name, text.encode("latin-1")) for name, text in letter["headers"])
    found = read_dead_letter(Record(DEAD, 0, 0, letter["timestamp_ms"], letter["key"].encode(), value, raw))
    fields = dict(letter["headers"])
    assert (found.source.partition, found.offset) == (
        int(fields["original-partition"]),
        int(fields["original-offset"]),
    )
    assert (found.stage, found.reason, found.error_message) == (
        fields["stage"],
        fields["reason"],
        fields["error-message"],
    )
    assert (found.attempts, found.replay_count) == (int(fields["attempts"]), int(fields["replay-count"]))
    names = [name for name, _ in letter["headers"]]
    assert found.headers == raw[: names.index("dlq-version")], (
        "in v1 too, the contract stood behind what it kept"
    )
    assert replayed(found).headers == (*found.headers, (REPLAY_COUNT, b"%d" % (found.replay_count + 1)))


def test_headers_do_not_accumulate_over_replays() -> None:
    record = Record(TOPIC, 0, 0, 1, b"k", b"v", (("ce_id", b"1"),))
    for expected in range(5):
        letter = read_dead_letter(delivered(dead_letter(record, failure("x"), group="g")))
        assert letter.replay_count == expected
        message = replayed(letter)
        record = Record(TOPIC, 0, 0, 1, message.key, message.value, message.headers)
        assert record.headers == (("ce_id", b"1"), (REPLAY_COUNT, b"%d" % (expected + 1)))


def test_long_messages_and_stacks_are_clipped_to_whole_characters() -> None:
    message = dead_letter(Record(TOPIC, 0, 0, 1, None, None), failure("é" * 5000), group="g")
    found = dict(message.headers)
    assert len(found[PREFIX + "error-message"]) <= MAX_MESSAGE_BYTES
    assert len(found[PREFIX + "error-stack"]) <= MAX_STACK_BYTES
    assert set(found[PREFIX + "error-message"].decode()) == {"é"}
    assert found[PREFIX + "error-stack"].decode().rstrip().endswith("é")


def test_a_record_that_is_no_dead_letter_says_so() -> None:
    with pytest.raises(PoisonError, match="0:7 is not a dead letter"):
        read_dead_letter(Record(DEAD, 0, 7, 1, None, b"x"))


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EventLog]:
    with SqliteLog(tmp_path / "log.db") as opened:
        opened.create_topics(declared(2))
        with opened.producer("test") as producer:
            for n in range(10):
                record = Record(TOPIC, 0, n, 1000 + n, b"k%d" % n, b"value %d" % n)
                producer.append(
                    [dead_letter(record, failure("x", "not_json" if n % 2 else "schema"), group="g")]
                )
        yield opened


def values(log: EventLog, topic: str) -> list[bytes | None]:
    partitions = log.topics()[topic].ranges
    return sorted((r.value for p in partitions for r in log.read(topic, p)), key=lambda v: v or b"")


def pending(log: EventLog) -> list[bytes | None]:
    return sorted(
        (record.value for record, _ in dlq.letters(log, DEAD, dlq.Filter())), key=lambda v: v or b""
    )


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
    assert dlq.replay(log, DEAD, dlq.Filter(reason="schema"), dry_run=True) == dlq.Replayed(
        replayed=5, left=5
    )
    assert len(pending(log)) == 10
    assert not values(log, TOPIC)


def test_a_record_that_keeps_failing_is_not_replayed_for_ever(log: EventLog) -> None:
    with log.producer("test") as producer:
        record = Record(TOPIC, 0, 99, 1, b"k", b"again", ((REPLAY_COUNT, b"%d" % dlq.MAX_REPLAYS),))
        producer.append([dead_letter(record, failure("x"), group="g")])
    assert dlq.replay(log, DEAD, dlq.Filter()).too_often == 1
    assert pending(log) == [b"again"]


def test_an_input_that_never_was_a_record_stays_a_dead_letter(log: EventLog) -> None:
    with log.producer("test") as producer:
        producer.append(
            [
                dead_letter(
                    Record(TOPIC, -1, -1, 1, None, b"raw file"),
                    failure("x", "unknown_format"),
                    group="ingest",
                )
            ]
        )
    assert dlq.replay(log, DEAD, dlq.Filter(reason="unknown_format")) == dlq.Replayed(left=10, unreadable=1)
    assert b"raw file" in pending(log)
    assert dlq.replay(log, DEAD, dlq.Filter(reason="schema")) == dlq.Replayed(replayed=5, left=6), (
        "what is not meant is only left"
    )
    assert dlq.purge(log, DEAD, dlq.Filter(reason="unknown_format")).purged == 1


def test_a_record_that_keeps_no_contract_stays_in_sight_until_it_is_purged(log: EventLog) -> None:
    with log.producer("test") as producer:
        producer.append([Message(DEAD, b"k", b"of a stranger")])
    assert dlq.replay(log, DEAD, dlq.Filter()) == dlq.Replayed(replayed=10, unreadable=1)
    assert [(record.value, letter) for record, letter in dlq.letters(log, DEAD, dlq.Filter())] == [
        (b"of a stranger", None)
    ]
    assert dlq.purge(log, DEAD, dlq.Filter(reason="schema")) == dlq.Replayed(left=1)
    assert (
        dlq.purge(log, DEAD, dlq.Filter(), dry_run=True)
        == dlq.purge(log, DEAD, dlq.Filter())
        == dlq.Replayed(purged=1)
    )
    assert not pending(log)


def test_purge_keeps_what_the_filter_leaves_out(log: EventLog) -> None:
    assert dlq.purge(log, DEAD, dlq.Filter(key="k3")) == dlq.Replayed(purged=1, left=9)
    assert b"value 3" not in pending(log)
    assert len(pending(log)) == 9
    assert dlq.purge(log, DEAD, dlq.Filter()).purged == 9
    assert not pending(log)
    assert log.committed(f"{dlq.REPLAY_GROUP}-{DEAD}")[TopicPartition(DEAD, 0)] > 0


REASONS = ["not_json", "schema", "too_deep"]
some = st.none() | st.sampled_from(REASONS)
commands = st.one_of(
    st.tuples(st.just("write"), st.sampled_from(REASONS), st.integers(1, 4)),
    st.tuples(st.just("replay"), some, st.none() | st.integers(1, 5)),
    st.tuples(st.just("purge"), some, st.none()),
)


@settings(max_examples=60)
@given(st.lists(commands, max_size=12), st.integers(1, 5))
def test_any_sequence_of_commands_settles_each_letter_once(
    steps: list[tuple[str, str | None, int | None]], batch: int
) -> None:
    """Against a list in memory: what is open stays open, at its place; what was replayed was replayed
    once."""
    with (
        TemporaryDirectory() as folder,
        SqliteLog(Path(folder) / "log.db") as log,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(dlq, "BATCH", batch)
        log.create_topics(declared(2))
        still_open: list[tuple[bytes, str]] = []
        back: list[bytes] = []
        written = 0
        with log.producer("test") as producer:
            for command, reason, count in steps:
                chosen = [one for one in still_open if reason in (None, one[1])]
                if command == "write":
                    assert reason is not None
                    fresh = [(b"%04d" % (written + n), reason) for n in range(count or 0)]
                    producer.append(
                        [
                            dead_letter(Record(TOPIC, 0, 0, 1, b"k", v), failure("x", reason), group="g")
                            for v, _ in fresh
                        ]
                    )
                    still_open += fresh
                    written += len(fresh)
                    continue
                chosen = chosen[:count]
                if command == "replay":
                    assert dlq.replay(log, DEAD, dlq.Filter(reason=reason), limit=count).replayed == len(
                        chosen
                    )
                    back += [value for value, _ in chosen]
                else:
                    assert dlq.purge(log, DEAD, dlq.Filter(reason=reason)).purged == len(chosen)
                still_open = [one for one in still_open if one not in chosen]
                assert [record.value for record, _ in dlq.letters(log, DEAD, dlq.Filter())] == [
                    value for value, _ in still_open
                ]
        assert values(log, TOPIC) == sorted(back)
