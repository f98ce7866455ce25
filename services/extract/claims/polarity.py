"""The words of negation, by language: data for :mod:`~services.extract.claims.denial` and :mod:`~services.extract.claims.negation`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files

_WORD = re.compile(r"['’]?[^\W\d_]+(?:['’-][^\W\d_]+)*|\S+")


@dataclass(frozen=True)
class Polarity:
    """Lists of words and phrases, lower case, and the patterns made of them."""

    lists: dict[str, tuple[str, ...]]

    def __getitem__(self, name: str) -> frozenset[str]:
        return self._sets[name]

    @cached_property
    def _sets(self) -> dict[str, frozenset[str]]:
        return {name: frozenset(entries) for name, entries in self.lists.items()}

    def any_of(self, *names: str) -> str:
        """A pattern for any entry of some lists, the longest first."""
        entries = sorted({entry for name in names for entry in self.lists[name]}, key=lambda entry: (-len(entry), entry))
        return "(?:" + "|".join(re.escape(entry).replace(r"\ ", r"\s+") for entry in entries) + ")"

    def negates(self, word: str) -> bool:
        """Whether a word is a negation: ``not``, ``never``, ``didn't``."""
        return word in self["negators"] or word.endswith("n't")


@cache
def polarity(language: str) -> Polarity | None:
    """The words of a language (a primary subtag); None for one whose negations are not known."""
    data = json.loads(files(__package__).joinpath("polarity.json").read_text(encoding="utf-8"))
    lists = data.get(language)
    return None if lists is None else Polarity({name: tuple(entries) for name, entries in lists.items()})


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
