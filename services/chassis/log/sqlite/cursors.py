"""Where a consumer reads, and how a batch is taken fairly from its partitions."""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Mapping
from typing import Final

import structlog

from services.chassis.log.sqlite import records
from services.chassis.log.types import Offsets, Record, TopicPartition

BATCH_BYTES: Final = 16 * 1_048_576
"""A batch stops growing here, at four of the largest articles, so that hundreds of them never lie in memory
together; Kafka's fetch does likewise."""

_logger = structlog.get_logger(__name__)


class Cursors:
    """The read position of each partition."""

    def __init__(self, partition_ids: Mapping[TopicPartition, int], positions: Offsets) -> None:
        """A partition without a position starts at its beginning."""
        self.partition_ids = partition_ids
        self._positions = {tp: positions.get(tp, 0) for tp in partition_ids}
        self._order = deque(partition_ids)

    def seek(self, positions: Offsets) -> None:
        """Read on from these offsets; partitions that are not read are skipped."""
        self._positions.update((tp, offset) for tp, offset in positions.items() if tp in self._positions)

    def lag(self, connection: sqlite3.Connection) -> dict[TopicPartition, int]:
        """Offsets between the position and the end, per partition."""
        return {
            tp: end - self._settle(tp, first, end) for tp, (first, end) in self._ranges(connection).items()
        }

    def take(self, connection: sqlite3.Connection, limit: int) -> tuple[Record, ...]:
        """The next records, at most ``limit``, and move on behind them.

        Every partition that has records gets an equal share; what some leave goes to the others; the next
        batch begins with another partition.
        """
        positions, waiting = {}, {}
        for tp, (first, end) in self._ranges(connection).items():
            positions[tp] = self._settle(tp, first, end, tell=True)
            if positions[tp] < end:
                waiting[tp] = end
        taken: dict[TopicPartition, list[Record]] = {}
        count = size = 0
        while waiting and count < limit and size < BATCH_BYTES:
            share = -(-(limit - count) // len(waiting))
            for tp in [tp for tp in self._order if tp in waiting]:
                wanted = min(share, limit - count)
                room = BATCH_BYTES - size
                chunk, weight = records.page(
                    connection, tp, self.partition_ids[tp], positions[tp], waiting[tp], wanted, room
                )
                taken.setdefault(tp, []).extend(chunk)
                count += len(chunk)
                size += weight
                cut_short = len(chunk) == wanted or size >= BATCH_BYTES
                # fewer than wanted: compaction left a gap up to the end
                positions[tp] = chunk[-1].offset + 1 if cut_short else waiting[tp]
                if positions[tp] == waiting[tp]:
                    del waiting[tp]
                if count >= limit or size >= BATCH_BYTES:
                    break
        # only now: an error on the way must not skip what was read before it
        self._positions = positions
        self._order.rotate(-1)
        return tuple(record for chunk in taken.values() for record in chunk)

    def _ranges(self, connection: sqlite3.Connection) -> dict[TopicPartition, tuple[int, int]]:
        query = "SELECT first_offset, next_offset FROM partition WHERE id = ?"
        return {
            tp: connection.execute(query, (partition_id,)).fetchone()
            for tp, partition_id in self.partition_ids.items()
        }

    def _settle(self, tp: TopicPartition, first: int, end: int, *, tell: bool = False) -> int:
        """The position itself, or the earliest kept when it lies outside of what there is, as
        ``auto_offset_reset=earliest``."""
        position = self._positions[tp]
        if first <= position <= end:
            return position
        if tell and position > 0:
            _logger.warning(
                "read position moved to what the log keeps",
                topic=tp.topic,
                partition=tp.partition,
                position=position,
                earliest=first,
                end=end,
            )
        return first
