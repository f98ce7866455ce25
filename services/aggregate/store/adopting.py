"""A record of an earlier release: its statements get their identities, and links made by other rules are made anew.

In steps of one transaction each, so that a stop in between loses nothing and other replicas get their turn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa

from schemas import relational
from schemas.events import Actor
from services.aggregate.changes import alias_of
from services.aggregate.identity.local import identity_of
from services.aggregate.store.actors import apply_effect
from services.aggregate.store.articles import SELECTED, Effect, count, move
from services.aggregate.store.identities import outdated, relink
from services.aggregate.store.locks import Kind, lock

STEP = 500
"""Statements, or identities, of one transaction."""

_statements = relational.statements
_UNKNOWN = _statements.c.identity_id.is_(None)


def begin(connection: sa.Connection) -> int:
    """Where an earlier release has written after this one, begin anew: it moved statements without counting identities."""
    lock(connection, Kind.IDENTITY, ["identities"])
    mixed = sa.select(sa.exists().where(_UNKNOWN), sa.exists(sa.select(relational.identities)))
    if all(connection.execute(mixed).one()):
        for table in (relational.identities, relational.identity_keys, relational.candidates):
            connection.execute(sa.delete(table))
        connection.execute(sa.update(_statements).values(identity_id=None))
    return 0


def adopt(connection: sa.Connection) -> int:
    """Give some statements their identity; returns how many, 0 when all have one."""
    articles = sorted(set(connection.execute(sa.select(_statements.c.article_id).where(_UNKNOWN).limit(STEP)).scalars()))
    lock(connection, Kind.ARTICLE, articles)
    query = SELECTED.add_columns(_statements.c.actor).where(_UNKNOWN, _statements.c.article_id.in_(articles))
    before = [row._asdict() for row in connection.execute(query)]
    after = [{**row, **_identity(row)} for row in before]
    effect = Effect()
    leaving = [row for row in before if row["on_record"]]
    settled = count(connection, leaving, [row for row in after if row["on_record"]], effect)
    change = sa.update(_statements).where(_statements.c.statement_id == sa.bindparam("statement"))
    for row in after:
        actor = settled.actor_of(row) if row["on_record"] else row["identity_id"]
        values = {"identity_id": row["identity_id"], "alias": row["alias"], "actor_id": actor}
        connection.execute(change.values(**values), {"statement": row["statement_id"]})
    apply_effect(connection, effect)
    return len(before)


def begin_relinking(connection: sa.Connection) -> int:
    """Where some identities were linked by other rules, forget the keys of all: those of other rules are not known any more."""
    lock(connection, Kind.IDENTITY, ["identities"])
    if outdated(connection, 1):
        connection.execute(sa.delete(relational.identity_keys))
        connection.execute(sa.update(relational.identities).values(rules=0))
    return 0


def relink_some(connection: sa.Connection) -> int:
    """Link some identities by the rules of this release; returns how many, 0 when all are."""
    found = outdated(connection, STEP)
    effect = Effect()
    move(connection, relink(connection, found), effect, set())
    apply_effect(connection, effect)
    return len(found)


STEPS: tuple[Callable[[sa.Connection], int], ...] = (begin, adopt, begin_relinking, relink_some)
"""In this order, each until it returns 0."""


def _identity(row: Mapping[str, Any]) -> dict[str, Any]:
    actor = Actor.model_validate(row["actor"], extra="ignore")
    return {"identity_id": identity_of(actor, row["article_id"]), "alias": alias_of(actor)}
