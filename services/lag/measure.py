"""Lag of groups from the log's own bookkeeping: committed positions, topic ends, and the first record in
between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.chassis.log.types import EventLog, Offsets, Record, TopicPartition, TopicState


@dataclass(frozen=True, slots=True)
class GroupLag:
    """One group on one topic, all partitions together. ``seconds`` is the age of the first record not yet
    committed."""

    records: int
    seconds: float
    committed: int


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything measured at one moment: per group and topic, and the sum of end offsets per topic."""

    groups: Mapping[tuple[str, str], GroupLag]
    ends: Mapping[str, int]


def measure(
    log: EventLog, groups: Mapping[str, Sequence[str]], topics: Sequence[str], now_ms: int
) -> Reading:
    """Read the lag of ``groups`` on the topics each of them reads, and the ends of ``topics``; topics that do
    not exist are left out.

    On Kafka the offsets between a position and the end may all be transaction markers, which nobody ever
    reads; a partition whose first record cannot be found there is not behind. In front of records, markers
    are counted: a batch of ours adds one per partition, so the figure is a little high while a group lags and
    exact when it does not.

    Raises:
        TransientError: the log cannot be reached.
    """
    # positions before ends: what is committed in between can make a group look further behind, never ahead of
    # the end
    committed = {group: log.committed(group) for group in groups}
    states = log.topics()
    found: dict[tuple[str, str], GroupLag] = {}
    for group, names in groups.items():
        present = {name: states[name] for name in names if name in states}
        starts = _starts(present, committed[group])
        # one look per group: on Kafka each costs a connection
        oldest = log.first_records(starts) if starts else {}
        for name, state in present.items():
            found[group, name] = _lag(name, state, committed[group], starts, oldest, now_ms)
    ends = {name: sum(end for _, end in states[name].ranges.values()) for name in topics if name in states}
    return Reading(found, ends)


def _starts(states: Mapping[str, TopicState], committed: Offsets) -> dict[TopicPartition, int]:
    """Where a group has to read on, of each partition whose end it has not reached."""
    starts: dict[TopicPartition, int] = {}
    for name, state in states.items():
        for number, (first, end) in state.ranges.items():
            tp = TopicPartition(name, number)
            # records that retention removed are nobody's backlog any more; one beyond the end was left by
            # another log
            at = committed.get(tp, 0)
            start = max(first, at) if at <= end else first
            if start < end:
                starts[tp] = start
    return starts


def _lag(
    topic: str,
    state: TopicState,
    committed: Offsets,
    starts: Offsets,
    oldest: Mapping[TopicPartition, Record],
    now_ms: int,
) -> GroupLag:
    partitions = {TopicPartition(topic, number): end for number, (_, end) in state.ranges.items()}
    behind = [tp for tp in partitions if tp in oldest]
    records = sum(partitions[tp] - starts[tp] for tp in behind)
    age_ms = max((now_ms - oldest[tp].timestamp_ms for tp in behind), default=0)
    return GroupLag(records, max(0, age_ms) / 1000, sum(committed.get(tp, 0) for tp in partitions))
