"""Conditions several questions share."""

from __future__ import annotations

import re

from sqlalchemy import Column, ColumnElement, false, func, not_

from schemas.relational import UNDATED, Standing, fold, statements
from services.query.params import Period, StatementQuery

MAX_TERMS = 16
"""More words only cost time: each is one more scan of the text."""


def terms(query: str | None) -> list[str]:
    """The words and the "quoted phrases" of a search, folded, each once."""
    if not query:
        return []
    found = (fold(phrase or word) for phrase, word in re.findall(r'["“”„]([^"“”„]*)["“”„]?|([^\s"“”„]+)', query))
    return list(dict.fromkeys(term for term in found if term))[:MAX_TERMS]


def contains(column: Column[str], term: str) -> ColumnElement[bool]:
    """Whether a folded column holds a folded term, letter by letter."""
    return column.contains(term, autoescape=True)


def holding(column: Column[str], query: str | None) -> list[ColumnElement[bool]]:
    """Whether a folded column holds every word and phrase of ``query``."""
    words = terms(query)
    if query and not words:
        # only marks and blanks: nothing can match, and "everything matches" would mislead
        return [false()]
    return [contains(column, word) for word in words]


def on_record(*, scan: bool) -> ColumnElement[bool]:
    """Statements on record.

    ``scan`` says the same in words no index answers to: reading the whole table in its own order is six times as fast as
    visiting every row of it by way of an index, which SQLite would choose (96,000 statements: 55 instead of 320 ms).
    """
    return statements.c.on_record.is_not(false()) if scan else statements.c.on_record


def in_period(query: Period, *, scan: bool = False) -> list[ColumnElement[bool]]:
    """Statements on record of the days and the outlet asked for. Undated ones are in no period."""
    found: list[ColumnElement[bool]] = [on_record(scan=scan)]
    start, end = query.bounds
    if start is not None:
        found.append(statements.c.sort_at >= start)
    if end is not None:
        found.append(statements.c.sort_at < end)
    if query.from_ or query.to:
        found.append(statements.c.sort_at > UNDATED)
    if query.outlet:
        found.append(statements.c.outlet == query.outlet)
    return found


def said_once(outlet: str | None) -> ColumnElement[bool]:
    """The appearance that stands for a statement: the first of all, or of an outlet. What an earlier release stored stands for itself."""
    least = Standing.OUTLET if outlet else Standing.FIRST
    return func.coalesce(statements.c.standing, Standing.FIRST.value) >= least.value


def denied() -> ColumnElement[bool]:
    """Statements of what their actor did not say; of quotes of releases before nobody knows."""
    return func.coalesce(statements.c.denied, statements.c.negated, false())


def of_statements(query: StatementQuery, *, scan: bool = False) -> list[ColumnElement[bool]]:
    """Everything a list of statements can be narrowed by."""
    found = in_period(query, scan=scan)
    if query.kind:
        found.append(statements.c.kind == query.kind.value)
    if query.subkind:
        found.append(statements.c.subkind == query.subkind.value)
    if query.stance:
        found.append(statements.c.stance == query.stance.value)
    if query.negated is not None:
        found.append(denied() if query.negated else not_(denied()))
    if query.min_confidence is not None:
        found.append(statements.c.confidence >= query.min_confidence)
    if query.min_source_confidence is not None:
        # a source is at least as sure as words and source together, which is all that earlier extractors said
        found.append(func.coalesce(statements.c.source_confidence, statements.c.confidence) >= query.min_source_confidence)
    if query.once:
        found.append(said_once(query.outlet))
    found.extend(holding(statements.c.folded, query.q))
    return found
