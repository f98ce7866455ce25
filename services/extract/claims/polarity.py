"""The words of negation in a language: lists ``polarity_*`` of :mod:`services.extract.lang`."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from services.extract.lang import Language, language

BREAKS = frozenset(',;:—–-(“‘"')
"""Marks behind which a clause may begin."""
_WORD = re.compile(r"['’]?[^\W\d_]+(?:['’-][^\W\d_]+)*|\S+")


class Phrases(NamedTuple):
    """The entries of a list, each as its words, and how many the longest has."""

    known: frozenset[tuple[str, ...]]
    longest: int


class Polarity:
    """The lists of a language by their names without the prefix."""

    def __init__(self, words: Language) -> None:
        self._language = words
        self._words: dict[str, frozenset[str]] = {}
        self._phrases: dict[str, Phrases] = {}

    def __getitem__(self, name: str) -> frozenset[str]:
        if name not in self._words:
            self._words[name] = self._language.words(f"polarity_{name}")
        return self._words[name]

    def phrases(self, name: str) -> Phrases:
        """A list whose entries may have several words."""
        if name not in self._phrases:
            known = frozenset(tuple(entry.split()) for entry in self[name])
            self._phrases[name] = Phrases(known, max(map(len, known), default=0))
        return self._phrases[name]

    def any_of(self, name: str) -> str:
        """A pattern for any entry of a list, the longest first."""
        return self._language.any_of(f"polarity_{name}")

    def negates(self, word: str) -> bool:
        """Whether a word is a negation: ``not``, ``never``, ``didn't``."""
        return word in self["negators"] or word.endswith("n't")


@cache
def polarity(code: str) -> Polarity | None:
    """The words of a language (a primary subtag); None for one whose negations are not known."""
    known = Polarity(language(code))
    return known if known["negators"] else None


def words_of(text: str) -> list[str]:
    """The words and marks of a text, lower case, with straight apostrophes."""
    return [word.lower().replace("’", "'") for word in _WORD.findall(text)]


def starts_with(words: list[str], phrases: Phrases) -> int:
    """How many words the longest phrase takes that these words begin with; 0 when they begin with none."""
    lengths = range(min(phrases.longest, len(words)), 0, -1)
    return next((length for length in lengths if tuple(words[:length]) in phrases.known), 0)


def ends_with(words: list[str], phrases: Phrases) -> int:
    """How many words the longest phrase takes that these words end in; 0 when they end in none."""
    lengths = range(min(phrases.longest, len(words)), 0, -1)
    return next((length for length in lengths if tuple(words[-length:]) in phrases.known), 0)
