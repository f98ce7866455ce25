"""Who may change what at the same time.

SQLite has one writer. On PostgreSQL replicas own different partitions, but quotes and claims are keyed by
actor, documents by article and decisions by themselves, so two replicas meet on all of them. Each batch
therefore locks the registry's state (shared with the others), its offsets, then the decisions (all of them at
once, and only if it brings some), then its articles, then the identities (all of them at once, since a link
may reach any), then its actors, then new words of the vocabulary, then rows of the trail, then of the hours
counted from it, then the order of changes, each kind in ascending order: the same order in every process, so
waiting never becomes a circle. The purge takes those of the trail and of the hours in the same order; of two
replicas only one purges at a time, because rows are deleted in whatever order the server finds them. A step
over the whole record (:mod:`services.aggregate.store.adopting`) holds the registry's state alone, so no batch
is under way meanwhile.

Articles and actors are locked by bucket, with advisory locks that end with the transaction: a row that does
not exist yet cannot be locked, and the server's table of locks is small.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from zlib import crc32

import sqlalchemy as sa

BUCKETS = 512
"""Per kind. A batch of 32 records touches few of them, so replicas seldom wait; two kinds for six replicas
fit the server's default table of 6 400 locks (max_locks_per_transaction × max_connections)."""


class Kind(IntEnum):
    """First key of the advisory lock: four letters, so that other users of the database are unlikely to share
    it."""

    MIGRATION = 0x6F6E726D
    ARTICLE = 0x6F6E7261
    ACTOR = 0x6F6E7263
    PURGE = 0x6F6E7270
    IDENTITY = 0x6F6E7269
    DECISION = 0x6F6E7264
    CHANGES = 0x6F6E7273


_LOCK = sa.text(
    "SELECT pg_advisory_xact_lock(CAST(:kind AS integer), bucket) FROM unnest(CAST(:buckets AS integer[])) AS"
    " bucket"
)


def lock(connection: sa.Connection, kind: Kind, names: Iterable[str]) -> None:
    """Hold these names until the transaction ends."""
    if connection.dialect.name == "sqlite":
        return
    buckets = sorted({crc32(name.encode()) % BUCKETS for name in names})
    if buckets:
        connection.execute(_LOCK, {"kind": kind.value, "buckets": buckets})
