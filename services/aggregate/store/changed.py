"""The order in which statements came on record and left it, for those who follow the record."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

from schemas import relational
from schemas.relational import microseconds
from services.aggregate.store.articles import Effect
from services.aggregate.store.bulk import upsert
from services.aggregate.store.locks import Kind, lock

_changes = relational.changes


def number(connection: sa.Connection, effect: Effect) -> None:
    """Give the batch's changes the next places; the last thing in its transaction.

    Writers are let in one after the other from here to their commit: who sees a place sees all before it, so that a reader who goes on
    after the last one it saw misses nothing. Places are times, so that they go on when the record is made anew.
    """
    gone = [(row, False) for name, row in sorted(effect.left.items()) if name not in effect.came]
    changed = [*gone, *((row, True) for _, row in sorted(effect.came.items()))]
    if not changed:
        return
    lock(connection, Kind.CHANGES, ["changes"])
    last = connection.execute(sa.select(sa.func.max(_changes.c.seq))).scalar_one() or 0
    first = max(last + 1, microseconds(datetime.now(UTC)))
    copied = ("statement_id", "kind", "actor_id", "article_id", "outlet")
    rows = [
        {**{name: row[name] for name in copied}, "seq": place, "on_record": on_record}
        for place, (row, on_record) in enumerate(changed, first)
    ]
    upsert(connection, _changes, rows)
