"""Actors whose record is due to be published: marked in the transaction that changes them, settled after they
were sent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from schemas import relational
from schemas.events import ActorRecord
from schemas.relational import Dimension, Standing
from services.aggregate.records import LATEST, Gone, record_of
from services.aggregate.store.actors import ranked
from services.aggregate.store.bulk import chunks, delete
from services.aggregate.store.identities import leading

_outbox, _actors, _tallies, _statements = (
    relational.outbox,
    relational.actors,
    relational.tallies,
    relational.statements,
)

_SUMMARY = sa.select(
    *(
        _statements.c[name]
        for name in (
            "actor_id",
            "statement_id",
            "kind",
            "text",
            "article_id",
            "outlet",
            "published_at",
            "confidence",
            "within",
            "denied",
            "shred",
        )
    )
)
_NEWEST = (_statements.c.sort_at.desc(), _statements.c.statement_id.desc())

FEW = 100
"""Up to so many statements are cheaper to read than to ask for one by one: five times what a record shows."""


def due(connection: sa.Connection, limit: int) -> list[str]:
    """Up to ``limit`` actors whose record is due; on PostgreSQL they are locked, and those another process
    has locked left out.

    The lock keeps a batch that changes one of these actors from committing (it must count the row up) until
    they are settled, so a record is never overtaken by an older one.
    """
    query = sa.select(_outbox.c.actor_id).order_by(_outbox.c.actor_id).limit(limit)
    return list(connection.execute(query.with_for_update(skip_locked=True)).scalars())


def settle(connection: sa.Connection, actors: Sequence[str]) -> None:
    """They are published."""
    delete(connection, _outbox.c.actor_id, actors)


def records(connection: sa.Connection, actors: Sequence[str]) -> list[tuple[str, ActorRecord | Gone]]:
    """The actors' records as of now."""
    rows = {
        row.actor_id: row._asdict()
        for row in connection.execute(sa.select(_actors).where(_actors.c.actor_id.in_(actors)))
    }
    shares = ranked(connection, list(rows), (Dimension.OUTLET, Dimension.CUE, Dimension.STANCE))
    days = _days(connection, list(rows))
    latest = _latest(connection, {actor: row["statements"] for actor, row in rows.items()})
    gone = [actor for actor in actors if actor not in rows]
    merged = leading(connection, gone)

    def record(actor: str) -> ActorRecord | Gone:
        if actor not in rows:
            return Gone(merged.get(actor))
        return record_of(rows[actor], days.get(actor, ()), shares.get(actor, {}), latest[actor])

    return [(actor, record(actor)) for actor in actors]


def _days(connection: sa.Connection, actors: Sequence[str]) -> dict[str, list[tuple[str, int, int]]]:
    query = sa.select(_tallies.c.actor_id, _tallies.c.value, _tallies.c.quotes, _tallies.c.claims)
    query = query.where(_tallies.c.actor_id.in_(actors), _tallies.c.dimension == Dimension.DAY).order_by(
        _tallies.c.value
    )
    found: dict[str, list[tuple[str, int, int]]] = defaultdict(list)
    for actor, day, quotes, claims in connection.execute(query):
        found[actor].append((day, quotes, claims))
    return found


def _latest(connection: sa.Connection, statements: Mapping[str, int]) -> dict[str, list[dict[str, Any]]]:
    """The latest statements per actor, each once, newest first, shreds only where there is nothing else;
    given how many each has: the few of most actors are read at once."""
    found: dict[str, list[dict[str, Any]]] = {actor: [] for actor in statements}
    once = sa.func.coalesce(_statements.c.standing, Standing.FIRST.value) == Standing.FIRST.value
    for chunk in chunks(actor for actor, count in statements.items() if count <= FEW):
        query = _SUMMARY.where(_statements.c.actor_id.in_(chunk), _statements.c.on_record, once)
        for row in connection.execute(query.order_by(_statements.c.actor_id, *_NEWEST)):
            found[row.actor_id].append(row._asdict())
    for actor in (actor for actor, count in statements.items() if count > FEW):
        query = (
            _SUMMARY.where(_statements.c.actor_id == actor, _statements.c.on_record, once)
            .order_by(*_NEWEST)
            .limit(LATEST)
        )
        whole = [
            row._asdict() for row in connection.execute(query.where(_statements.c.shred.is_not(sa.true())))
        ]
        found[actor] = whole or [row._asdict() for row in connection.execute(query)]
    return {
        actor: ([row for row in rows if not row["shred"]] or rows)[:LATEST] for actor, rows in found.items()
    }
