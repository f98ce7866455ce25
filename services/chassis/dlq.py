"""Operating on dead letters: list, show, replay, purge.

A replay puts the original records back on their topics and marks their letters as settled
(:mod:`services.chassis.stage.settled`) in one transaction; a purge writes the marks alone. Letters that are
not meant stay exactly where they are, and so do those replayed too often already and those that cannot be
replayed.

Exactly once: a replay or purge first joins the topic's group (``onrecord-dlq-<topic>``), which ends any other
one's right to commit and aborts what a killed one left open. Only then it reads what is settled, to the
topic's very end, waiting for transactions of others that are under way. So a mark it did not see cannot be.
Its transactions move the group's position to the first letter that is still open: it says "settled" for
everything before, as it did before there were marks, and spares reading that again.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from services.chassis.errors import PoisonError, TransientError
from services.chassis.log.types import EventLog, Message, Record, StageConsumer, TopicPartition
from services.chassis.stage.dead_letters import DeadLetter, read_dead_letter, replayed
from services.chassis.stage.settled import is_mark, mark, marked

REPLAY_GROUP = "onrecord-dlq"
MAX_REPLAYS = 3
"""A record that failed again after three replays needs a person, not a fourth."""
POLL_S = 2.0
IDLE_LIMIT_S = 30.0
"""Longer than joining a group takes; then the log has nothing more to give."""
BATCH = 100


@dataclass(frozen=True, slots=True)
class Filter:
    """Which dead letters: all given parts must hold. ``since_ms`` compares the original record's
    timestamp."""

    reason: str | None = None
    stage: str | None = None
    key: str | None = None
    since_ms: int | None = None

    def keeps(self, letter: DeadLetter | None) -> bool:
        """Whether the letter is meant; None, one that cannot be read, is only where nothing is asked for."""
        if letter is None:
            return self == Filter()
        return (
            (self.reason is None or letter.reason == self.reason)
            and (self.stage is None or letter.stage == self.stage)
            and (self.key is None or letter.key == self.key.encode())
            and (self.since_ms is None or letter.timestamp_ms >= self.since_ms)
        )


@dataclass(slots=True)
class Replayed:
    """What a replay or a purge did with the open dead letters; ``left`` are those the filter or the limit
    left out.

    ``unreadable`` were meant but cannot be replayed: records that keep no header contract, and inputs that
    ingest refused.
    """

    replayed: int = 0
    purged: int = 0
    left: int = 0
    too_often: int = 0
    unreadable: int = 0


class _Fate(StrEnum):
    """What is to become of a letter, by the name of the count it goes into."""

    REPLAYED = "replayed"
    PURGED = "purged"
    LEFT = "left"
    TOO_OFTEN = "too_often"
    UNREADABLE = "unreadable"


_SETTLED = (_Fate.REPLAYED, _Fate.PURGED)


@dataclass(slots=True)
class _Plan:
    """What is to become of the open letters of each partition, by offset, and the offset behind all that was
    looked at."""

    fates: dict[TopicPartition, dict[int, _Fate]] = field(default_factory=dict)
    ends: dict[TopicPartition, int] = field(default_factory=dict)

    def chosen(self, tp: TopicPartition) -> set[int]:
        """The letters of a partition that are to be settled."""
        return {offset for offset, fate in self.fates[tp].items() if fate in _SETTLED}

    def result(self) -> Replayed:
        """The counts."""
        counts = Counter(fate for fates in self.fates.values() for fate in fates.values())
        return Replayed(**{str(fate): count for fate, count in counts.items()})


def letters(log: EventLog, topic: str, which: Filter) -> Iterator[tuple[Record, DeadLetter | None]]:
    """The dead letters of ``<topic>.dlq`` that are not replayed or purged yet, oldest first per partition.

    A record that keeps no header contract comes without a letter, and only where no part of the filter is
    given.
    """
    for tp, (start, end) in _unsettled_ranges(log, topic).items():
        settled = {
            offset for record in log.read(*tp, start, end) if is_mark(record) for offset in marked(record)
        }
        for record in log.read(*tp, start, end):
            if is_mark(record) or record.offset in settled:
                continue
            letter = _read(record)
            if which.keeps(letter):
                yield record, letter


def replay(
    log: EventLog, topic: str, which: Filter, *, limit: int | None = None, dry_run: bool = False
) -> Replayed:
    """Put the original records of the letters that ``which`` keeps back on their topics, at most ``limit`` of
    them.

    Raises:
        CommitFailed: a transaction failed; those before it hold. Run it again to go on.
        FencedError: somebody else replays or purges this topic.
        TransientError: the log stopped answering; run it again to go on.
    """

    def judge(record: Record) -> _Fate:
        letter = _read(record)
        if not which.keeps(letter):
            return _Fate.LEFT
        # an input that ingest refused never was a record of the topic
        if letter is None or letter.source.partition < 0:
            return _Fate.UNREADABLE
        return _Fate.TOO_OFTEN if letter.replay_count >= MAX_REPLAYS else _Fate.REPLAYED

    if dry_run:
        return _plan(log, topic, judge, limit).result()
    return _settle(log, topic, judge, limit)


def purge(log: EventLog, topic: str, which: Filter, *, dry_run: bool = False) -> Replayed:
    """Put the letters that ``which`` keeps out of sight without replaying them; retention deletes them later.

    Raises:
        CommitFailed: a transaction failed; those before it hold. Run it again to go on.
        FencedError: somebody else replays or purges this topic.
        TransientError: the log stopped answering; run it again to go on.
    """

    def judge(record: Record) -> _Fate:
        return _Fate.PURGED if which.keeps(_read(record)) else _Fate.LEFT

    if dry_run:
        return _plan(log, topic, judge, None).result()
    return _settle(log, topic, judge, None)


def _read(record: Record) -> DeadLetter | None:
    try:
        return read_dead_letter(record)
    except PoisonError:
        return None


def _unsettled_ranges(log: EventLog, topic: str) -> dict[TopicPartition, tuple[int, int]]:
    """From where letters may be open, and the end as of now, per partition."""
    positions = log.committed(_group(topic))
    found = {}
    for partition, (first, end) in sorted(log.topics()[topic].ranges.items()):
        tp = TopicPartition(topic, partition)
        position = positions.get(tp, first)
        # a position outside of what there is belongs to an older topic of this name: it settles nothing here
        found[tp] = (position if first <= position <= end else first, end)
    return found


def _plan(log: EventLog, topic: str, judge: Callable[[Record], _Fate], limit: int | None) -> _Plan:
    """Judge every open letter; those above ``limit`` are left."""
    plan = _Plan()
    for tp, (start, end) in _unsettled_ranges(log, topic).items():
        fates: dict[int, _Fate] = {}
        for record in log.read(*tp, start, end):
            if is_mark(record):
                for offset in marked(record):
                    fates.pop(offset, None)
            else:
                fates[record.offset] = judge(record)
        plan.fates[tp], plan.ends[tp] = fates, end
    if limit is not None:
        chosen = [(tp, offset) for tp in plan.fates for offset in sorted(plan.chosen(tp))]
        for tp, offset in chosen[limit:]:
            plan.fates[tp][offset] = _Fate.LEFT
    return plan


def _settle(log: EventLog, topic: str, judge: Callable[[Record], _Fate], limit: int | None) -> Replayed:
    """Settle every open letter that ``judge`` chooses, in transactions of at most :data:`BATCH` letters."""
    with log.stage_consumer(_group(topic), [topic], "0") as consumer:
        plan = _plan(log, topic, judge, limit)
        left = {tp: plan.chosen(tp) for tp in plan.fates}
        deadline = time.monotonic() + IDLE_LIMIT_S
        while any(left.values()):
            if time.monotonic() > deadline:
                raise TransientError(
                    f"{topic}: the log gave nothing for {IDLE_LIMIT_S:g} s; run it again to go on where it"
                    " stopped"
                )
            if _settle_batch(consumer, plan, left):
                deadline = time.monotonic() + IDLE_LIMIT_S
    return plan.result()


def _settle_batch(consumer: StageConsumer, plan: _Plan, left: dict[TopicPartition, set[int]]) -> bool:
    """Read once, and settle those of the letters ``left`` that are met; False when there was nothing to
    read."""
    batch = consumer.poll(POLL_S, BATCH)
    met: dict[TopicPartition, set[int]] = {}
    messages: list[Message] = []
    for record in batch.records:
        if record.offset in left[record.tp]:
            met.setdefault(record.tp, set()).add(record.offset)
            if plan.fates[record.tp][record.offset] is _Fate.REPLAYED:
                messages.append(replayed(read_dead_letter(record)))
    if met:
        messages += [mark(tp, offsets) for tp, offsets in met.items()]
        consumer.commit(batch, {tp: _first_open(plan, tp, left[tp] - met[tp]) for tp in met}, messages)
    for tp, following in batch.next_offsets.items():
        passed = {offset for offset in left[tp] if offset < following}
        left[tp] -= passed
        for expired in passed - met.get(tp, set()):
            del plan.fates[tp][expired]
    return bool(batch.records)


def _first_open(plan: _Plan, tp: TopicPartition, left: set[int]) -> int:
    """Where the group stands once all chosen letters but those ``left`` are settled."""
    still_open = [offset for offset, fate in plan.fates[tp].items() if fate not in _SETTLED or offset in left]
    return min(still_open, default=plan.ends[tp])


def _group(topic: str) -> str:
    return f"{REPLAY_GROUP}-{topic}"
