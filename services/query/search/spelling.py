"""What a misspelt word may mean: words that statements or names on record have, and that are written nearly
so."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, exists, func, literal, literal_column, select

from schemas.relational import actor_words, spellings, vocabulary
from services.query.search.finding import count
from services.query.search.language import Words, leaves
from services.query.search.matching import Match

ALIKE = 0.2
"""Share of common trigrams from which on words are compared letter by letter: two letters changed places in a
word of six leave 0.27."""
COMPARED = 300
"""Words that are compared so, those with most in common."""
CHECKED = 5
"""Of these, the nearest, it is asked how often they are on record."""
SHORT = 4
"""Up to so many letters a word may be one slip away, beyond two."""


def offered(connection: Connection) -> bool:
    """Whether the database can look for similar words: PostgreSQL only with the extension pg_trgm."""
    if connection.dialect.name == "sqlite":
        return True
    return bool(connection.execute(select(func.to_regproc("similarity").is_not(None))).scalar_one())


def corrected(connection: Connection, typed: str, match: Match) -> str | None:
    """The search with words in place of those that are nowhere on record; None where there are no such words,
    or nothing like one."""
    if not offered(connection):
        return None
    text, moved = typed, 0
    for words in leaves(match.tree):
        if len(words.tokens) == 1 and words.prefix:
            continue
        better = _better(connection, match, words)
        if better is not None:
            text = text[: words.start + moved] + better + text[words.end + moved :]
            moved += len(better) - (words.end - words.start)
    return text if text != typed else None


def _better(connection: Connection, match: Match, words: Words) -> str | None:
    if count(connection, match.condition(connection, words)):
        return None
    tokens = [token if _weight(connection, token) else _nearest(connection, token) for token in words.tokens]
    if None in tokens or tuple(tokens) == words.tokens:
        return None
    joined = " ".join(token for token in tokens if token is not None)
    return f'"{joined}"' if len(tokens) > 1 else f"={joined}" if words.verbatim else joined


def _nearest(connection: Connection, word: str) -> str | None:
    """The word on record that the fewest slips lead to; of several, the most frequent."""
    most = 1 if len(word) <= SHORT else 2
    near = sorted(
        (slips, other) for other in _similar(connection, word) if 0 < (slips := distance(word, other)) <= most
    )
    checked = [(slips, -_weight(connection, other), other) for slips, other in near[:CHECKED]]
    return next((other for _, weight, other in sorted(checked) if weight), None)


def _weight(connection: Connection, word: str) -> int:
    """How many statements have the word, and whether a name has it."""
    verbatim = Words((word,), verbatim=True, prefix=False, start=0, end=0)
    named = connection.execute(select(exists().where(actor_words.c.word == word))).scalar_one()
    return count(connection, Match(verbatim, {}).condition(connection)) + bool(named)


def _similar(connection: Connection, word: str) -> Sequence[str]:
    if connection.dialect.name == "sqlite":
        padded = f"  {word} "
        trigrams = sorted({padded[place : place + 3] for place in range(len(padded) - 2)})
        wanted = " OR ".join(f'"{trigram}"' for trigram in trigrams)
        condition = literal_column("spellings").op("MATCH", is_comparison=True)(literal(wanted))
        found = (
            select(func.trim(spellings.c.word))
            .where(condition)
            .order_by(literal_column("rank"))
            .limit(COMPARED)
        )
    else:
        connection.execute(select(func.set_config("pg_trgm.similarity_threshold", str(ALIKE), True)))
        # the driver takes %% for the operator %
        alike = vocabulary.c.word.op("%%", is_comparison=True)(literal(word))
        found = (
            select(vocabulary.c.word)
            .where(alike)
            .order_by(func.similarity(vocabulary.c.word, literal(word)).desc())
            .limit(COMPARED)
        )
    return sorted(set(connection.execute(found).scalars()))


def distance(one: str, other: str) -> int:
    """Letters to add, leave out, replace or swap with their neighbour (optimal string alignment)."""
    before: list[int] = []
    line = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        earlier, before, line = before, line, [i]
        for j, b in enumerate(other, 1):
            best = min(before[j] + 1, line[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and b == one[i - 2]:
                best = min(best, earlier[j - 2] + 1)
            line.append(best)
    return line[-1]
