"""The order in which statements came on record and left it, for those who follow the record."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import sqlalchemy as sa

from schemas import relational
from schemas.relational import Standing, microseconds
from services.aggregate.store.articles import Effect, Row
from services.aggregate.store.bulk import upsert
from services.aggregate.store.locks import Kind, lock

_changes = relational.changes

_TOLD = ("actor_id", "content_key", "reassigned_by")
"""What of a statement is news where it is another than before; its standing is, too."""


def number(connection: sa.Connection, effect: Effect) -> None:
    """Give what a transaction changed the next places; the last thing in it.

    Writers are let in one after the other from here to their commit: who sees a place sees all before it, so
    that a reader who goes on after the last one it saw misses nothing. Places are times, so that they go on
    when the record is made anew.
    """
    changed = [*_gone(effect), *_come(effect)]
    if not changed:
        return
    lock(connection, Kind.CHANGES, ["changes"])
    last = connection.execute(sa.select(sa.func.max(_changes.c.seq))).scalar_one() or 0
    first = max(last + 1, microseconds(datetime.now(UTC)))
    copied = ("statement_id", "actor_id", "kind", "article_id", "outlet")
    rows = [
        {
            **{name: row[name] for name in copied},
            "seq": place,
            "on_record": on_record,
            "standing": _standing(row),
        }
        for place, (row, on_record) in enumerate(changed, first)
    ]
    upsert(connection, _changes, rows, most=("standing",))


def _gone(effect: Effect) -> Iterator[tuple[Row, bool]]:
    for name, row in sorted(effect.left.items()):
        if name not in effect.came or effect.came[name]["actor_id"] != row["actor_id"]:
            yield row, False


def _come(effect: Effect) -> Iterator[tuple[Row, bool]]:
    for name, row in sorted(effect.came.items()):
        before = effect.left.get(name)
        if (
            before is None
            or _standing(before) != _standing(row)
            or any(before[part] != row[part] for part in _TOLD)
        ):
            yield row, True


def _standing(row: Row) -> int:
    # one that an earlier release stored stands for itself
    standing: int | None = row["standing"]
    return Standing.FIRST.value if standing is None else standing
