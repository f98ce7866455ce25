"""A record of another release: its statements get their identities, by this release's rules and registry.

In steps of one transaction each, so that a stop in between loses nothing and other replicas get their turn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa

from schemas import relational
from schemas.events import Actor
from services.aggregate.changes import who
from services.aggregate.store import known
from services.aggregate.store.actors import apply_effect
from services.aggregate.store.articles import SELECTED, Effect, count, describe
from services.aggregate.store.decisions import unplaced
from services.aggregate.store.identities import outdated
from services.aggregate.store.locks import Kind, lock
from services.aggregate.store.reassigned import Reassigned

STEP = 500
"""Statements of one transaction, more or less."""

_statements = relational.statements
_UNKNOWN = _statements.c.identity_id.is_(None)


def begin(connection: sa.Connection) -> int:
    """Read users' entries, and begin anew where identities were made by other rules or another registry, or where an earlier release has
    written after this one: it moved statements without counting identities."""
    changed = known.take_up(connection)
    lock(connection, Kind.IDENTITY, ["identities"])
    mixed = all(connection.execute(sa.select(sa.exists().where(_UNKNOWN), sa.exists(sa.select(relational.identities)))).one())
    if changed or mixed or outdated(connection):
        for table in (relational.identities, relational.identity_keys, relational.candidates):
            connection.execute(sa.delete(table))
        connection.execute(sa.update(_statements).values(identity_id=None))
    return 0


def adopt(connection: sa.Connection) -> int:
    """Give some statements their identity; returns how many, 0 when all have one."""
    articles = sorted(set(connection.execute(sa.select(_statements.c.article_id).where(_UNKNOWN).limit(STEP)).scalars()))
    lock(connection, Kind.ARTICLE, articles)
    query = SELECTED.add_columns(_statements.c.actor, _statements.c.spans).where(_UNKNOWN, _statements.c.article_id.in_(articles))
    before = [row._asdict() for row in connection.execute(query)]
    reassigned = Reassigned(connection, articles)
    after = [_adopted(row, reassigned) for row in before]
    describe(connection, [row for row in after if row["on_record"]], {})
    effect = Effect()
    leaving = [row for row in before if row["on_record"]]
    settled = count(connection, leaving, [row for row in after if row["on_record"]], effect)
    change = sa.update(_statements).where(_statements.c.statement_id == sa.bindparam("statement"))
    for row in after:
        actor = settled.actor_of(row) if row["on_record"] else row["identity_id"]
        values = {name: row[name] for name in ("identity_id", "reassigned_by", "alias", "actor_name", "actor_kind", "described")}
        values["actor_id"] = actor
        connection.execute(change.values(**values), {"statement": row["statement_id"]})
    # most are who they were
    effect.actors = {actor for (actor, _, _), counts in effect.tallies.items() if any(counts)}
    apply_effect(connection, effect)
    return len(before)


def rule(connection: sa.Connection) -> int:
    """Place some of the names that decisions name and no article does; returns how many, 0 when all have their place."""
    missing = unplaced(connection, STEP)
    effect = Effect()
    count(connection, [], [], effect, missing)
    apply_effect(connection, effect)
    return len(missing)


STEPS: tuple[Callable[[sa.Connection], int], ...] = (begin, adopt, rule)
"""In this order, each until it returns 0."""


def _adopted(row: Mapping[str, Any], reassigned: Reassigned) -> dict[str, Any]:
    """A statement with its identity by this release."""
    actor = Actor.model_validate(row["actor"], extra="ignore")
    made = {**row, **who(actor, row["article_id"], row["published_at"]), "reassigned_by": None, "described": None}
    identity, decision = reassigned.who(made, on_record=row["on_record"])
    return {**made, "identity_id": identity, "reassigned_by": decision}
