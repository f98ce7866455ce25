"""Search over statements and actors: what was found and what it is made of, or why nothing was found and what
may have been meant."""

from __future__ import annotations

from difflib import get_close_matches

from sqlalchemy import ColumnElement, Connection, and_, func, select

from schemas import relational
from schemas.relational import actors, fold
from services.query.models import Counted, Emptiness, Facets, Highlight, SearchAnswer, Suggestion, TermHits
from services.query.params import SearchQuery
from services.query.records import actors as actor_records
from services.query.records import outlets
from services.query.records import statements as statement_records
from services.query.records.conditions import by_actor, said_once
from services.query.search.finding import Asked, Found, count
from services.query.search.language import Words, leaves
from services.query.search.matching import Match, match_of
from services.query.search.spelling import corrected, offered

ACTORS = 10
"""Actors shown beside the statements: who does not find theirs among ten adds a word."""


def search(connection: Connection, query: SearchQuery, limit: int, path: str) -> SearchAnswer:
    """Statements that answer the search, and actors whose names have its words.

    Raises:
        Trouble: 422 when it cannot be read as a search.
    """
    typed = query.q or ""
    tree = statement_records.parsed(typed)
    match = match_of(connection, tree) if tree else None
    page, found = statement_records.found_page(connection, query, match, limit, path)
    people = actor_records.matching(connection, _names(match), ACTORS) if match else []
    empty = match is not None and not found.total
    suggestion = _suggestion(connection, query, match) if match is not None and empty and not people else None
    return SearchAnswer(
        query=typed,
        actors=people,
        statements=page,
        highlights={
            statement.statement_id: [
                Highlight(start=start, end=end) for start, end in match.hits(statement.text)
            ]
            for statement in page.items
            if match is not None
        },
        facets=_facets(connection, found) if found.breakdown and not query.cursor else None,
        suggestion=suggestion,
        explanation=None if found.total or people else _explain(connection, query, match),
    )


def _names(match: Match) -> str:
    return " ".join(token for words in leaves(match.tree) for token in words.tokens)


def _facets(connection: Connection, found: Found) -> Facets:
    counts = found.breakdown
    ids = [actor for actor, _ in counts["actor_id"]]
    known = connection.execute(select(actors.c.actor_id, actors.c.name).where(actors.c.actor_id.in_(ids)))
    names = {row.actor_id: row.name for row in known}

    def counted(name: str) -> list[Counted]:
        return [
            Counted(value=value, name=names.get(value), statements=number) for value, number in counts[name]
        ]

    return Facets(
        actors=counted("actor_id"),
        outlets=counted("outlet"),
        kinds=counted("kind"),
        stances=counted("stance"),
        months=counted("month"),
    )


def _suggestion(connection: Connection, query: SearchQuery, match: Match) -> Suggestion | None:
    better = corrected(connection, query.q or "", match)
    tree = statement_records.parsed(better) if better else None
    if better is None or tree is None:
        return None
    meant = match_of(connection, tree)
    number = _number(connection, query, meant)
    people = actor_records.matching(connection, _names(meant), 1)
    return Suggestion(query=better, statements=number) if number or people else None


def _explain(connection: Connection, query: SearchQuery, match: Match | None) -> Emptiness:
    looked_for = leaves(match.tree) if match else []
    everything = connection.execute(
        select(func.count()).select_from(relational.search).where(*_once(query))
    ).scalar_one()
    forms = match.forms if match else {}
    hits = [
        TermHits(term=_term(words), statements=_number(connection, query, Match(words, forms)))
        for words in looked_for
    ]
    together = _number(connection, query, match) if match else 0
    return Emptiness(
        reason=_reason(connection, query, everything, hits, together),
        terms=hits,
        statements_on_record=everything,
    )


def _once(query: SearchQuery) -> list[ColumnElement[bool]]:
    return [said_once(None)] if query.once else []


def _number(connection: Connection, query: SearchQuery, match: Match) -> int:
    """How many statements answer, whatever the filters."""
    return count(connection, and_(*Asked(match, [], query.once, None).conditions(connection)))


def _term(words: Words) -> str:
    return " ".join(words.tokens) + ("*" if words.prefix else "")


def _reason(
    connection: Connection, query: SearchQuery, everything: int, hits: list[TermHits], together: int
) -> str:
    if not everything:
        return "Nothing is on record yet: no article has come through the pipeline."
    if not hits:
        return "There is nothing to look for: the search holds no letters or digits."
    missing = [hit.term for hit in hits if not hit.statements]
    if missing:
        mute = (
            ""
            if offered(connection)
            else " Similar words cannot be looked for: the database lacks the extension pg_trgm."
        )
        return (
            "Not on record: "
            + ", ".join(f"“{term}”" for term in missing)
            + ". Check the spelling, or leave it out."
            + mute
        )
    if not together:
        return "Each word is on record, but no statement holds all that you ask for. Leave one out."
    return _filtered(connection, query) or (
        f"{together:,} statements hold these words, but none within the filters. Widen or remove them."
    )


def _filtered(connection: Connection, query: SearchQuery) -> str | None:
    """Which filter fits nothing at all."""
    if query.outlet:
        known = outlets.known(connection)
        if not any(fold(outlet) == fold(query.outlet) for outlet in known):
            near = get_close_matches(query.outlet, known, 1)
            return f"No outlet “{query.outlet}” is on record." + (
                f" Did you mean “{near[0]}”?" if near else " Choose one from the list."
            )
    if (
        query.actor
        and not connection.execute(
            select(select(actors.c.actor_id).where(by_actor(query.actor)).exists())
        ).scalar_one()
    ):
        return f"No actor named “{query.actor}” is on record. Check the spelling, or leave it out."
    return None
