"""Retention (old records go) and compaction (only the latest record of each key stays)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from services.chassis.log.sqlite.database import Database
from services.chassis.log.sqlite.schema import PARTITION_BITS

STEP_RECORDS: Final = 200
"""Records removed in one transaction: writers wait for it, and this many large articles take some ten
milliseconds."""
TOMBSTONE_MS: Final = 86_400_000
"""A tombstone stays for a day, as in Kafka (``delete.retention.ms``), so that a reader on its way sees the
key go."""
DIRTY_RECORDS: Final = 1_000
"""Unasked, compaction begins when this many records are new and they are at least as many as the last one
left (Kafka's ``min.cleanable.dirty.ratio`` of one half): reading all keys again then costs a constant share
of the appends."""


@dataclass(frozen=True, slots=True)
class _Partition:
    id: int
    following: int
    compacted_to: int
    compacted_rows: int
    tombstone_due_ms: int | None

    @property
    def base(self) -> int:
        return self.id << PARTITION_BITS


def expire(database: Database, now_ms: int) -> Iterator[int]:
    """Remove from the head of each partition what was appended longer ago than its topic keeps; yields how
    many after each step.

    Age counts from the append, not from the record's own timestamp: a dead letter with an old timestamp must
    wait for its person.
    """
    with database.reading() as connection:
        partitions = connection.execute(
            "SELECT partition.id, retention_ms FROM partition JOIN topic ON topic.id = topic_id"
            " WHERE retention_ms IS NOT NULL AND first_offset < next_offset"
        ).fetchall()
    for partition_id, retention_ms in partitions:
        while removed := _expire_step(database, partition_id, now_ms - retention_ms):
            yield removed


def _expire_step(database: Database, partition_id: int, before_ms: int) -> int:
    base = partition_id << PARTITION_BITS
    with database.reading() as connection:
        head = connection.execute(
            "SELECT id, appended_ms FROM record WHERE id >= ? AND id < ? ORDER BY id LIMIT ?",
            (base, base + (1 << PARTITION_BITS), STEP_RECORDS),
        ).fetchall()
    old = [row_id for row_id, appended_ms in head if appended_ms < before_ms]
    if not old or head[0][1] >= before_ms:
        return 0
    # only the head goes: the first young record keeps all behind it
    young = next((row_id for row_id, appended_ms in head if appended_ms >= before_ms), old[-1] + 1)
    with database.writing() as connection:
        removed = connection.execute("DELETE FROM record WHERE id >= ? AND id < ?", (base, young)).rowcount
        connection.execute(
            "UPDATE partition SET first_offset = max(first_offset, ?) WHERE id = ?",
            (young - base, partition_id),
        )
    return removed


def compact(database: Database, now_ms: int, *, eager: bool) -> Iterator[int]:
    """Remove records with a later one of the same key, and tombstones after :data:`TOMBSTONE_MS`; yields how
    many after each step.

    ``eager`` compacts whatever is new; otherwise only where it pays (:data:`DIRTY_RECORDS`).
    """
    with database.reading() as connection:
        rows = connection.execute(
            "SELECT partition.id, next_offset, compacted_to, compacted_rows, tombstone_due_ms"
            " FROM partition JOIN topic ON topic.id = topic_id WHERE compact ORDER BY partition.id"
        ).fetchall()
    for partition in (_Partition(*row) for row in rows):
        new = partition.following - partition.compacted_to
        tombstone_due = partition.tombstone_due_ms is not None and partition.tombstone_due_ms <= now_ms
        if tombstone_due or (new > 0 if eager else new >= max(DIRTY_RECORDS, partition.compacted_rows)):
            yield from _compact(database, partition, now_ms)


def _compact(database: Database, partition: _Partition, now_ms: int) -> Iterator[int]:
    superseded, kept, due_ms = _superseded(database, partition, now_ms)
    for at in range(0, len(superseded), STEP_RECORDS):
        step = superseded[at : at + STEP_RECORDS]
        with database.writing() as connection:
            connection.executemany("DELETE FROM record WHERE id = ?", ((row_id,) for row_id in step))
        yield len(step)
    with database.writing() as connection:
        connection.execute(
            "UPDATE partition SET compacted_to = ?, compacted_rows = ?, tombstone_due_ms = ? WHERE id = ?",
            (partition.following, kept, due_ms, partition.id),
        )


def _superseded(database: Database, partition: _Partition, now_ms: int) -> tuple[list[int], int, int | None]:
    """Ids to remove, how many records stay, and when the oldest tombstone that stays is due."""
    seen: set[bytes | None] = set()
    remove: list[int] = []
    kept = 0
    due: int | None = None
    with database.reading() as connection:
        newest_first = connection.execute(
            "SELECT id, key, value IS NULL, appended_ms FROM record WHERE id >= ? AND id < ? ORDER BY id"
            " DESC",
            (partition.base, partition.base + partition.following),
        )
        for row_id, key, is_tombstone, appended_ms in newest_first:
            gone_ms = appended_ms + TOMBSTONE_MS
            if key in seen or (is_tombstone and gone_ms <= now_ms):
                remove.append(row_id)
            else:
                kept += 1
                if is_tombstone:
                    due = gone_ms if due is None else min(due, gone_ms)
            seen.add(key)
    # oldest first: cut short, it must not have removed a tombstone and left the value it hides
    return remove[::-1], kept, due
