"""A search as each database understands it, and as a text is held against it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    and_,
    cast,
    exists,
    literal,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import TSQUERY

from schemas.events import GAP
from schemas.relational import search, search_words, vocabulary
from schemas.words import ALGORITHMS, NO_LANGUAGE, Word, found, stem
from services.query.search.language import And, Node, Not, Words, everything, leaves

MOST_FORMS = 50
"""Forms of one word: no language of the stemmers has more in use."""

_CODES = (*ALGORITHMS, NO_LANGUAGE)
_SPOKEN = select(*(exists().where(vocabulary.c.language == code) for code in _CODES))
"""Made once: putting it together takes longer than answering it."""


@dataclass(frozen=True, slots=True)
class Match:
    """A search whose words know their other forms. ``forms`` has those of every single word that may vary,
    itself among them."""

    tree: Node
    forms: Mapping[Words, Sequence[str]]

    def condition(
        self, connection: Connection, node: Node | None = None, table: FromClause = search
    ) -> ColumnElement[bool]:
        """Whether a row of :data:`schemas.relational.search` is found, by all of the search or a part of
        it."""
        if connection.dialect.name == "sqlite":
            return table.c.id.in_(select(search_words.c.rowid).where(self._fts5(node)))
        query = cast(literal(_tsquery(node or self.tree, self.forms)), TSQUERY)
        return table.c.vector.op("@@", is_comparison=True)(query)

    def probe(self, connection: Connection, table: FromClause = search) -> ColumnElement[bool]:
        """The same, for rows that are visited one by one because most of them match."""
        if connection.dialect.name == "sqlite":
            return exists().where(search_words.c.rowid == table.c.id, self._fts5(None))
        return self.condition(connection, table=table)

    def _fts5(self, node: Node | None) -> ColumnElement[bool]:
        return literal_column("search_words").op("MATCH", is_comparison=True)(
            literal(_fts5(node or self.tree, self.forms))
        )

    def hits(self, text: str) -> list[tuple[int, int]]:
        """Where words that were looked for stand in a statement's text: start and end (exclusive) of each run
        of them, in code points."""
        runs: list[tuple[int, int]] = []
        start = 0
        for piece in text.split(GAP):
            runs += [(start + first, start + last) for first, last in self._hits(piece)]
            start += len(piece) + len(GAP)
        return runs

    def _hits(self, piece: str) -> list[tuple[int, int]]:
        there = list(found(piece))
        marked: set[int] = set()
        for words in leaves(self.tree):
            for place in self.places(words, [word.text for word in there]):
                marked.update(range(place, place + len(words.tokens)))
        return _runs(there, marked)

    def places(self, words: Words, tokens: Sequence[str]) -> list[int]:
        """Where a word or phrase begins among the words of a text."""
        size, forms = len(words.tokens), self.forms.get(words)
        if forms is not None:
            return [place for place, token in enumerate(tokens) if token in forms]
        head, last = words.tokens[:-1], words.tokens[-1]
        return [
            place
            for place in range(len(tokens) - size + 1)
            if tuple(tokens[place : place + size - 1]) == head
            and (
                tokens[place + size - 1].startswith(last)
                if words.prefix
                else tokens[place + size - 1] == last
            )
        ]


def match_of(connection: Connection, tree: Node) -> Match:
    """The search, with the forms that its words have on record."""
    varying = [
        words
        for words in everything(tree)
        if len(words.tokens) == 1 and not words.verbatim and not words.prefix
    ]
    forms = _forms(connection, {words.tokens[0] for words in varying})
    return Match(tree, {words: forms[words.tokens[0]] for words in varying})


def _forms(connection: Connection, wanted: Iterable[str]) -> dict[str, list[str]]:
    """The words on record with the same stem in a language that has this stem, per word, itself first."""
    given = sorted(wanted)
    found_forms = {word: {word} for word in given}
    v = vocabulary.c
    spoken = connection.execute(_SPOKEN).one()
    codes = [code for code, there in zip(_CODES, spoken, strict=True) if there]
    stems = {(code, stem(code, word)): word for word in given for code in codes}
    if stems:
        same = or_(*(and_(v.language == code, v.stem == root) for code, root in stems))
        rows = connection.execute(select(v.language, v.stem, v.word).where(same)).all()
        roots: dict[tuple[str, str], list[str]] = {}
        for row in rows:
            roots.setdefault((row.language, row.stem), []).append(row.word)
        for word in given:
            for code in codes:
                found_forms[word].update(roots.get((code, stem(code, word)), ()))
    return {word: [word, *sorted(forms - {word})][:MOST_FORMS] for word, forms in found_forms.items()}


def _runs(there: Sequence[Word], marked: Iterable[int]) -> list[tuple[int, int]]:
    """Neighbouring words as one."""
    runs: list[tuple[int, int]] = []
    last = -2
    for place in sorted(marked):
        start, end = there[place].start, there[place].end
        if place == last + 1:
            runs[-1] = (runs[-1][0], max(end, runs[-1][1]))
        else:
            runs.append((start, end))
        last = place
    return runs


def _fts5(node: Node, forms: Mapping[Words, Sequence[str]]) -> str:
    """SQLite's full-text query syntax (https://sqlite.org/fts5.html, section 3)."""
    if isinstance(node, Words):
        if node in forms:
            return f"({' OR '.join(_quoted(form) for form in forms[node])})"
        return f"({_quoted(' '.join(node.tokens))}{' *' if node.prefix else ''})"
    assert not isinstance(node, Not), "the parser lets no search stand that only takes away"
    if isinstance(node, And):
        wanted = " AND ".join(_fts5(part, forms) for part in node.parts if not isinstance(part, Not))
        unwanted = [f" NOT {_fts5(part.part, forms)}" for part in node.parts if isinstance(part, Not)]
        return f"(({wanted}){''.join(unwanted)})"
    return f"({' OR '.join(_fts5(part, forms) for part in node.parts)})"


def _quoted(text: str) -> str:
    # no word of ours holds a quotation mark: for the day that changes
    return '"' + text.replace('"', '""') + '"'


def _tsquery(node: Node, forms: Mapping[Words, Sequence[str]]) -> str:
    """PostgreSQL's text search query (https://www.postgresql.org/docs/current/datatype-textsearch.html)."""
    if isinstance(node, Words):
        if node in forms:
            return f"({' | '.join(_lexeme(form) for form in forms[node])})"
        return f"({' <-> '.join(_lexeme(token) for token in node.tokens)}{':*' if node.prefix else ''})"
    if isinstance(node, Not):
        return f"!{_tsquery(node.part, forms)}"
    joint = " & " if isinstance(node, And) else " | "
    return f"({joint.join(_tsquery(part, forms) for part in node.parts)})"


def _lexeme(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
