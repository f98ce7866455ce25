"""Asking for statements: one question gives a page, how many there are in all, and what they are made of.

Two ways lead to a page. What few statements answer is gathered from the index of words, and everything is
counted. What so many answer that counting would take seconds (:data:`COUNTED`) is looked for along the index
of time, newest or oldest first: the page is found soon, just because there are so many.

What was said once is found once: by the appearance that leads, and by the next one where that has other
words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    FromClause,
    Select,
    String,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    tuple_,
    type_coerce,
    union_all,
)
from sqlalchemy.sql.selectable import CTE

from schemas.relational import UNDATED, microseconds, search, statements
from services.query.paging import Order, Position
from services.query.records.conditions import said_once, standing
from services.query.search.matching import Match
from services.query.search.relevance import BEHIND, score

COUNTED = 10_000
"""Statements that are counted and broken down; of more it is only said that there are more. Elasticsearch's
limit, too."""
RANKED = 1_000
"""The newest statements found that are looked at when the best answers come first."""
MOST = 10
"""Actors and outlets that a breakdown names."""

MOMENT: ColumnElement[int] = type_coerce(search.c.sort_at, BigInteger)
BEST = Order("statements.relevance", MOMENT, search.c.statement_id, descending=True, key_type=int)
"""Best answers first; the key is no column but :func:`services.query.search.relevance.score`."""

_UNDATED = microseconds(UNDATED)
_DAY = 86_400_000_000
_FIRST_DAY = date(1, 1, 1).toordinal()

Counts = list[tuple[str, int]]
"""Values and how many statements each has."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was found: where the statements of the page stand, in order. ``exact`` is false when there are
    more than ``total``."""

    positions: list[Position]
    total: int
    exact: bool = True
    breakdown: dict[str, Counts] = field(default_factory=dict)
    """By ``actor_id``, ``outlet``, ``kind``, ``stance``, most first, and by ``month``, in order; empty when
    not all were counted."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A search, and what else must be true of a row of :data:`schemas.relational.search`."""

    match: Match
    filters: Sequence[ColumnElement[bool]]
    once: bool
    """Whether each statement is found once, of ``outlet`` by its first appearance there."""
    outlet: str | None

    def conditions(self, connection: Connection, *, probe: bool = False) -> list[ColumnElement[bool]]:
        """All of it; with ``probe`` for rows that are visited one by one, because most of them match."""
        holds = self.match.probe if probe else self.match.condition
        wanted = [holds(connection), *self.filters]
        return [*wanted, self.leads(connection, probe=probe)] if self.once else wanted

    def leads(self, connection: Connection, *, probe: bool = False) -> ColumnElement[bool]:
        """Whether no appearance of the same statement that has the words comes before it."""
        holds = self.match.probe if probe else self.match.condition
        other = search.alias("other")
        same = [
            other.c.appearance_of == search.c.appearance_of,
            *([other.c.outlet == search.c.outlet] if self.outlet else []),
        ]
        earlier = [*same, _place(other) < _place(search), holds(connection, table=other)]
        first = select(literal(1)).where(*earlier).limit(1).correlate(search).scalar_subquery()
        return or_(said_once(self.outlet), first.is_(None))


def _place(table: FromClause) -> ColumnElement[Any]:
    """Appearances of one statement in order: the one that leads, the first of each outlet, the others, by
    time."""
    return tuple_(-standing(table), table.c.sort_at, table.c.statement_id)


