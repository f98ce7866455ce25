"""The words of negation in a language: lists ``polarity_*`` of :mod:`services.extract.lang`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from services.extract.lang import Language, language

BREAKS = frozenset(',;:—–-(“‘"')
"""Marks behind which a clause may begin."""
_WORD = re.compile(r"['’]?[^\W\d_]+(?:['’-][^\W\d_]+)*|\S+")


class Polarity:
    """The lists of a language by their names without the prefix."""

    def __init__(self, words: Language) -> None:
        self._language = words

    def __getitem__(self, name: str) -> frozenset[str]:
        return self._language.words(f"polarity_{name}")

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


def starts_with(words: list[str], phrases: Iterable[str]) -> int:
    """How many words the longest phrase takes that these words begin with; 0 when they begin with none."""
    found = (phrase.split() for phrase in phrases)
    return max((len(phrase) for phrase in found if words[: len(phrase)] == phrase), default=0)


def ends_with(words: list[str], phrases: Iterable[str]) -> int:
    """How many words the longest phrase takes that these words end in; 0 when they end in none."""
    found = (phrase.split() for phrase in phrases)
    return max((len(phrase) for phrase in found if words[-len(phrase) :] == phrase), default=0)
