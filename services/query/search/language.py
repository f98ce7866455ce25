"""The query language.

- ``bridge reopen``: both words, in any of their forms (``reopened``);
- ``"bridge will reopen"``: these very words, side by side; ``=reopen`` the very word;
- ``bridge OR tunnel``, ``bridge AND tunnel``, ``bridge NOT tunnel``, ``bridge -tunnel``, with ``( )`` to
  group. NOT binds closest, then AND, then OR. In small letters these are words like any other;
- ``reop*``: words that begin so.

Case and accents make no difference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from schemas.words import words

MOST_WORDS = 32
"""Words and phrases of one search: more are pasted by mistake, and each costs a look into the index."""
DEEPEST = 16
"""Parentheses within parentheses."""
SHORTEST_PREFIX = 2

OPEN = "A parenthesis is open: add “)” where the group ends."

QUOTES = '"“”„‟«»＂'

_TOKEN = re.compile(
    rf"\s*(?:(?P<mark>[()])|(?P<exact>=?)(?P<open>[{QUOTES}])(?P<phrase>[^{QUOTES}]*)(?P<close>[{QUOTES}]?)(?P<star>\*?)"
    rf"|(?P<word>[^\s(){QUOTES}]+))"
)


class Mistake(Exception):
    """What was typed cannot be read as a search; the message says why, in plain words, and what to do."""


@dataclass(frozen=True, slots=True)
class Words:
    """A word, or several side by side, folded. ``start`` to ``end`` is where they stand in what was typed."""

    tokens: tuple[str, ...]
    verbatim: bool
    """Only as written, not in other forms."""
    prefix: bool
    """The last one may go on."""
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Not:
    """Without what is in ``part``."""

    part: Node


@dataclass(frozen=True, slots=True)
class And:
    """All parts; at least one of them is no :class:`Not`."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of the parts; none of them is a :class:`Not`."""

    parts: tuple[Node, ...]


Node = Words | And | Or | Not


def parse(query: str) -> Node | None:
    """The tree of a search; None when it holds no letters or digits.

    Raises:
        Mistake: it cannot be read.
    """
    tree = _Parser(query).tree()
    if isinstance(tree, Not):
        raise Mistake("NOT only takes away from what is found: give at least one word to look for.")
    return tree


def leaves(node: Node | None) -> list[Words]:
    """The words and phrases looked for, in the order typed; those after a NOT left out."""
    if isinstance(node, Words):
        return [node]
    if node is None or isinstance(node, Not):
        return []
    return [words for part in node.parts for words in leaves(part)]


def everything(node: Node | None) -> list[Words]:
    """All words and phrases, those after a NOT too."""
    if isinstance(node, Not):
        return everything(node.part)
    if isinstance(node, And | Or):
        return [words for part in node.parts for words in everything(part)]
    return [] if node is None else [node]


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    """``(``, ``)``, ``AND``, ``OR``, ``NOT``, ``words``, or ``end``."""
    words: Words | None = None


class _Parser:
    """Recursive descent; a query is short."""

    def __init__(self, query: str) -> None:
        self._tokens = list(_tokens(query))
        self._place = 0
        self._depth = 0
        if sum(token.words is not None for token in self._tokens) > MOST_WORDS:
            raise Mistake(f"At most {MOST_WORDS} words and phrases fit into one search: leave some out.")

    def tree(self) -> Node | None:
        """All of it."""
        if self._kind == "end":
            return None
        found = self._either()
        if self._kind == ")":
            raise Mistake(
                "There is a closing parenthesis without an opening one: remove it, or add “(” before."
            )
        return found

    @property
    def _kind(self) -> str:
        return self._tokens[self._place].kind

    def _either(self) -> Node:
        parts = [self._both()]
        while self._kind == "OR":
            self._place += 1
            parts.append(self._both())
        if len(parts) == 1:
            return parts[0]
        if any(isinstance(part, Not) for part in parts):
            raise Mistake(
                "On each side of OR there must be something to look for: NOT alone would find nearly"
                " everything."
            )
        return Or(tuple(parts))

    def _both(self) -> Node:
        parts = [self._one()]
        while self._kind in ("AND", "NOT", "words", "("):
            self._place += self._kind == "AND"
            parts.append(self._one())
        if len(parts) > 1 and all(isinstance(part, Not) for part in parts):
            raise Mistake("NOT only takes away from what is found: give at least one word to look for.")
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _one(self) -> Node:
        token = self._tokens[self._place]
        if token.kind in ("AND", "OR"):
            raise Mistake(
                f"{token.kind} stands between two words; to look for the word itself, write it in small"
                " letters."
            )
        if token.kind in (")", "end"):
            if token.kind == "end" and self._depth:
                raise Mistake(OPEN)
            before = self._tokens[self._place - 1].kind if self._place else "("
            missing = "Between the parentheses" if before == "(" else f"After {before}"
            raise Mistake(f"{missing} something to look for is missing.")
        self._place += 1
        if token.kind == "NOT":
            part = self._one()
            return part.part if isinstance(part, Not) else Not(part)
        if token.kind == "(":
            return self._group()
        assert token.words is not None, "what is left are words"
        return token.words

    def _group(self) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            raise Mistake(f"At most {DEEPEST} parentheses fit into each other.")
        inside = self._either()
        if self._kind != ")":
            raise Mistake(OPEN)
        self._place += 1
        self._depth -= 1
        return inside


def _tokens(query: str) -> Iterator[_Token]:
    for match in _TOKEN.finditer(query):
        if match["mark"]:
            yield _Token(match["mark"])
        elif match["open"]:
            yield from _phrase(match)
        elif match["word"]:
            yield from _word(match["word"], match.start("word"))
    yield _Token("end")


def _phrase(match: re.Match[str]) -> Iterator[_Token]:
    if not match["close"]:
        raise Mistake("A quotation mark is open: add another one where the phrase ends.")
    if match["star"]:
        raise Mistake(
            "An asterisk goes on a single word, not on a phrase: leave it out, or take the word out of the"
            " phrase."
        )
    tokens = tuple(words(match["phrase"]))
    if tokens:
        yield _Token(
            "words", Words(tokens, verbatim=True, prefix=False, start=match.start("exact"), end=match.end())
        )


def _word(raw: str, start: int) -> Iterator[_Token]:
    if raw in ("AND", "OR", "NOT"):
        yield _Token(raw)
        return
    taken_away = raw.startswith("-")
    bare = raw.removeprefix("-")
    verbatim = bare.startswith("=")
    prefix = bare.endswith("*")
    bare = bare.removeprefix("=").removesuffix("*")
    tokens = tuple(words(bare))
    if "*" in bare.strip("*") or (prefix and not tokens):
        raise Mistake(f"“{raw}”: an asterisk stands at the end of a word, for whatever may follow (reop*).")
    if prefix and len(tokens[-1]) < SHORTEST_PREFIX:
        raise Mistake(f"“{raw}”: give at least {SHORTEST_PREFIX} letters before an asterisk.")
    if tokens:
        if taken_away:
            yield _Token("NOT")
        yield _Token("words", Words(tokens, verbatim, prefix, start + taken_away, start + len(raw)))