def by_time(connection: Connection, asked: Asked, order: Order, after: Position | None, limit: int) -> Found:
    """The first ``limit`` of what is asked for in order of time, from ``after`` on."""
    short = [search.c[name] for name in ("statement_id", "actor_id", "outlet", "kind", "stance")]
    day = ((MOMENT - _UNDATED) // _DAY).label("day")
    matching = select(*short, MOMENT.label("moment"), day).where(*asked.conditions(connection))
    gathered = matching.limit(COUNTED + 1).cte("gathered")
    key = Order(order.name, gathered.c.moment, gathered.c.statement_id, order.descending, int)
    page = select(gathered.c.statement_id, gathered.c.moment).order_by(*key.clauses()).limit(limit)
    page = page.where(key.after(after)) if after is not None else page
    answers: dict[str, list[tuple[Any, int]]] = {}
    for part, value, number in connection.execute(union_all(*_parts(gathered, page))):
        answers.setdefault(part, []).append((value, number))
    ((_, total),) = answers["total"]
    if total > COUNTED:
        return Found(_along(connection, asked, order, after, limit), COUNTED, exact=False)
    positions = [Position(moment, identifier) for identifier, moment in answers.get("page", ())]
    positions.sort(key=lambda position: (position.key, position.identifier), reverse=order.descending)
    return Found(positions, total, breakdown=_breakdown(answers))


def by_relevance(
    connection: Connection, asked: Asked, newest: Order, after: Position | None, limit: int
) -> Found:
    """The best answers first, of the :data:`RANKED` newest; shreds behind all others."""
    found = by_time(connection, asked, newest, None, RANKED)
    ids = [position.identifier for position in found.positions]
    texts = select(statements.c.statement_id, statements.c.words, statements.c.shred).where(
        statements.c.statement_id.in_(ids)
    )
    scored = (
        (score(asked.match, row.words.split()) - (BEHIND if row.shred else 0), row.statement_id)
        for row in connection.execute(texts)
    )
    ranked = sorted(scored, reverse=True)
    if after is not None:
        ranked = [place for place in ranked if place < (after.key, after.identifier)]
    return Found([Position(*place) for place in ranked[:limit]], found.total, found.exact, found.breakdown)


def count(connection: Connection, condition: ColumnElement[bool]) -> int:
    """How many statements meet a condition; :data:`COUNTED` and one for any more."""
    some = select(literal(1)).select_from(search).where(condition).limit(COUNTED + 1).subquery()
    return int(connection.execute(select(func.count()).select_from(some)).scalar_one())


def _along(
    connection: Connection, asked: Asked, order: Order, after: Position | None, limit: int
) -> list[Position]:
    page = (
        select(search.c.statement_id, MOMENT)
        .where(*asked.conditions(connection, probe=True))
        .order_by(*order.clauses())
        .limit(limit)
    )
    page = page.where(order.after(after)) if after is not None else page
    return [Position(moment, identifier) for identifier, moment in connection.execute(page)]


def _parts(gathered: CTE, page: Select[Any]) -> list[Select[Any]]:
    """Rows of ``(part, value, number)``."""
    shown = page.subquery()
    return [
        select(literal("total"), cast(null(), String), func.count()).select_from(gathered),
        select(literal("page"), shown.c.statement_id, shown.c.moment),
        select(literal("day"), cast(gathered.c.day, String), func.count())
        .where(gathered.c.day > 0)
        .group_by(gathered.c.day),
        *(_most(name, gathered.c[name]) for name in ("actor_id", "outlet", "kind", "stance")),
    ]


def _most(name: str, column: Column[Any] | ColumnElement[Any]) -> Select[Any]:
    number = func.count().label("number")
    values = select(column.label("value"), number).where(column.is_not(None)).group_by(column)
    most = values.order_by(number.desc(), column).limit(MOST).subquery()
    return select(literal(name), most.c.value, most.c.number)


def _breakdown(answers: dict[str, list[tuple[Any, int]]]) -> dict[str, Counts]:
    months: Counter[str] = Counter()
    for day, number in answers.get("day", ()):
        months[date.fromordinal(_FIRST_DAY + int(day)).isoformat()[:7]] += number
    found = {
        name: sorted(answers.get(name, ()), key=lambda counted: (-counted[1], counted[0]))
        for name in ("actor_id", "outlet", "kind", "stance")
    }
    return {**found, "month": sorted(months.items())}
