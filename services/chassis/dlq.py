"""Operating on dead letters: list, show, replay, purge.

Replay is a consumer group of its own (``onrecord-dlq``): each dead letter's original record goes back to its topic and the
dead letter's offset is committed in one transaction, so a replay that is interrupted goes on where it stopped and never
repeats. A letter replayed too often already stays where it is and is counted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from services.chassis.errors import PoisonError, TransientError
from services.chassis.log.types import EventLog, Message, Record, TopicPartition
from services.chassis.stage.dead_letters import DeadLetter, read_dead_letter, replayed

REPLAY_GROUP = "onrecord-dlq"
MAX_REPLAYS = 3
"""A record that failed again after three replays needs a person, not a fourth."""
POLL_S = 2.0
IDLE_LIMIT_S = 30.0
"""Longer than joining a group takes; then the log has nothing more to give."""
BATCH = 100


@dataclass(frozen=True, slots=True)
class Filter:
    """Which dead letters: all given parts must hold. ``since_ms`` compares the original record's timestamp."""

    reason: str | None = None
    stage: str | None = None
    key: str | None = None
    since_ms: int | None = None

    def keeps(self, letter: DeadLetter) -> bool:
        """Whether the letter is meant."""
        return (
            (self.reason is None or letter.reason == self.reason)
            and (self.stage is None or letter.stage == self.stage)
            and (self.key is None or letter.key == self.key.encode())
            and (self.since_ms is None or letter.timestamp_ms >= self.since_ms)
        )


@dataclass(slots=True)
class Replayed:
    """What a replay or a purge did with the dead letters it met.

    ``unreadable`` counts what cannot be replayed: records that keep no header contract, and inputs that ingest refused.
    """

    replayed: int = 0
    purged: int = 0
    left: int = 0
    too_often: int = 0
    unreadable: int = 0


def letters(log: EventLog, topic: str, which: Filter) -> Iterator[tuple[Record, DeadLetter]]:
    """The dead letters of ``<topic>.dlq`` that are not replayed or purged yet, oldest first per partition."""
    done = log.committed(_group(topic))
    for partition in sorted(log.topics()[topic].ranges):
        for record in log.read(topic, partition, done.get(TopicPartition(topic, partition), 0)):
            try:
                letter = read_dead_letter(record)
            except PoisonError:
                continue
            if which.keeps(letter):
                yield record, letter


def replay(log: EventLog, topic: str, which: Filter, *, limit: int | None = None, dry_run: bool = False) -> Replayed:
    """Put the original records of the letters that ``which`` keeps back on their topics, at most ``limit`` of them.

    A group's offset can only move on as a whole, so letters that stay (left out by the filter, replayed too often, unreadable)
    are put at the end of the dead-letter topic again, byte for byte, in the same transaction: nothing drops out of sight.

    Raises:
        CommitFailed: the transaction failed and changed nothing; run it again.
        TransientError: the log stopped answering; run it again to go on.
    """
    result = Replayed()

    def decide(record: Record) -> Message | None:
        return _decide(record, which, limit, result)

    if dry_run:
        for partition, (_, end) in log.topics()[topic].ranges.items():
            done = log.committed(_group(topic)).get(TopicPartition(topic, partition), 0)
            for record in log.read(topic, partition, done, end):
                decide(record)
        return result
    _go_through(log, topic, decide)
    return result


def purge(log: EventLog, topic: str, which: Filter) -> Replayed:
    """Put the letters that ``which`` keeps out of sight without replaying them; retention deletes them later.

    Raises:
        CommitFailed: the transaction failed and changed nothing; run it again.
        TransientError: the log stopped answering; run it again to go on.
    """
    result = Replayed()

    def decide(record: Record) -> Message | None:
        try:
            keeps = which.keeps(read_dead_letter(record))
        except PoisonError:
            keeps = which == Filter()
        result.purged += keeps
        result.left += not keeps
        return None if keeps else _again(record)

    _go_through(log, topic, decide)
    return result


def _go_through(log: EventLog, topic: str, decide: Callable[[Record], Message | None]) -> None:
    """Hand every letter there is now to ``decide`` once, committing what it returns together with the offsets."""
    ends = {TopicPartition(topic, partition): end for partition, (_, end) in log.topics()[topic].ranges.items()}
    with log.stage_consumer(_group(topic), [topic], "0") as consumer:
        deadline = time.monotonic() + IDLE_LIMIT_S
        done = log.committed(_group(topic))
        while any(done.get(tp, 0) < end for tp, end in ends.items()) and time.monotonic() < deadline:
            batch = consumer.poll(POLL_S, BATCH)
            fresh = [record for record in batch.records if record.offset < ends[record.tp]]
            if not batch.records:
                if not any(consumer.lag().values()) and consumer.assignment():
                    return
                continue
            messages = [message for message in map(decide, fresh) if message is not None]
            offsets = {record.tp: record.offset + 1 for record in fresh}
            if fresh:
                consumer.commit(batch, offsets, messages)
            # put-back letters lie beyond the ends: reaching one means everything before it is done
            done |= {
                tp: ends[tp] if tp not in offsets or batch.next_offsets[tp] > offsets[tp] else offsets[tp] for tp in batch.next_offsets
            }
            deadline = time.monotonic() + IDLE_LIMIT_S
        if any(done.get(tp, 0) < end for tp, end in ends.items()):
            raise TransientError(f"{topic}: the log gave nothing for {IDLE_LIMIT_S:g} s; run it again to go on where it stopped")


def _decide(record: Record, which: Filter, limit: int | None, result: Replayed) -> Message:
    try:
        letter = read_dead_letter(record)
    except PoisonError:
        result.unreadable += 1
        return _again(record)
    if letter.source.partition < 0:
        # an input that ingest refused: it never was a record of the topic
        result.unreadable += 1
        return _again(record)
    if not which.keeps(letter) or (limit is not None and result.replayed >= limit):
        result.left += 1
        return _again(record)
    if letter.replay_count >= MAX_REPLAYS:
        result.too_often += 1
        return _again(record)
    result.replayed += 1
    return replayed(letter)


def _again(record: Record) -> Message:
    return Message(record.topic, record.key, record.value, record.headers, timestamp_ms=record.timestamp_ms)


def _group(topic: str) -> str:
    return f"{REPLAY_GROUP}-{topic}"
