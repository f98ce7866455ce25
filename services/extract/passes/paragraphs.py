"""Paragraphs, and which of them are headings."""

from __future__ import annotations

import re

from services.extract.types import Range

_LINE = re.compile(r"\S(?:[^\n]*\S)?")
_ENDS_SENTENCE = re.compile(r"[.!?…:;,][\"'”’»)\]]*$")
_HEADING = 140  # code points: no headline is longer


def paragraphs(text: str) -> list[Range]:
    """All paragraphs of a normalised text, in order, without white space at their edges."""
    return [Range(*match.span()) for match in _LINE.finditer(text)]


def is_heading(text: str, paragraph: Range) -> bool:
    """Whether a paragraph reads as a heading: short, and without a sentence's end."""
    return paragraph.end - paragraph.start <= _HEADING and not _ENDS_SENTENCE.search(text, paragraph.end - 4, paragraph.end)
