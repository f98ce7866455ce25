"""The trail's rows: written once per record and stage, counted per outlet and hour, purged by age."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from schemas import relational
from schemas.relational import microseconds
from schemas.sources import GONE, HISTORY, hour_of
from services.aggregate.changes import Change, TrailChange
from services.aggregate.store.bulk import chunks, upsert
from services.aggregate.store.locks import Kind, lock

_trail, _hours = relational.trail, relational.source_hours

PURGE_CHUNK = 5_000
"""Rows deleted per transaction: some tens of milliseconds, so that a batch never waits long for SQLite's one
writer."""
HOUR_US = 3_600_000_000

Place = tuple[str, int, int, str]
Row = Mapping[str, Any]


def note(connection: sa.Connection, changes: Sequence[Change]) -> int:
    """Write what is not written yet; returns the number of rows.

    The same record at the same place is left as it is, so its times are those of the first reading. Another
    record at that place (the log was replaced by a new one) takes it over.
    """
    now = microseconds(datetime.now(UTC))
    incoming: dict[Place, Row] = {}
    for change in changes:
        if isinstance(change, TrailChange):
            row = change.row if change.row["at"] is not None else {**change.row, "at": now}
            incoming.setdefault(_place(row), row)
    known = _known(connection, incoming)
    fresh = [
        row for place, row in sorted(incoming.items()) if place not in known or known[place] != _identity(row)
    ]
    upsert(connection, _trail, fresh)
    _count(connection, fresh)
    return len(fresh)


def purge(connection: sa.Connection, before: datetime) -> int:
    """Delete up to :data:`PURGE_CHUNK` rows older than ``before``, and the counts of the hours before it;
    returns the rows.

    Counts that still say whether a source is silent stay, however short the trail is kept.
    """
    lock(connection, Kind.PURGE, ["trail"])
    # of rows with one time all go, so a bound is enough to go on
    oldest = (
        sa.select(_trail.c.at).where(_trail.c.at < before).order_by(_trail.c.at).limit(PURGE_CHUNK).subquery()
    )
    bound = connection.execute(
        sa.select(sa.func.max(sa.type_coerce(oldest.c.at, sa.BigInteger)))
    ).scalar_one()
    deleted = 0
    if bound is not None:
        deleted = connection.execute(
            sa.delete(_trail).where(sa.type_coerce(_trail.c.at, sa.BigInteger) <= bound)
        ).rowcount
    # in the order of a batch: see locks
    needed = datetime.now(UTC) - GONE - HISTORY
    connection.execute(sa.delete(_hours).where(_hours.c.hour < hour_of(min(before, needed))))
    return deleted


def _place(row: Row) -> Place:
    return row["topic"], row["partition"], row["offset"], row["stage"]


def _identity(row: Row) -> tuple[str | None, str | None]:
    return row["article_id"], row["event_id"]


def _known(connection: sa.Connection, places: Iterable[Place]) -> dict[Place, tuple[str | None, str | None]]:
    offsets: dict[tuple[str, int], set[int]] = defaultdict(set)
    for topic, partition, offset, _ in places:
        offsets[topic, partition].add(offset)
    found: dict[Place, tuple[str | None, str | None]] = {}
    columns = [_trail.c[name] for name in ("topic", "partition", "offset", "stage", "article_id", "event_id")]
    for (topic, partition), wanted in offsets.items():
        for chunk in chunks(sorted(wanted)):
            query = sa.select(*columns).where(
                _trail.c.topic == topic, _trail.c.partition == partition, _trail.c.offset.in_(chunk)
            )
            for *place, article, event in connection.execute(query):
                found[place[0], place[1], place[2], place[3]] = (article, event)
    return found


def _count(connection: sa.Connection, rows: Iterable[Row]) -> None:
    """Move the counts per outlet and hour, in one order everywhere: see locks."""
    counts: dict[tuple[int, str, str, str], tuple[int, int]] = {}
    for row in rows:
        if row["outlet"] is not None:
            key = (row["at"] // HOUR_US, row["outlet"], row["stage"], row["outcome"])
            articles, latest = counts.get(key, (0, row["at"]))
            counts[key] = (articles + 1, max(latest, row["at"]))
    moved = [
        {
            "hour": hour,
            "outlet": outlet,
            "stage": stage,
            "outcome": outcome,
            "articles": articles,
            "latest": latest,
        }
        for (hour, outlet, stage, outcome), (articles, latest) in sorted(counts.items())
    ]
    upsert(connection, _hours, moved, add=("articles",), most=("latest",))
