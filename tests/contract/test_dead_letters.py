"""What replay and purge of dead letters promise, whichever engine carries the log."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from services.chassis import dlq
from services.chassis.errors import CommitFailed, FencedError, PoisonError
from services.chassis.log.topics import dlq_of
from services.chassis.log.types import EventLog, Message, Record, TopicPartition
from services.chassis.stage.dead_letters import dead_letter
from services.chassis.stage.settled import is_mark
from tests.support.log import everything, new_topic, polled, soon, values

REASONS = ("not_json", "schema", "too_deep")


@pytest.fixture(autouse=True)
def _small_transactions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several transactions per command, as with many letters."""
    monkeypatch.setattr(dlq, "BATCH", 4)


def topics(log: EventLog) -> tuple[str, str]:
    """A topic of its own, and its dead-letter topic of two partitions."""
    topic = new_topic(log)
    return topic, new_topic(log, 2, name=dlq_of(topic))


def letter(topic: str, number: int) -> Message:
    """The dead letter of a record of two days ago; its reason goes by its number."""
    error = PoisonError(f"{number} is poison", stage="decode", reason=REASONS[number % len(REASONS)])
    two_days_ago = 1_700_000_000_000
    return dead_letter(
        Record(topic, 0, number, two_days_ago, b"k%d" % number, b"%03d" % number), error, group="g"
    )


def write(log: EventLog, topic: str, numbers: Sequence[int]) -> None:
    """Dead letters of these numbers, and wait until they are seen."""
    dead = dlq_of(topic)
    before = len(everything(log, dead))
    with log.producer(f"writer-{topic}") as producer:
        producer.append([letter(topic, number) for number in numbers])
    soon(lambda: len(everything(log, dead)), before + len(numbers))


def open_letters(log: EventLog, dead: str) -> dict[tuple[int, int], bytes | None]:
    """What ``dlq list`` shows: the letters' places and values."""
    return {
        (record.partition, record.offset): record.value for record, _ in dlq.letters(log, dead, dlq.Filter())
    }


def numbers(found: Sequence[bytes]) -> list[int]:
    return [int(value) for value in found]


def test_letters_left_out_by_the_filter_stay_where_they_are(log: EventLog) -> None:
    topic, dead = topics(log)
    write(log, topic, range(20))
    before = open_letters(log, dead)
    assert dlq.replay(log, dead, dlq.Filter(reason="schema")) == dlq.Replayed(replayed=7, left=13)
    assert numbers(values(everything(log, topic))) == [1, 4, 7, 10, 13, 16, 19]
    left = {place: value for place, value in before.items() if int(value or b"") % 3 != 1}
    assert open_letters(log, dead) == left
    letters = [record for record in everything(log, dead) if not is_mark(record)]
    assert len(letters) == 20, "nothing is copied to the end"


def test_no_letter_is_replayed_twice(log: EventLog) -> None:
    topic, dead = topics(log)
    write(log, topic, range(20))
    for which, limit in [
        ("schema", 3),
        ("schema", None),
        ("schema", None),
        ("too_deep", None),
        (None, 2),
        (None, None),
        (None, None),
    ]:
        dlq.replay(log, dead, dlq.Filter(reason=which), limit=limit)
    assert numbers(values(everything(log, topic))) == list(range(20))
    assert open_letters(log, dead) == {}
    write(log, topic, range(20, 25))
    assert numbers(sorted(filter(None, open_letters(log, dead).values()))) == list(range(20, 25))
    assert dlq.replay(log, dead, dlq.Filter()).replayed == 5
    assert numbers(values(everything(log, topic))) == list(range(25))


def test_a_filtered_purge_hides_its_letters_only(log: EventLog) -> None:
    topic, dead = topics(log)
    write(log, topic, range(20))
    before = open_letters(log, dead)
    assert dlq.purge(log, dead, dlq.Filter(key="k3")) == dlq.Replayed(purged=1, left=19)
    assert open_letters(log, dead) == {place: value for place, value in before.items() if value != b"003"}
    assert dlq.purge(log, dead, dlq.Filter(key="k3")) == dlq.Replayed(left=19)
    assert dlq.replay(log, dead, dlq.Filter(reason="not_json")).replayed == 6
    assert dlq.purge(log, dead, dlq.Filter()).purged == 13
    assert open_letters(log, dead) == {}
    assert numbers(values(everything(log, topic))) == [0, 6, 9, 12, 15, 18]


