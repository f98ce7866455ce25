"""Which dead letters are settled, that is replayed or purged: marks on the dead-letter topic itself.

A log cannot take a single record out, and a group's position can only say "everything before". So whoever
settles letters writes a *mark* behind them, on their partition, in the transaction that replays them: a
record that lists their offsets. A letter is settled when it lies before the position of the replay's group or
a mark names it. Marks stand on the letters' own topic because then they share its fate: a topic made anew has
neither, and since a log forgets its oldest records first, no mark goes before its letters.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import pairwise

from services.chassis.log.types import Headers, Message, Record, TopicPartition

MARK_HEADERS: Headers = (("onrecord-dlq-settled", b"1"), ("content-type", b"application/json"))
"""A mark has these headers and no others; a dead letter always has more."""


def mark(tp: TopicPartition, offsets: Iterable[int]) -> Message:
    """The mark that these letters of a partition are settled; ``offsets`` must not be empty."""
    value = json.dumps({"settled": list(_runs(sorted(offsets)))}).encode()
    return Message(tp.topic, None, value, MARK_HEADERS, partition=tp.partition)


def is_mark(record: Record) -> bool:
    """Whether a record of a dead-letter topic is a mark, not a letter."""
    return record.headers == MARK_HEADERS


def marked(record: Record) -> Iterator[int]:
    """The offsets that a mark names."""
    assert record.value is not None
    for first, last in json.loads(record.value)["settled"]:
        yield from range(first, last + 1)


def _runs(offsets: list[int]) -> Iterator[tuple[int, int]]:
    """Offsets in ascending order as first and last of each run without a gap."""
    first = offsets[0]
    for one, following in pairwise(offsets):
        if following != one + 1:
            yield first, one
            first = following
    yield first, offsets[-1]
