"""Search over statements and actors, and why nothing was found."""

from __future__ import annotations

from sqlalchemy import Connection, and_, case, func, select, true

from schemas.relational import statements
from services.query.models import Emptiness, SearchAnswer, TermHits
from services.query.params import SearchQuery
from services.query.records import actors as actor_records
from services.query.records import statements as statement_records
from services.query.records.conditions import contains, on_record, terms

ACTORS = 10
"""Actors shown beside the statements: who does not find theirs among ten adds a word."""


def search(connection: Connection, query: SearchQuery, limit: int, path: str) -> SearchAnswer:
    """Statements that hold every word, and actors whose names do."""
    words = terms(query.q)
    found = statement_records.page(connection, query, limit, path)
    people = actor_records.matching(connection, words, ACTORS)
    return SearchAnswer(
        query=query.q or "",
        actors=people,
        statements=found,
        explanation=None if found.total or people else _explain(connection, query, words),
    )


def _explain(connection: Connection, query: SearchQuery, words: list[str]) -> Emptiness:
    columns = [contains(statements.c.folded, word) for word in words]
    # all figures in one pass over the table; count leaves out the nulls that CASE gives for the others
    figures = select(
        func.count(),
        func.count(case((and_(true(), *columns), 1))),
        *(func.count(case((column, 1))) for column in columns),
    ).where(on_record(scan=True))
    everything, together, *each = connection.execute(figures).one()
    hits = [TermHits(term=word, statements=count) for word, count in zip(words, each, strict=True)]
    return Emptiness(reason=_reason(query, everything, hits, together), terms=hits, statements_on_record=everything)


def _reason(query: SearchQuery, everything: int, hits: list[TermHits], together: int) -> str:
    if not everything:
        return "Nothing is on record yet: no article has come through the pipeline."
    if not hits:
        return "There is nothing to look for: the search holds no letters or digits."
    missing = [hit.term for hit in hits if not hit.statements]
    if missing:
        return "Not on record: " + ", ".join(f"“{term}”" for term in missing) + ". Check the spelling, or leave it out."
    if together:
        return f"{together} statements hold these words, but none within the filters. Widen or remove them."
    return "Each word is on record, but no statement holds all of them. Leave one out."
