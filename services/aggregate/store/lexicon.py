"""The words there are: those of statements by language and stem, those of the actors' names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from schemas import relational
from schemas.words import NO_LANGUAGE, forms, words
from services.aggregate.store.bulk import chunks, upsert

_vocabulary, _names = relational.vocabulary, relational.actor_words

Form = tuple[str, str, str]
"""Language, stem, word."""


def learn(connection: sa.Connection, found: Iterable[Form]) -> None:
    """Add the words that are new. In one order everywhere and last of all that replicas share: see locks."""
    names = ("language", "stem", "word")
    upsert(connection, _vocabulary, [dict(zip(names, form, strict=True)) for form in sorted(found)])


def name(connection: sa.Connection, touched: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> set[Form]:
    """Let these actors be found by the words of the names in their ``rows``, those without a row by none;
    returns the new words."""
    wanted = {(word, row["actor_id"]) for row in rows for word in words(row["folded"])}
    known: set[tuple[str, str]] = set()
    for chunk in chunks(touched):
        query = sa.select(_names.c.word, _names.c.actor_id).where(_names.c.actor_id.in_(chunk))
        known.update((word, actor) for word, actor in connection.execute(query))
    for word, actor in sorted(known - wanted):
        connection.execute(sa.delete(_names).where(_names.c.word == word, _names.c.actor_id == actor))
    fresh = sorted(wanted - known)
    upsert(connection, _names, [{"word": word, "actor_id": actor} for word, actor in fresh])
    return forms(NO_LANGUAGE, (word for word, _ in fresh))
