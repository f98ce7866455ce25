"""Actors: the list and the record of one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    FromClause,
    Row,
    Select,
    String,
    and_,
    case,
    func,
    select,
    true,
    type_coerce,
)

from schemas.events import ActorRecord, Counts, Day, Share, StatementKind
from schemas.ids import borne_name
from schemas.relational import (
    UNDATED,
    Dimension,
    Instant,
    actors,
    candidates,
    identities,
    microseconds,
    search,
    tallies,
)
from services.query.models import ActorSummary
from services.query.paging import Order, Page, Position, page_of
from services.query.params import ActorQuery, ActorSort, Appearances
from services.query.problems import Merged, Trouble, not_found, several
from services.query.records import every
from services.query.records import statements as statement_records
from services.query.records.conditions import in_period, named, said_once

LATEST = 20
"""Statements in a record: one screen, as the published record has; the rest is paged."""
FAR_FUTURE = 2**62
"""Sorts after every date, for actors without one."""
_NAMESAKE = "namesake"
"""The reason of candidates that are people of one name."""


@dataclass(frozen=True, slots=True)
class _Source:
    """Where the figures come from: the table of actors, or a count over the statements of a period or an
    outlet."""

    clause: FromClause
    figures: Mapping[str, ColumnElement[Any]]


def page(
    connection: Connection, query: ActorQuery, limit: int, path: str, *conditions: ColumnElement[bool]
) -> Page[ActorSummary]:
    """A page of the actors on record that the query and the further conditions leave."""
    source = _source(connection, query)
    wanted = [*_conditions(query, source), *conditions]
    order = _order(query, source)
    listing = _listing(source, wanted, order, order.decode(query.cursor) if query.cursor else None, limit + 1)
    return page_of(
        connection.execute(listing).all(),
        limit=limit,
        total=connection.execute(select(func.count()).select_from(source.clause).where(*wanted)).scalar_one(),
        order=order,
        position=lambda row: Position(row.sort_key, row.actor_id),
        build=lambda rows: _summaries(connection, query, rows),
        link=lambda cursor: query.link(path, cursor=cursor),
    )


def walk(connection: Connection, query: ActorQuery, size: int) -> Iterator[Sequence[Row[Any]]]:
    """The rows of all that :func:`page` would page through, in batches of ``size``."""
    source = _source(connection, query)
    wanted = _conditions(query, source)
    order = _order(query, source)
    position = None
    while True:
        rows = connection.execute(_listing(source, wanted, order, position, size)).all()
        if rows:
            yield rows
        if len(rows) < size:
            return
        position = Position(rows[-1].sort_key, rows[-1].actor_id)


def _source(connection: Connection, query: ActorQuery) -> _Source:
    return _counted(connection, query) if query.narrowed or query.appearances is Appearances.ALL else _ready()


def _listing(
    source: _Source,
    wanted: Sequence[ColumnElement[bool]],
    order: Order,
    position: Position | None,
    limit: int,
) -> Select[Any]:
    """Actors wanted with their figures, in order, after ``position``."""
    figures = [column.label(name) for name, column in source.figures.items()]
    identity = (
        actors.c.actor_id,
        actors.c.name,
        actors.c.kind,
        actors.c.wikidata,
        actors.c.aliases,
        actors.c.article_id,
    )
    listing = select(*identity, *figures, order.key.label("sort_key"))
    listing = listing.select_from(source.clause).where(*wanted).order_by(*order.clauses()).limit(limit)
    return listing if position is None else listing.where(order.after(position))


def require(connection: Connection, actor_id: str) -> Row[Any]:
    """The row of an actor.

    Raises:
        Merged: the name is on record as another actor's.
        Trouble: 404 when nothing is on record for that id, or only several people who bear the name.
    """
    row = connection.execute(select(actors).where(actors.c.actor_id == actor_id)).one_or_none()
    if row is not None:
        return row
    name = borne_name(actor_id) or actor_id
    # a name that only decisions name may stand for itself, or lead to an actor with nothing on record
    named = select(identities.c.identity_id, actors.c.actor_id).join(
        actors, actors.c.actor_id == identities.c.actor_id
    )
    leads = {
        row.identity_id: row.actor_id
        for row in connection.execute(named.where(identities.c.identity_id.in_((actor_id, name))))
    }
    if actor_id in leads:
        raise Merged(actor_id, leads[actor_id])
    bearers = select(candidates.c.other_id).where(
        candidates.c.identity_id == name, candidates.c.reason == _NAMESAKE
    )
    found = list(connection.execute(bearers.order_by(candidates.c.other_id)).scalars())
    if found:
        raise several(actor_id, found)
    raise Merged(actor_id, leads[name]) if name in leads else not_found("actor", actor_id)


def existing(connection: Connection, actor_id: str) -> str:
    """The actor on record that an id is, or was merged into.

    Raises:
        Trouble: 404 when nothing is on record for it.
    """
    try:
        found: str = require(connection, actor_id).actor_id
    except Merged as merged:
        return merged.into
    return found


def current(connection: Connection, actor_id: str) -> str:
    """The same, and the id itself while nothing is on record for it."""
    try:
        return existing(connection, actor_id)
    except Trouble:
        return actor_id


def one(connection: Connection, actor_id: str, appearances: Appearances = Appearances.FIRST) -> ActorRecord:
    """Everything on record for one actor, what was said once counted once or wherever it is told.

    Raises:
        Merged, Trouble: as :func:`require`.
    """
    row = require(connection, actor_id)
    shares = (
        _shares(connection, actor_id)
        if appearances is Appearances.FIRST
        else every.shares(connection, actor_id)
    )
    counts = _counts(row) if appearances is Appearances.FIRST else every.counts(connection, row)
    return ActorRecord(
        actor_id=row.actor_id,
        name=row.name,
        kind=row.kind,
        aliases=tuple(row.aliases),
        wikidata=row.wikidata,
        counts=counts,
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        days=tuple(
            Day(date=date.fromisoformat(t.value), quotes=t.quotes, claims=t.claims)
            for t in sorted(shares.get(Dimension.DAY, ()), key=lambda t: t.value)
        ),
        outlets=_ranked(shares.get(Dimension.OUTLET, ())),
        cues=_ranked(shares.get(Dimension.CUE, ())),
        stances=_ranked(shares.get(Dimension.STANCE, ())),
        latest=tuple(statement_records.newest(connection, actor_id, LATEST)),
        article_id=row.article_id,
    )


def matching(connection: Connection, name: str, limit: int) -> list[ActorSummary]:
    """The actors whose names have all these words, most statements first."""
    return page(connection, ActorQuery(q=name), limit, "").items


def _shares(connection: Connection, actor_id: str) -> Mapping[Dimension, Sequence[Any]]:
    shown = (Dimension.DAY, Dimension.OUTLET, Dimension.CUE, Dimension.STANCE)
    wanted = select(tallies).where(
        tallies.c.actor_id == actor_id, tallies.c.dimension.in_([d.value for d in shown])
    )
    found: dict[Dimension, list[Row[Any]]] = {}
    for row in connection.execute(wanted):
        found.setdefault(Dimension(row.dimension), []).append(row)
    return found


def _ranked(rows: Sequence[Any]) -> tuple[Share, ...]:
    ranked = sorted(rows, key=lambda t: (-(t.quotes + t.claims), t.value))
    return tuple(Share(value=t.value, statements=t.quotes + t.claims) for t in ranked)


def _counts(row: Row[Any]) -> Counts:
    return Counts(
        quotes=row.quotes, claims=row.claims, articles=row.articles, outlets=row.outlets, denied=row.denied
    )


def _summaries(connection: Connection, query: ActorQuery, rows: Sequence[Row[Any]]) -> list[ActorSummary]:
    shown = select(actors.c.actor_id, _latest_id(connection, query)).where(
        actors.c.actor_id.in_([row.actor_id for row in rows])
    )
    latest_ids = {
        actor_id: statement_id for actor_id, statement_id in connection.execute(shown) if statement_id
    }
    latest = statement_records.latest(connection, list(latest_ids.values()))
    return [
        ActorSummary(
            actor_id=row.actor_id,
            name=row.name,
            kind=row.kind,
            wikidata=row.wikidata,
            counts=_counts(row),
            first_seen=row.first_seen,
            last_seen=row.last_seen,
            latest=latest.get(latest_ids.get(row.actor_id, "")),
            article_id=row.article_id,
        )
        for row in rows
    ]


def _ready() -> _Source:
    names = (
        "quotes",
        "claims",
        "denied",
        "statements",
        "articles",
        "outlets",
        "first_seen",
        "last_seen",
        "sort_at",
    )
    return _Source(actors, {name: actors.c[name] for name in names})


def _counted(connection: Connection, query: ActorQuery) -> _Source:
    s = search.c
    dated = case((s.sort_at > UNDATED, s.sort_at))
    said = s.denied.is_not(true())  # as the record counts: of releases before, all
    once = true() if query.appearances is Appearances.ALL else said_once(query.outlet)
    counted = (
        select(
            s.actor_id,
            func.count(case((and_(said, once, s.kind == StatementKind.QUOTE.value), s.statement_id))).label(
                "quotes"
            ),
            func.count(case((and_(said, once, s.kind == StatementKind.CLAIM.value), s.statement_id))).label(
                "claims"
            ),
            func.count(case((and_(s.denied, once), s.statement_id))).label("denied"),
            func.count(case((and_(said, once), s.statement_id))).label("statements"),
            func.count(case((said, s.article_id)).distinct()).label("articles"),
            func.count(case((said, s.outlet)).distinct()).label("outlets"),
            type_coerce(func.min(dated), Instant).label("first_seen"),
            type_coerce(func.max(dated), Instant).label("last_seen"),
            func.max(s.sort_at).label("sort_at"),
        )
        .where(*in_period(connection, query))
        .group_by(s.actor_id)
        .subquery("counted")
    )
    figures = {name: column for name, column in counted.c.items() if name != "actor_id"}
    return _Source(actors.join(counted, actors.c.actor_id == counted.c.actor_id), figures)


def _conditions(query: ActorQuery, source: _Source) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if query.kind:
        found.append(actors.c.kind == query.kind.value)
    if query.min_statements is not None:
        found.append(source.figures["statements"] >= query.min_statements)
    if query.q:
        found.append(named(query.q))
    return found


def _order(query: ActorQuery, source: _Source) -> Order:
    sort, descending = query.sort, query.descending
    key: ColumnElement[Any]
    if sort is ActorSort.NAME:
        key = actors.c.name
    elif sort is ActorSort.LAST_SEEN and descending:
        key = type_coerce(source.figures["sort_at"], BigInteger)
    elif sort in (ActorSort.FIRST_SEEN, ActorSort.LAST_SEEN):
        missing = microseconds(UNDATED) if descending else FAR_FUTURE
        key = func.coalesce(type_coerce(source.figures[sort.value], BigInteger), missing)
    else:
        key = source.figures[sort.value]
    return Order(
        name=f"actors.{sort.value}.{'desc' if descending else 'asc'}",
        key=key,
        identifier=actors.c.actor_id,
        descending=descending,
        key_type=str if sort is ActorSort.NAME else int,
    )


def _latest_id(connection: Connection, query: ActorQuery) -> ColumnElement[str]:
    """The id of an actor's latest quote, or of the latest claim where there is no quote, of what was said
    before what was not, and of shreds only where there is nothing else: a few look-ups in an index."""
    wanted = in_period(connection, query)
    s = search.c
    if query.appearances is Appearances.FIRST:
        wanted.append(said_once(query.outlet))

    def newest(*conditions: ColumnElement[bool]) -> ColumnElement[Any]:
        found = select(s.statement_id).where(s.actor_id == actors.c.actor_id, *wanted, *conditions)
        return (
            found.order_by(s.sort_at.desc(), s.statement_id.desc())
            .limit(1)
            .correlate(actors)
            .scalar_subquery()
        )

    said, whole = s.denied.is_not(true()), s.shred.is_not(true())
    quote = s.kind == StatementKind.QUOTE.value
    return func.coalesce(
        newest(quote, said, whole),
        newest(said, whole),
        newest(quote, said),
        newest(said),
        newest(),
        type_=String,
    )
