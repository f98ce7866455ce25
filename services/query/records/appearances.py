"""Where one statement is told, and when else its actor said the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, and_, func, select

from schemas.events import GAP
from schemas.relational import Standing, documents, search, shingles, statements
from services.chassis.wording import Tolerance, Words, alike, joined, words_in
from services.query.difference import parts
from services.query.models import Appearance, ArticleLink, Repetition, WordingPart

MOST = 200
"""Appearances that are shown: more than one reads."""
MOST_REPETITIONS = 50
CANDIDATES = 500
"""Wordings that are compared with a statement's at most, those that share most words first."""
_SAME = Tolerance(share=0.7, edited=0.25)
"""How far the words may lie apart that somebody says again."""
_LEAST = 5
"""Words that are said again at least: fewer are names and turns of speech."""


@dataclass(frozen=True, slots=True)
class Told:
    """How often a statement is told."""

    articles: int
    outlets: int


def told(connection: Connection, groups: Sequence[str]) -> dict[str, Told]:
    """How often each statement is told, by its first appearance."""
    # by the search index, which holds what is on record: asked for that, too, SQLite goes through all of it
    s = search.c
    query = select(s.appearance_of, func.count(s.article_id.distinct()), func.count(s.outlet.distinct()))
    query = query.where(s.appearance_of.in_(sorted(set(groups)))).group_by(s.appearance_of)
    return {group: Told(articles, outlets) for group, articles, outlets in connection.execute(query)}


def of(connection: Connection, row: Row[Any]) -> list[Appearance]:
    """The appearances of a statement; ``row`` is any of them, joined with its article's."""
    wanted = select(statements, documents.c.title, documents.c.url).join(
        documents, documents.c.article_id == statements.c.article_id
    )
    group = row.appearance_of or row.statement_id
    together = select(search.c.statement_id).where(search.c.appearance_of == group)
    here = (
        statements.c.statement_id.in_(together) if row.appearance_of else statements.c.statement_id == group
    )
    order = (
        statements.c.statement_id != group,
        statements.c.sort_at,
        statements.c.article_id,
        statements.c.statement_id,
    )
    rows = connection.execute(wanted.where(here, statements.c.on_record).order_by(*order).limit(MOST)).all()
    whole = max(rows, key=lambda found: len(found.text)).text
    return [
        Appearance(
            statement_id=found.statement_id,
            kind=found.kind,
            subkind=found.subkind,
            text=found.text,
            wording=[WordingPart(text=part.text, shared=part.shared) for part in parts(found.text, whole)],
            confidence=found.confidence,
            article=article_of(found),
        )
        for found in rows
    ]


def longest(places: Sequence[Appearance]) -> Appearance:
    """The appearance with the most words."""
    return max(places, key=lambda place: len(place.text))


def article_of(row: Row[Any]) -> ArticleLink:
    """The article of a row that is joined with it."""
    return ArticleLink(
        article_id=row.article_id,
        revision=row.revision,
        url=row.url,
        outlet=row.outlet,
        title=row.title,
        language=row.language,
        published_at=row.published_at,
    )


def said_again(connection: Connection, row: Row[Any], places: Sequence[Appearance]) -> list[Repetition]:
    """Other statements of the actor that say the same in nearly the same words: same numbers, same
    polarity."""
    own, other = shingles.alias("own"), shingles.alias("other")
    here = select(statements.c.wording).where(
        statements.c.statement_id.in_([place.statement_id for place in places])
    )
    sharing = select(other.c.wording, func.count().label("shared")).select_from(
        own.join(other, own.c.shingle == other.c.shingle)
    )
    sharing = (
        sharing.where(own.c.wording.in_(here))
        .group_by(other.c.wording)
        .order_by(func.count().desc())
        .limit(CANDIDATES)
    )
    near = sharing.subquery("near")
    query = select(statements.c.text, statements.c.appearance_of).join(
        near, near.c.wording == statements.c.wording
    )
    query = query.where(and_(statements.c.on_record, statements.c.appearance_of != row.appearance_of))
    said = [_pieces(place.text) for place in places]
    groups = {
        found.appearance_of
        for found in connection.execute(query)
        if any(is_again(pieces, _pieces(found.text)) for pieces in said)
    }  # fmt: skip
    leads = select(statements).where(
        statements.c.statement_id.in_(groups), statements.c.standing == Standing.FIRST.value
    )
    rows = connection.execute(
        leads.order_by(statements.c.sort_at.desc(), statements.c.statement_id).limit(MOST_REPETITIONS)
    ).all()
    where = told(connection, [found.statement_id for found in rows])
    return [
        Repetition(
            statement_id=found.statement_id,
            text=found.text,
            published_at=found.published_at,
            articles=where[found.statement_id].articles,
        )
        for found in rows
    ]


def is_again(one: Sequence[Words], other: Sequence[Words]) -> bool:
    """Whether two wordings of an actor, each in its pieces, say the same."""
    return min(len(joined(one)), len(joined(other))) >= _LEAST and alike(one, other, _SAME)


def _pieces(text: str) -> tuple[Words, ...]:
    return tuple(filter(None, (words_in(piece) for piece in text.split(GAP.strip()))))
