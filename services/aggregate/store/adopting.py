"""A record of another release: its statements get their identities, by this release's rules and registry, are
grouped, and get their words for search.

In steps of one transaction each, so that a stop in between loses nothing and other replicas get their turn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa

from schemas import relational
from schemas.events import Actor, Span, words_of
from schemas.relational import fold
from schemas.words import forms, indexed
from services.aggregate.changes import who
from services.aggregate.grouping import is_shred
from services.aggregate.store import known
from services.aggregate.store.actors import apply_effect
from services.aggregate.store.appearances import SELECTED
from services.aggregate.store.articles import Effect, count, describe, follow
from services.aggregate.store.bulk import change
from services.aggregate.store.changed import number
from services.aggregate.store.decisions import unplaced
from services.aggregate.store.lexicon import learn, name
from services.aggregate.store.locks import Kind, lock
from services.aggregate.store.reassigned import Reassigned

STEP = 500
"""Statements of one transaction, more or less."""

_statements, _actors = relational.statements, relational.actors
_UNKNOWN = _statements.c.identity_id.is_(None)
_UNINDEXED = _statements.c.words.is_(None)
# linking anew groups statements, too, and says nothing of shreds
_UNGROUPED = _statements.c.shred.is_(None) | (_statements.c.on_record & _statements.c.appearance_of.is_(None))


def mend(connection: sa.Connection) -> int:
    """Count every statement by itself again where an earlier release has written after this one: it counted
    and deleted as if there were no appearances."""
    mixed = connection.execute(
        sa.select(sa.exists().where(_UNGROUPED), sa.exists(sa.select(relational.shingles)))
    ).one()
    if all(mixed):
        for table in (relational.shingles, relational.tallies):
            connection.execute(sa.delete(table))
        connection.execute(sa.update(_statements).values(wording=None, appearance_of=None, standing=None))
        effect = Effect()
        effect.actors.update(connection.execute(sa.select(relational.actors.c.actor_id)).scalars())
        for row in connection.execute(SELECTED.where(_statements.c.on_record)):
            effect.count(row._asdict(), row.actor_id, +1)
        apply_effect(connection, effect)
    return 0


def begin(connection: sa.Connection) -> int:
    """Read users' entries, and begin anew where statements were linked by other rules or another registry, or
    grouped by other rules, or where an earlier release has written after this one: it moved statements
    without counting identities."""
    linked, grouped = known.take_up(connection)
    lock(connection, Kind.IDENTITY, ["identities"])
    mixed = all(
        connection.execute(
            sa.select(sa.exists().where(_UNKNOWN), sa.exists(sa.select(relational.identities)))
        ).one()
    )
    if not grouped:
        connection.execute(sa.delete(relational.shingles))
        # what each counted as stays, until it counts otherwise
        connection.execute(sa.update(_statements).values(wording=None, appearance_of=None, shred=None))
    if not linked or mixed:
        for table in (relational.identities, relational.identity_keys, relational.candidates):
            connection.execute(sa.delete(table))
        connection.execute(sa.update(_statements).values(identity_id=None))
    return 0


def adopt(connection: sa.Connection) -> int:
    """Give some statements their identity; returns how many, 0 when all have one."""
    articles = sorted(
        set(connection.execute(sa.select(_statements.c.article_id).where(_UNKNOWN).limit(STEP)).scalars())
    )
    lock(connection, Kind.ARTICLE, articles)
    query = SELECTED.add_columns(_statements.c.actor, _statements.c.spans).where(
        _UNKNOWN, _statements.c.article_id.in_(articles)
    )
    before = [row._asdict() for row in connection.execute(query)]
    reassigned = Reassigned(connection, articles)
    after = [_adopted(row, reassigned) for row in before]
    describe(connection, [row for row in after if row["on_record"]], {})
    effect = Effect()
    leaving = [row for row in before if row["on_record"]]
    followed = follow(connection, leaving, [row for row in after if row["on_record"]])
    changing = sa.update(_statements).where(_statements.c.statement_id == sa.bindparam("statement"))
    came = dict(followed.came)
    for row in after:
        actor = followed.settled.actor_of(row) if row["on_record"] else row["identity_id"]
        values = {
            name: row[name]
            for name in ("identity_id", "reassigned_by", "alias", "actor_name", "actor_kind", "described")
        }
        values["actor_id"] = actor
        connection.execute(changing.values(**values), {"statement": row["statement_id"]})
        if row["on_record"]:
            came[row["statement_id"]] = {**row, "actor_id": actor}
    count(connection, followed.left, came, effect)
    # most are who they were
    effect.actors = {actor for (actor, _, _), counts in effect.tallies.items() if any(counts)}
    apply_effect(connection, effect)
    number(connection, effect)
    return len(before)


def rule(connection: sa.Connection) -> int:
    """Place some of the names that decisions name and no article does; returns how many, 0 when all have
    their place."""
    missing = unplaced(connection, STEP)
    effect = Effect()
    followed = follow(connection, [], [], missing)
    count(connection, followed.left, followed.came, effect)
    apply_effect(connection, effect)
    number(connection, effect)
    return len(missing)


def group(connection: sa.Connection) -> int:
    """Group some statements that other rules grouped, or that an earlier release counted one by one; returns
    how many, 0 when all are grouped."""
    found = (
        sa.select(_statements.c.statement_id)
        .where(_UNGROUPED)
        .order_by(_statements.c.statement_id)
        .limit(STEP)
    )
    chosen = list(connection.execute(found).scalars())
    query = SELECTED.add_columns(_statements.c.spans).where(_statements.c.statement_id.in_(chosen))
    rows = {row.statement_id: row._asdict() for row in connection.execute(query)}
    lock(connection, Kind.ARTICLE, sorted({row["article_id"] for row in rows.values()}))
    changing = sa.update(_statements).where(_statements.c.statement_id == sa.bindparam("statement"))
    for identity, row in rows.items():
        row["text"] = words_of(Span.model_validate(span) for span in row["spans"])
        values = {
            "text": row["text"],
            "folded": fold(row["text"]),
            "shred": is_shred(row["text"], row["confidence"]),
        }
        connection.execute(changing.values(**values), {"statement": identity})
    effect = Effect()
    on_record = {identity: row for identity, row in rows.items() if row["on_record"]}
    count(connection, list(on_record.values()), on_record, effect)
    apply_effect(connection, effect)
    number(connection, effect)
    return len(rows)


def index(connection: sa.Connection) -> int:
    """Give some statements their words, and their actors the words of their names; returns how many, 0 when
    all have them."""
    few = (
        sa.select(_statements.c.article_id).where(_UNINDEXED).order_by(_statements.c.statement_id).limit(STEP)
    )
    articles = sorted(set(connection.execute(few).scalars()))
    lock(connection, Kind.ARTICLE, articles)
    columns = [
        _statements.c[column] for column in ("statement_id", "language", "spans", "actor_id", "on_record")
    ]
    rows = connection.execute(
        sa.select(*columns).where(_UNINDEXED, _statements.c.article_id.in_(articles))
    ).all()
    if not rows:
        return 0
    words = {row.statement_id: indexed(span["exact"] for span in row.spans) for row in rows}
    change(connection, _statements.c.words, words)
    actors = sorted({row.actor_id for row in rows if row.on_record})
    lock(connection, Kind.ACTOR, actors)
    named = connection.execute(
        sa.select(_actors.c.actor_id, _actors.c.folded).where(_actors.c.actor_id.in_(actors))
    )
    fresh = name(connection, actors, [row._asdict() for row in named])
    for row in rows:
        fresh |= forms(row.language, words[row.statement_id].split())
    learn(connection, fresh)
    return len(rows)


STEPS: tuple[Callable[[sa.Connection], int], ...] = (mend, begin, rule, adopt, group, index)
"""In this order, each until it returns 0: a name that is known in one article only gets its place from
decisions before its statements."""


def _adopted(row: Mapping[str, Any], reassigned: Reassigned) -> dict[str, Any]:
    """A statement with its identity by this release."""
    actor = Actor.model_validate(row["actor"], extra="ignore")
    made = {
        **row,
        **who(actor, row["article_id"], row["published_at"]),
        "reassigned_by": None,
        "described": None,
    }
    identity, decision = reassigned.who(made, on_record=row["on_record"])
    return {**made, "identity_id": identity, "reassigned_by": decision}
