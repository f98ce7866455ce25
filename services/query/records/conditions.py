"""Conditions several questions share, on :data:`schemas.relational.search` where they are of statements."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, FromClause, Select, and_, false, func, not_, or_, select

from schemas.relational import UNDATED, Standing, actor_words, actors, identities, search
from schemas.words import words
from services.query.params import Period, SearchQuery, StatementQuery
from services.query.records.outlets import meant

LAST = "\U0010ffff"
"""Sorts after whatever may follow the beginning of a word."""


def named(name: str) -> ColumnElement[bool]:
    """Actors with a name (or several) that has these words, or words that begin so."""
    wanted = words(name)
    if not wanted:
        # only marks and blanks: nothing can match, and "everything matches" would mislead
        return false()
    return and_(*(actors.c.actor_id.in_(_having(word)) for word in wanted))


def _having(word: str) -> Select[tuple[str]]:
    return select(actor_words.c.actor_id).where(actor_words.c.word >= word, actor_words.c.word < word + LAST)


def in_period(connection: Connection, query: Period) -> list[ColumnElement[bool]]:
    """Statements of the days and the outlet asked for. Undated ones are in no period."""
    found: list[ColumnElement[bool]] = []
    start, end = query.bounds
    if start is not None:
        found.append(search.c.sort_at >= start)
    if end is not None:
        found.append(search.c.sort_at < end)
    if query.from_ or query.to:
        found.append(search.c.sort_at > UNDATED)
    if query.outlet:
        found.append(search.c.outlet.in_(meant(connection, query.outlet)))
    return found


def said_once(outlet: str | None) -> ColumnElement[bool]:
    """The appearance that stands for a statement: the first of all, or of an outlet. What an earlier release
    stored stands for itself."""
    least = Standing.OUTLET if outlet else Standing.FIRST
    return standing(search) >= least.value


def standing(table: FromClause) -> ColumnElement[int]:
    """:class:`schemas.relational.Standing` of the rows of :data:`schemas.relational.search`."""
    return func.coalesce(table.c.standing, Standing.FIRST.value)


def denied() -> ColumnElement[bool]:
    """Statements of what their actor did not say; of quotes of releases before nobody knows."""
    return func.coalesce(search.c.denied, search.c.negated, false())


def of_statements(connection: Connection, query: StatementQuery) -> list[ColumnElement[bool]]:
    """Everything a list of statements can be narrowed by, but the words looked for, and whether each is
    listed once."""
    found = in_period(connection, query)
    if query.kind:
        found.append(search.c.kind == query.kind.value)
    if query.subkind:
        found.append(search.c.subkind == query.subkind.value)
    if query.stance:
        found.append(search.c.stance == query.stance.value)
    if query.negated is not None:
        found.append(denied() if query.negated else not_(denied()))
    if query.min_confidence is not None:
        found.append(search.c.confidence >= query.min_confidence)
    if query.min_source_confidence is not None:
        # a source is at least as sure as words and source together, which is all that earlier extractors said
        found.append(
            func.coalesce(search.c.source_confidence, search.c.confidence) >= query.min_source_confidence
        )
    if isinstance(query, SearchQuery) and query.actor:
        found.append(search.c.actor_id.in_(select(actors.c.actor_id).where(by_actor(query.actor))))
    return found


def by_actor(actor: str) -> ColumnElement[bool]:
    """The actor with this id, which may have become another's, and those who are named so."""
    redirected = select(identities.c.actor_id).where(identities.c.identity_id == actor)
    return or_(actors.c.actor_id == actor, actors.c.actor_id.in_(redirected), named(actor))
