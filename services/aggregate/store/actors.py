"""The rows derived per actor: tallies are moved by what a batch changed, then the actors' own rows are made
anew from them.

A batch costs what it touches, not what its actors have on record, except for two counts over an index.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from schemas import relational
from schemas.events import ActorKind
from schemas.ids import actor_id
from schemas.relational import UNDATED, Dimension, fold, microseconds
from services.aggregate.identity.local import is_local
from services.aggregate.identity.registry import kind_of, wikidata_of
from services.aggregate.store import lexicon
from services.aggregate.store.articles import Effect
from services.aggregate.store.bulk import chunks, delete, upsert
from services.aggregate.store.decisions import Called, called, meant
from services.aggregate.store.locks import Kind, lock

MAX_ALIASES = 50
"""More than any registry gives a person; what a record shows, not what is kept."""

_tallies, _statements, _actors, _outbox = (
    relational.tallies,
    relational.statements,
    relational.actors,
    relational.outbox,
)

_KINDS = frozenset(kind.value for kind in ActorKind)

Ranked = Sequence[tuple[str, int]]
"""Values with their number of statements, most frequent first; equal ones by value, so that the order is the
same everywhere."""


def apply_effect(connection: sa.Connection, effect: Effect) -> None:
    """Move the tallies, rebuild the rows of the actors concerned, and mark them to be published."""
    touched = sorted(effect.actors)
    if not touched:
        return
    lock(connection, Kind.ACTOR, touched)
    moved: list[dict[str, Any]] = [
        {"actor_id": actor, "dimension": dimension, "value": value, "quotes": quotes, "claims": claims}
        for (actor, dimension, value), (quotes, claims) in sorted(effect.tallies.items())
        if quotes or claims
    ]
    upsert(connection, _tallies, moved, add=("quotes", "claims"))
    for chunk in chunks({row["actor_id"] for row in moved if row["quotes"] < 0 or row["claims"] < 0}):
        empty = (_tallies.c.quotes == 0) & (_tallies.c.claims == 0)
        connection.execute(sa.delete(_tallies).where(_tallies.c.actor_id.in_(chunk), empty))
    local = _only_articles(connection, touched, effect)
    rows = [{**row, "article_id": local.get(row["actor_id"])} for row in _rows(connection, touched)]
    delete(connection, _actors.c.actor_id, sorted(set(touched) - {row["actor_id"] for row in rows}))
    upsert(connection, _actors, rows)
    effect.words |= lexicon.name(connection, touched, rows)
    upsert(
        connection, _outbox, [{"actor_id": actor, "generation": 1} for actor in touched], add=("generation",)
    )
    effect.written["tallies"] += len(moved)
    effect.written["actors"] += len(touched)


def _only_articles(connection: sa.Connection, touched: Sequence[str], effect: Effect) -> dict[str, str]:
    """The only article that each actor is known in, of those known in one; one into whom another was merged
    is known in more."""
    local = {actor for actor in touched if is_local(actor)}
    articles = {actor: effect.local[actor] for actor in local & effect.local.keys()}
    # only what was merged into them changed
    for chunk in chunks(sorted(local - articles.keys())):
        own = sa.select(_statements.c.identity_id, sa.func.min(_statements.c.article_id)).group_by(
            _statements.c.identity_id
        )
        own = own.where(_statements.c.identity_id.in_(chunk), _statements.c.reassigned_by.is_(None))
        articles |= {row[0]: row[1] for row in connection.execute(own)}
    elsewhere = meant(connection, local)
    return {actor: article for actor, article in articles.items() if actor not in elsewhere}


def ranked(
    connection: sa.Connection, actors: Iterable[str], dimensions: Iterable[Dimension]
) -> dict[str, dict[str, Ranked]]:
    """Per actor and dimension, the values and how many statements each has."""
    total = (_tallies.c.quotes + _tallies.c.claims).label("total")
    found: dict[str, dict[str, list[tuple[str, int]]]] = defaultdict(lambda: defaultdict(list))
    for chunk in chunks(actors):
        query = sa.select(_tallies.c.actor_id, _tallies.c.dimension, _tallies.c.value, total)
        query = query.where(_tallies.c.actor_id.in_(chunk), _tallies.c.dimension.in_(list(dimensions)))
        for actor, dimension, value, count in connection.execute(
            query.order_by(total.desc(), _tallies.c.value)
        ):
            found[actor][dimension].append((value, count))
    return {actor: dict(values) for actor, values in found.items()}


def _rows(connection: sa.Connection, touched: Sequence[str]) -> list[Mapping[str, Any]]:
    values = ranked(
        connection,
        touched,
        (Dimension.KIND, Dimension.DENIED, Dimension.NAME, Dimension.MENTION, Dimension.WIKIDATA),
    )
    counts: dict[str, tuple[int, ...]] = {}
    for chunk in chunks(touched):
        for actor, *numbers in connection.execute(_COUNTS, {"actors": chunk}):
            counts[actor] = tuple(numbers)
    decided = called(connection, counts.keys())
    return [
        _row(actor, values[actor], decided.get(actor, Called()), *counts[actor])
        for actor in touched
        if actor in counts
    ]


def _row(
    actor: str,
    values: Mapping[str, Ranked],
    decided: Called,
    quotes: int,
    claims: int,
    denied: int,
    articles: int,
    outlets: int,
    first_seen: int | None,
    last_seen: int | None,
) -> Mapping[str, Any]:
    name = decided.name or _name(actor, values, decided)
    aliases = _aliases(name, values)
    return {
        "actor_id": actor,
        "name": name,
        "folded": "\n".join(fold(known) for known in (name, *aliases)),
        "kind": _kind(actor, values),
        "wikidata": _wikidata(actor, values, decided),
        "aliases": aliases,
        "quotes": quotes,
        "claims": claims,
        "denied": denied,
        "statements": quotes + claims,
        "articles": articles,
        "outlets": outlets,
        "first_seen": first_seen,
        "last_seen": last_seen,
        "sort_at": _UNDATED if last_seen is None else last_seen,
    }


def _name(actor: str, values: Mapping[str, Ranked], decided: Called) -> str:
    """The name most often used in full; of one into whom others were merged the one that its id is of, if
    there is one. Who has nothing but statements that articles give to others is called as in the id:
    ``person:ana-lee`` → ``Ana Lee``."""
    kind, _, key = actor.partition(":")
    names = [value for value, _ in values.get(Dimension.NAME, ())]
    own = (value for value in names if decided.meant and actor_id(kind, value) == actor)
    return next(own, names[0] if names else key.partition("@")[0].replace("-", " ").title() or actor)


def _kind(actor: str, values: Mapping[str, Ranked]) -> str:
    """What the registry, or an id of all articles, says its actor is; else what articles say most often."""
    registered = kind_of(actor)
    if registered is not None:
        return registered
    kind = actor.partition(":")[0]
    return kind if kind in _KINDS else (values.get(Dimension.KIND) or values[Dimension.DENIED])[0][0]


def _wikidata(actor: str, values: Mapping[str, Ranked], decided: Called) -> str | None:
    """What people say; else the registry, which may know the actor by the name of one that was merged into
    it; else the articles."""
    if decided.wikidata is not None:
        return decided.wikidata[0]
    known = {item for entry in decided.entries if (item := wikidata_of(entry)) is not None}
    only = known.pop() if len(known) == 1 else None
    return (
        wikidata_of(actor) or only or next((value for value, _ in values.get(Dimension.WIKIDATA, ())), None)
    )


def _aliases(name: str, values: Mapping[str, Ranked]) -> list[str]:
    """Other names and mentions, most frequent first."""
    weight: dict[str, int] = defaultdict(int)
    for dimension in (Dimension.NAME, Dimension.MENTION):
        for value, count in values.get(dimension, ()):
            weight[value] = max(weight[value], count)
    weight.pop(name, None)
    return sorted(weight, key=lambda value: (-weight[value], value))[:MAX_ALIASES]


_UNDATED = microseconds(UNDATED)


def _edge(actor: sa.ColumnElement[str], *, latest: bool) -> sa.ScalarSelect[Any]:
    """An actor's earliest or latest publication, read off the end of an index."""
    moment = sa.type_coerce(_statements.c.sort_at, sa.BigInteger)
    query = sa.select(moment).where(
        _statements.c.actor_id == actor, _statements.c.on_record, moment > _UNDATED
    )
    return query.order_by(moment.desc() if latest else moment).limit(1).scalar_subquery()


