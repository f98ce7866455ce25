"""What the words of a proposition tell of its check-worthiness: which stand there, which stand side by side, and what they look like."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import NamedTuple

from services.extract.claims.features import NAMES, features

_WORD = re.compile(r"\d[\d,.]*|\w+(?:['’]\w+)?|[?$%]")
_LONGEST = 2_000  # code points that are looked at: sentences do not run longer
_DIGITS = 4  # figures of four digits and more are one word
_EDGES = ("<", ">")


def grams(proposition: str) -> frozenset[str]:
    """The distinct words in lower case and the distinct pairs of neighbours, the two ends included. A figure is as many zeros as it has
    digits: how long it is says whether it is a year, a share or a sum, which one it is says nothing of the next sentence."""
    words = [_shape(word) for word in _WORD.findall(proposition[:_LONGEST].lower().replace("’", "'"))]
    return frozenset(words) | {f"{first} {second}" for first, second in zip((_EDGES[0], *words), (*words, _EDGES[1]), strict=True)}


class Surface(NamedTuple):
    """A logistic regression: ``intercept`` + ``weights`` of features times their values + weights of the ``words`` that stand there."""

    intercept: float
    weights: dict[str, float]
    words: Mapping[str, float]

    def __call__(self, proposition: str) -> float:
        """Log-odds that the proposition is check-worthy."""
        known = self.words
        shown = sum(self.weights[name] * number for name, number in zip(NAMES, features(proposition), strict=True))
        return self.intercept + shown + math.fsum(known[gram] for gram in grams(proposition) if gram in known)


def _shape(word: str) -> str:
    return "0" * min(_DIGITS, sum(letter.isdigit() for letter in word)) if word[0].isdigit() else word
