"""Consumed offsets, kept beside the state they produced: the fence against a consumer that woke up too
late."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from schemas.relational import offsets as _offsets
from services.chassis.errors import CommitFailed
from services.chassis.log.types import Offsets, Origin, Position, TopicPartition

_COLUMNS = (
    _offsets.c.topic,
    _offsets.c.partition,
    _offsets.c.next_offset,
    _offsets.c.topic_id,
    _offsets.c.mark,
)


def load(
    connection: sa.Connection, group: str, partitions: Iterable[TopicPartition] | None = None
) -> dict[TopicPartition, Position]:
    """The position in each partition, of those given or of all; one never read is left out."""
    query = sa.select(*_COLUMNS).where(_offsets.c.consumer_group == group)
    wanted = None if partitions is None else set(partitions)
    stored = {
        TopicPartition(topic, partition): Position(offset, Origin(topic_id or "", mark or ""))
        for topic, partition, offset, topic_id, mark in connection.execute(query)
    }
    return {tp: position for tp, position in stored.items() if wanted is None or tp in wanted}


def move(
    connection: sa.Connection,
    group: str,
    expected: Offsets,
    offsets: Offsets,
    origins: Mapping[TopicPartition, Origin],
) -> None:
    """Move each partition from its expected offset to the new one; a partition without an expected one must
    be new.

    Raises:
        CommitFailed: with cause ``stale``: another consumer has moved one of them, maybe beyond the new
            offset.
    """
    # in one order everywhere: see locks
    for tp in sorted(offsets):
        values = {"consumer_group": group, "topic": tp.topic, "partition": tp.partition}
        origin = origins.get(tp, Origin())
        reached = {
            "next_offset": offsets[tp],
            "topic_id": origin.topic_id or None,
            "mark": origin.mark or None,
        }
        if tp in expected:
            update = sa.update(_offsets).where(*(_offsets.c[name] == value for name, value in values.items()))
            current = (_offsets.c.next_offset == expected[tp]) & (_offsets.c.next_offset <= offsets[tp])
            moved = connection.execute(update.where(current).values(**reached))
        else:
            insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(_offsets)
            moved = connection.execute(insert.values(**values, **reached).on_conflict_do_nothing())
        if moved.rowcount != 1:
            known = f"offset {expected[tp]}" if tp in expected else "its beginning"
            raise CommitFailed(
                f"{tp.topic} partition {tp.partition}: the database is no longer at {known}, or already"
                f" beyond offset {offsets[tp]}; another consumer of this group has moved on",
                cause="stale",
            )


def forget(connection: sa.Connection, group: str, positions: Mapping[TopicPartition, Position]) -> None:
    """Read these partitions from their beginning next time, unless another consumer has moved them from these
    positions since."""
    for tp in sorted(positions):
        connection.execute(
            sa.delete(_offsets).where(
                _offsets.c.consumer_group == group,
                _offsets.c.topic == tp.topic,
                _offsets.c.partition == tp.partition,
                _offsets.c.next_offset == positions[tp].offset,
            )
        )
