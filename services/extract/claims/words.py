"""The words of a proposition: which stand there, and which stand side by side."""

from __future__ import annotations

import re
from itertools import pairwise

_WORD = re.compile(r"\d[\d,.]*|\w+(?:['’]\w+)?|[?$%]")
_LONGEST = 2_000  # code points that are looked at: sentences do not run longer
_DIGITS = 4  # figures of four digits and more are one word
_EDGES = ("<", ">")


def grams(proposition: str) -> set[str]:
    """The distinct words in lower case and the distinct pairs of neighbours, the two ends included. A figure
    is as many zeros as it has digits: how long it is says whether it is a year, a share or a sum, which one
    it is says nothing of the next sentence."""
    found = _WORD.findall(proposition[:_LONGEST].lower().replace("’", "'"))
    words = [_shape(word) if word[0].isdigit() else word for word in found]
    return {*words, *map(" ".join, pairwise((_EDGES[0], *words, _EDGES[1])))}


def _shape(figure: str) -> str:
    return "0" * min(_DIGITS, sum(letter.isdigit() for letter in figure))
