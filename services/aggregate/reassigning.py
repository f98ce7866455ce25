"""Which statements a reassignment means: those that stand in its words, wherever an article has them now.
Pure.

Ids of statements change with every version of the extractor, and so may their edges. The words are therefore
looked for in the article's text, as annotations on the web are anchored: by the words, and where they stand
more than once by what stood around them (`W3C Web Annotation, text quote selector
<https://www.w3.org/TR/annotation-model/#text-quote-selector>`_).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

SHARE = 0.8
"""Of a statement's code points that must stand in the words: sentences of a quote do, and a quote that
another version cut a little otherwise; an attribution that merely holds the words does not."""

_WORD = re.compile(r"\w+")

Region = tuple[int, int]


def regions(text: str, words: Iterable[Mapping[str, Any]]) -> list[Region]:
    """Where the words stand in a text: none where it does not have them.

    Args:
        words: ``exact``, ``prefix`` and ``suffix`` of each stretch.
    """
    return [found for stretch in words if (found := _region(text, stretch)) is not None]


def stands_in(spans: Sequence[Mapping[str, Any]], found: Iterable[Region]) -> bool:
    """Whether a statement stands in these regions of its text; ``spans`` have ``start`` and ``end``."""
    words = {place for start, end in found for place in range(start, end)}
    own = {place for span in spans for place in range(span["start"], span["end"])}
    return len(own & words) >= SHARE * len(own)


def _region(text: str, stretch: Mapping[str, Any]) -> Region | None:
    """The place of one stretch: of several the one whose surroundings are most alike, of these the first."""
    parts = [re.escape(word) for word in _WORD.findall(stretch["exact"])] or [re.escape(stretch["exact"])]
    # punctuation and white space may have been normalised otherwise
    places = list(re.finditer(r"\W+".join(parts), text, re.IGNORECASE))
    before, after = _WORD.findall(stretch["prefix"])[::-1], _WORD.findall(stretch["suffix"])

    def likeness(place: re.Match[str]) -> tuple[bool, int]:
        cut = any(re.match(r"\w\w", text[edge - 1 : edge + 1]) for edge in place.span() if edge)
        reach = 2 * (len(stretch["prefix"]) + len(stretch["suffix"]))
        left = _WORD.findall(text[max(0, place.start() - reach) : place.start()])[::-1]
        return not cut, _common(left, before) + _common(
            _WORD.findall(text[place.end() : place.end() + reach]), after
        )

    best = max(places, key=likeness, default=None)
    return None if best is None else best.span()


def _common(found: Sequence[str], known: Sequence[str]) -> int:
    """How many words two rows of words begin with alike. The last known one may be cut off."""
    count = 0
    for one, other in zip(found, known, strict=False):
        if one != other:
            break
        count += 1
    return count
