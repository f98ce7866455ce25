"""Whether a log is still the one that positions were made from.

A position is a number, and any log has that number: beside a log that was made anew, or restored from a copy,
it skips records without a word. So whoever keeps a position keeps with it what it was made from, its
:class:`~services.chassis.log.types.Origin`: the topic's id, which no other topic ever has, and the mark of
the last record before it, which tells a topic restored and written on.

A position that its log contradicts is forgotten, and its partition read again from the beginning: every
reader is idempotent by id, so reading too much costs time, and reading too little loses records.

=====================================
================================================================================= what happened
what tells =====================================
================================================================================= the file or the topic is
another one   the topic's id restored from a copy, or truncated     the position lies beyond the end restored,
then written on              another record, or none, stands before the position stored by a release without
origins    the end alone, as that release did; the origin is stored with the next position
=====================================
=================================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

import structlog

from services.chassis.log.types import (
    Batch,
    EventLog,
    Message,
    Offsets,
    Position,
    Record,
    TopicPartition,
    TopicState,
)

Why = Literal["topic_id", "beyond_end", "other_record"]

logger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Why a position is not one of this log: ``kept`` is what it was made from, ``found`` what the log has
    instead."""

    why: Why
    kept: str
    found: str


Contradictions = Mapping[TopicPartition, Contradiction]


def mark_of(record: Record | Message) -> str:
    """A digest of the record's bytes, to recognise it by."""
    hasher = sha256()
    for part in (
        record.key or b"",
        record.value or b"",
        *(part for name, value in record.headers for part in (name.encode(), value)),
    ):
        hasher.update(len(part).to_bytes(8, "big"))
        hasher.update(part)
    return hasher.hexdigest()[:32]


def marks(batch: Batch, offsets: Offsets) -> dict[TopicPartition, str]:
    """The marks of the records right before these offsets, as far as the batch holds them."""
    return {
        record.tp: mark_of(record) for record in batch.records if offsets.get(record.tp) == record.offset + 1
    }


def contradicted(
    states: Mapping[str, TopicState], positions: Mapping[TopicPartition, Position]
) -> dict[TopicPartition, Contradiction]:
    """Positions that cannot be of the log with these topics, as far as their ids and ends tell; a topic that
    is gone tells nothing.

    ``states`` must have been read after the positions: a position stored in between may lie beyond an end
    that was read before.
    """
    found: dict[TopicPartition, Contradiction] = {}
    for tp, position in positions.items():
        state = states.get(tp.topic)
        if state is None:
            continue
        kept = position.origin.topic_id
        _, end = state.ranges.get(tp.partition, (0, 0))
        if kept and state.topic_id and kept != state.topic_id:
            found[tp] = Contradiction("topic_id", kept, state.topic_id)
        elif position.offset > end:
            found[tp] = Contradiction("beyond_end", f"offset {position.offset}", f"offset {end}")
    return found


def replaced(
    log: EventLog,
    states: Mapping[str, TopicState],
    positions: Mapping[TopicPartition, Position],
    *,
    appended: bool = False,
) -> dict[TopicPartition, Contradiction]:
    """Positions that are not of this log: as :func:`contradicted`, and by the record before each position.

    ``appended``: they may stand behind records that were appended and never read, and on Kafka cannot be seen
    quite yet.

    Raises:
        TransientError: the log cannot be reached.
    """
    found = contradicted(states, positions)
    rest = {tp: position for tp, position in positions.items() if tp not in found}
    return found | _other_records(log, states, rest, appended=appended)


def _other_records(
    log: EventLog,
    states: Mapping[str, TopicState],
    positions: Mapping[TopicPartition, Position],
    *,
    appended: bool,
) -> dict[TopicPartition, Contradiction]:
    """Positions before which another record stands than when they were stored, or none.

    A record that retention or compaction has removed tells nothing.
    """
    before: dict[TopicPartition, int] = {}
    for tp, position in positions.items():
        state = states.get(tp.topic)
        if state is None or state.spec.compact or not position.origin.mark:
            continue
        first, end = state.ranges.get(tp.partition, (0, 0))
        if first < position.offset <= end:
            before[tp] = position.offset - 1
    standing = log.first_records(before) if before else {}
    found: dict[TopicPartition, Contradiction] = {}
    for tp, offset in before.items():
        record = standing.get(tp)
        if record is None and appended:
            continue
        mark = mark_of(record) if record is not None and record.offset == offset else "none"
        if mark != positions[tp].origin.mark:
            found[tp] = Contradiction("other_record", positions[tp].origin.mark, mark)
    return found


def warn(reader: str, found: Contradictions) -> None:
    """Say loudly, once per topic, that positions are forgotten, naming what they were made from and what the
    log is."""
    for topic in sorted({tp.topic for tp in found}):
        of_topic = {tp: one for tp, one in found.items() if tp.topic == topic}
        one = of_topic[min(of_topic)]
        logger.warning(
            "the log was replaced; reading it again from its beginning",
            group=reader,
            topic=topic,
            partitions=len(of_topic),
            reason=one.why,
            known=one.kept,
            found=one.found,
        )
