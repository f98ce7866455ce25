"""Paragraphs, and which of them are headings."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable

from services.extract.types import Range

_LINE = re.compile(r"\S(?:[^\n]*\S)?")
_ENDS_SENTENCE = re.compile(r"[.!?…:;,][\"'”’»)\]]*$")
_HEADING = 140  # code points: no headline is longer
_WORD = re.compile(r"[^\W\d_]+")
_SMALL = 3  # letters of the words that keep small ones in a headline: “of the”, “for”
_MOSTLY = 0.75  # of the longer words; a style sheet keeps some more small: “with”, “from”


def paragraphs(text: str) -> list[Range]:
    """All paragraphs of a normalised text, in order, without white space at their edges."""
    return [Range(*match.span()) for match in _LINE.finditer(text)]


def is_heading(text: str, paragraph: Range) -> bool:
    """Whether a paragraph reads as a heading: short, and without a sentence's end."""
    return paragraph.end - paragraph.start <= _HEADING and not _ENDS_SENTENCE.search(
        text, paragraph.end - 4, paragraph.end
    )


def is_title_case(text: str, span: Range) -> bool:
    """Whether the words of a stretch are written with capitals, as in an English headline; small ones need
    not be."""
    long = [word for word in _WORD.findall(text, *span) if len(word) > _SMALL]
    return len(long) > 1 and sum(word[0].isupper() for word in long) >= _MOSTLY * len(long)


def headings(text: str) -> Callable[[Range], bool]:
    """Whether a span of a text stands in a heading, where capitals do not tell names from other words."""
    found = [place for place in paragraphs(text) if is_heading(text, place) or is_title_case(text, place)]
    starts = [place.start for place in found]

    def holds(span: Range) -> bool:
        index = bisect_right(starts, span.start) - 1
        return index >= 0 and span.end <= found[index].end

    return holds
