"""Looking into the record's database."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from schemas import relational
from schemas.events import ActorRecord, Decision
from services.aggregate.changes import change_of
from services.aggregate.records import Gone
from services.aggregate.store import Store
from services.chassis.log.types import TopicPartition
from tests.support.statements import Event

STATE = (
    "documents",
    "superseded",
    "statements",
    "search",
    "actors",
    "actor_words",
    "tallies",
    "identities",
    "identity_keys",
    "candidates",
    "decisions",
    "shingles",
    "retired",
)
"""The tables that must depend on nothing but the set of events."""

PARTITION = TopicPartition("onrecord.documents", 0)


def open_store(folder: Path) -> Store:
    """The SQLite record in a folder, its tables up to date."""
    store = Store(f"sqlite:///{folder / 'record.db'}", "onrecord-aggregate")
    store.migrate()
    return store


def feed(store: Store, batches: Iterable[Sequence[Event | Decision]]) -> None:
    """Apply the batches one after the other, as one partition."""
    for batch in batches:
        position = {tp: at.offset for tp, at in store.positions().items()}
        store.apply(
            [change_of(event) for event in batch],
            position,
            {PARTITION: position.get(PARTITION, 0) + len(batch)},
        )


def dump(store: Store, tables: Sequence[str] = STATE) -> dict[str, list[str]]:
    """The rows of the tables, sorted, comparable between engines."""
    with store.engine.connect() as connection:
        return {
            name: sorted(
                json.dumps(row._asdict(), default=str, sort_keys=True)
                for row in connection.execute(sa.select(*_meant(relational.metadata.tables[name])))
            )
            for name in tables
        }


def _meant(table: sa.Table) -> list[sa.Column[Any]]:
    """The columns that say something: not a number in the order of writing, nor what only one engine has."""
    return [
        column
        for column in table.columns
        if table is not relational.search or column.name not in ("id", "vector")
    ]


def rows(store: Store, name: str) -> list[dict[str, Any]]:
    """The rows of one table, by primary key."""
    table = relational.metadata.tables[name]
    with store.engine.connect() as connection:
        return [row._asdict() for row in connection.execute(sa.select(table).order_by(*table.primary_key))]


def clear(store: Store) -> None:
    """Empty all tables."""
    with store.engine.begin() as connection:
        for table in relational.metadata.tables.values():
            if table is not relational.search:  # goes with the statements
                connection.execute(sa.delete(table))


def published(store: Store) -> dict[str, ActorRecord | None]:
    """Drain the outbox; the last record published of each actor, None for one that is gone."""
    return {actor: None if isinstance(record, Gone) else record for actor, record in sent(store).items()}


def sent(store: Store) -> dict[str, ActorRecord | Gone]:
    """Drain the outbox; the last that was sent of each actor, tombstones too."""
    found: dict[str, ActorRecord | Gone] = {}
    while store.publish(found.update):
        pass
    return found