def _counts() -> sa.Select[Any]:
    """Per actor with anything on record: quotes, claims, what is denied, articles, outlets, first and last
    publication."""

    def of(dimension: Dimension, number: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
        return sa.func.sum(sa.case((_tallies.c.dimension == dimension, number), else_=0))

    # every statement on record counts once under its actor's kind, or among those denied
    quotes, claims = _tallies.c.quotes, _tallies.c.claims
    own = (
        sa.select(
            _tallies.c.actor_id,
            of(Dimension.KIND, quotes).label("quotes"),
            of(Dimension.KIND, claims).label("claims"),
            of(Dimension.DENIED, quotes + claims).label("denied"),
        )
        .where(_tallies.c.dimension.in_((Dimension.KIND, Dimension.DENIED)))
        .where(_tallies.c.actor_id.in_(sa.bindparam("actors", expanding=True)))
        .group_by(_tallies.c.actor_id)
        .subquery("own")
    )

    def distinct(dimension: Dimension) -> sa.ScalarSelect[int]:
        query = sa.select(sa.func.count()).where(
            _tallies.c.actor_id == own.c.actor_id, _tallies.c.dimension == dimension
        )
        return query.scalar_subquery()

    integers = [sa.cast(number, sa.BigInteger) for number in (own.c.quotes, own.c.claims, own.c.denied)]
    edges = [_edge(own.c.actor_id, latest=False), _edge(own.c.actor_id, latest=True)]
    return sa.select(
        own.c.actor_id, *integers, distinct(Dimension.ARTICLE), distinct(Dimension.OUTLET), *edges
    )


_COUNTS = _counts()