@pytest.mark.parametrize("answered", [False, True], ids=["before the commit", "after the commit"])
def test_a_command_that_dies_between_two_transactions_goes_on_without_loss_or_repetition(
    log: EventLog, monkeypatch: pytest.MonkeyPatch, answered: bool
) -> None:
    topic, dead = topics(log)
    write(log, topic, range(20))
    settle, calls = dlq._settle_batch, 0

    def dies(*arguments: object) -> bool:
        nonlocal calls
        calls += 1
        if calls < 2:
            return settle(*arguments)  # type: ignore[arg-type]
        if answered:
            settle(*arguments)  # type: ignore[arg-type]
        raise CommitFailed("the command was killed here", cause="killed")

    with monkeypatch.context() as patch:
        patch.setattr(dlq, "_settle_batch", dies)
        with pytest.raises(CommitFailed):
            dlq.replay(log, dead, dlq.Filter(reason="schema"))
    dlq.replay(log, dead, dlq.Filter(reason="schema"))
    assert numbers(values(everything(log, topic))) == [1, 4, 7, 10, 13, 16, 19]
    assert len(open_letters(log, dead)) == 13


def test_positions_that_earlier_releases_committed_still_count(log: EventLog) -> None:
    topic, dead = topics(log)
    write(log, topic, range(10))
    group = f"{dlq.REPLAY_GROUP}-{dead}"
    with log.stage_consumer(group, [dead], "0") as consumer:
        for batch in polled(consumer, 10):
            consumer.commit(batch, batch.next_offsets, [])
    write(log, topic, [10])
    assert set(open_letters(log, dead).values()) == {b"010"}
    assert dlq.replay(log, dead, dlq.Filter()) == dlq.Replayed(replayed=1)


def test_whoever_comes_later_ends_the_right_of_the_one_before(log: EventLog) -> None:
    """On Kafka the later one takes over; the embedded log refuses it while the other lives. Never do both
    settle."""
    topic, dead = topics(log)
    write(log, topic, range(3))
    group = f"{dlq.REPLAY_GROUP}-{dead}"
    with log.stage_consumer(group, [dead], "0") as earlier:
        [batch, *_] = polled(earlier, 1)
        if log.engine == "sqlite":
            with pytest.raises(FencedError, match="stop that process first"):
                dlq.replay(log, dead, dlq.Filter())
            return
        assert dlq.replay(log, dead, dlq.Filter()).replayed == 3
        with pytest.raises((FencedError, CommitFailed)):
            earlier.commit(batch, batch.next_offsets, [Message(topic, b"k", b"999")])
    assert numbers(values(everything(log, topic))) == [0, 1, 2]


def test_letters_are_dated_when_they_are_written(log: EventLog) -> None:
    """Kafka keeps a record by its own date: dated like its original, the letter of an old article would be
    deleted at once."""
    topic, dead = topics(log)
    write(log, topic, [0])
    [record] = everything(log, dead)
    [(_, found)] = dlq.letters(log, dead, dlq.Filter())
    assert found is not None
    assert found.timestamp_ms == 1_700_000_000_000
    with log.producer(f"clock-{topic}") as producer:
        producer.append([Message(topic, b"k", b"now")])
    soon(lambda: len(everything(log, topic)), 1)
    [now] = everything(log, topic)
    assert 0 <= now.timestamp_ms - record.timestamp_ms < 3_600_000


def test_a_group_position_beyond_the_end_hides_nothing(log: EventLog) -> None:
    topic, dead = topics(log)
    write(log, topic, range(4))
    group = f"{dlq.REPLAY_GROUP}-{dead}"
    with log.stage_consumer(group, [dead], "0") as consumer:
        for batch in polled(consumer, 4):
            consumer.commit(batch, {TopicPartition(dead, 0): 10_000, TopicPartition(dead, 1): 10_000}, [])
            break
    assert len(open_letters(log, dead)) == 4
    assert dlq.replay(log, dead, dlq.Filter(reason="schema")) == dlq.Replayed(replayed=1, left=3)
    assert len(open_letters(log, dead)) == 3
