"""Consumed offsets, kept beside the state they produced: the fence against a consumer that woke up too late."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from schemas.relational import offsets as _offsets
from services.chassis.errors import CommitFailed
from services.chassis.log.types import Offsets, TopicPartition


def load(connection: sa.Connection, group: str, partitions: Iterable[TopicPartition] | None = None) -> dict[TopicPartition, int]:
    """The next offset per partition, of those given or of all; one never read is left out."""
    query = sa.select(_offsets.c.topic, _offsets.c.partition, _offsets.c.next_offset).where(_offsets.c.consumer_group == group)
    wanted = None if partitions is None else set(partitions)
    stored = {TopicPartition(topic, partition): offset for topic, partition, offset in connection.execute(query)}
    return {tp: offset for tp, offset in stored.items() if wanted is None or tp in wanted}


def move(connection: sa.Connection, group: str, expected: Offsets, offsets: Offsets) -> None:
    """Move each partition from its expected offset to the new one; a partition without an expected one must be new.

    Raises:
        CommitFailed: with cause ``stale``: another consumer has moved one of them, maybe beyond the new offset.
    """
    # in one order everywhere: see locks
    for tp in sorted(offsets):
        values = {"consumer_group": group, "topic": tp.topic, "partition": tp.partition}
        if tp in expected:
            update = sa.update(_offsets).where(*(_offsets.c[name] == value for name, value in values.items()))
            current = (_offsets.c.next_offset == expected[tp]) & (_offsets.c.next_offset <= offsets[tp])
            moved = connection.execute(update.where(current).values(next_offset=offsets[tp]))
        else:
            insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(_offsets)
            moved = connection.execute(insert.values(**values, next_offset=offsets[tp]).on_conflict_do_nothing())
        if moved.rowcount != 1:
            known = f"offset {expected[tp]}" if tp in expected else "its beginning"
            raise CommitFailed(
                f"{tp.topic} partition {tp.partition}: the database is no longer at {known}, or already beyond offset {offsets[tp]}; "
                "another consumer of this group has moved on",
                cause="stale",
            )


def forget(connection: sa.Connection, group: str, partitions: Iterable[TopicPartition]) -> None:
    """Read these partitions from their beginning next time."""
    for tp in sorted(partitions):
        connection.execute(
            sa.delete(_offsets).where(
                _offsets.c.consumer_group == group, _offsets.c.topic == tp.topic, _offsets.c.partition == tp.partition
            )
        )
