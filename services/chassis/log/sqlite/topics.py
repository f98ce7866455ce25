"""Topics as they exist in the file."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from services.chassis.errors import TopicMissing
from services.chassis.log.types import TopicPartition, TopicSpec, TopicState


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic and the ids of its partitions, by number."""

    spec: TopicSpec
    partition_ids: tuple[int, ...]

    def partition_id(self, number: int) -> int:
        """The id of a partition.

        Raises:
            TopicMissing: the topic has no such partition.
        """
        if not 0 <= number < len(self.partition_ids):
            raise TopicMissing(
                f"topic {self.spec.name} has {len(self.partition_ids)} partitions, there is no partition"
                f" {number}"
            )
        return self.partition_ids[number]


class Catalog:
    """Looks topics up, and remembers them: once made, a topic keeps its partitions and limits."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, Topic] = {}

    def topic(self, connection: sqlite3.Connection, name: str) -> Topic:
        """The topic of that name.

        Raises:
            TopicMissing: there is none.
        """
        found = self._known.get(name)
        if found is None:
            row = connection.execute(
                "SELECT id, partitions, retention_ms, compact, max_message_bytes FROM topic WHERE name = ?",
                (name,),
            ).fetchone()
            if row is None:
                raise TopicMissing(
                    f"topic {name} does not exist in event log {self._path}: run `onrecord topics create`"
                )
            ids = connection.execute("SELECT id FROM partition WHERE topic_id = ? ORDER BY number", row[:1])
            found = Topic(
                TopicSpec(name, row[1], row[2], bool(row[3]), row[4]),
                tuple(partition_id for (partition_id,) in ids),
            )
            self._known[name] = found
        return found

    def partition_ids(
        self, connection: sqlite3.Connection, topics: Sequence[str]
    ) -> dict[TopicPartition, int]:
        """The ids of all partitions of these topics.

        Raises:
            TopicMissing: one of them does not exist.
        """
        return {
            TopicPartition(name, number): partition_id
            for name in topics
            for number, partition_id in enumerate(self.topic(connection, name).partition_ids)
        }


def create(connection: sqlite3.Connection, specs: Sequence[TopicSpec]) -> list[str]:
    """Create what does not exist, inside the caller's transaction; returns the names created."""
    created = []
    for spec in specs:
        row = connection.execute(
            "INSERT INTO topic (name, partitions, retention_ms, compact, max_message_bytes, identity) VALUES"
            " (?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO NOTHING RETURNING id",
            (
                spec.name,
                spec.partitions,
                spec.retention_ms,
                spec.compact,
                spec.max_message_bytes,
                str(uuid.uuid4()),
            ),
        ).fetchone()
        if row is not None:
            connection.executemany(
                "INSERT INTO partition (topic_id, number) VALUES (?, ?)",
                ((row[0], number) for number in range(spec.partitions)),
            )
            created.append(spec.name)
    return created


def states(connection: sqlite3.Connection) -> dict[str, TopicState]:
    """All topics with the range of offsets each partition holds."""
    rows = connection.execute(
        "SELECT topic.name, partitions, retention_ms, compact, max_message_bytes, identity, number,"
        " first_offset, next_offset FROM topic JOIN partition ON partition.topic_id = topic.id ORDER BY"
        " topic.id, number"
    )
    found: dict[str, tuple[TopicSpec, dict[int, tuple[int, int]], str]] = {}
    for name, partitions, retention_ms, compact, largest, topic_id, number, first, following in rows:
        _, ranges, _ = found.setdefault(
            name, (TopicSpec(name, partitions, retention_ms, bool(compact), largest), {}, topic_id)
        )
        ranges[number] = (first, following)
    return {name: TopicState(*state) for name, state in found.items()}
