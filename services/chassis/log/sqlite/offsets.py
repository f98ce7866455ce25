"""What the groups have committed."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from services.chassis.log.types import Offsets, TopicPartition


def write(
    connection: sqlite3.Connection, group: str, offsets: Offsets, partition_ids: Mapping[TopicPartition, int]
) -> None:
    """Store next offsets inside the caller's transaction.

    Raises:
        ValueError: a partition is not one the group's consumer reads.
    """
    foreign = [tp for tp in offsets if tp not in partition_ids]
    if foreign:
        raise ValueError(
            f"group {group} does not read {', '.join(f'{topic}/{number}' for topic, number in foreign)}"
        )
    connection.executemany(
        "INSERT INTO group_offset (group_name, partition_id, next_offset) VALUES (?, ?, ?)"
        " ON CONFLICT DO UPDATE SET next_offset = excluded.next_offset",
        [(group, partition_ids[tp], offset) for tp, offset in offsets.items()],
    )


def read(connection: sqlite3.Connection, group: str) -> dict[TopicPartition, int]:
    """The group's next offsets."""
    rows = connection.execute(
        "SELECT topic.name, partition.number, group_offset.next_offset FROM group_offset"
        " JOIN partition ON partition.id = partition_id JOIN topic ON topic.id = topic_id"
        " WHERE group_name = ? ORDER BY partition.id",
        (group,),
    )
    return {TopicPartition(topic, number): offset for topic, number, offset in rows}
