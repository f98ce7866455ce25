"""What the words of a proposition tell of its check-worthiness: which stand there, which stand side by side, and what they look like."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from itertools import pairwise
from operator import mul
from typing import NamedTuple

from services.extract.claims.features import features

_WORD = re.compile(r"\d[\d,.]*|\w+(?:['’]\w+)?|[?$%]")
_LONGEST = 2_000  # code points that are looked at: sentences do not run longer
_DIGITS = 4  # figures of four digits and more are one word
_EDGES = ("<", ">")


def grams(proposition: str) -> set[str]:
    """The distinct words in lower case and the distinct pairs of neighbours, the two ends included. A figure is as many zeros as it has
    digits: how long it is says whether it is a year, a share or a sum, which one it is says nothing of the next sentence."""
    found = _WORD.findall(proposition[:_LONGEST].lower().replace("’", "'"))
    words = [_shape(word) if word[0].isdigit() else word for word in found]
    return {*words, *map(" ".join, pairwise((_EDGES[0], *words, _EDGES[1])))}


class Surface(NamedTuple):
    """A logistic regression: ``intercept`` + ``weights`` of the features, in their order, times their values + those of ``words`` there."""

    intercept: float
    weights: dict[str, float]
    words: Mapping[str, float]

    def __call__(self, proposition: str) -> float:
        """Log-odds that the proposition is check-worthy."""
        known = self.words
        shown: float = sum(map(mul, self.weights.values(), features(proposition)))
        return self.intercept + shown + math.fsum([known[gram] for gram in grams(proposition) if gram in known])


def _shape(figure: str) -> str:
    return "0" * min(_DIGITS, sum(letter.isdigit() for letter in figure))
