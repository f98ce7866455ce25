"""Whether attributed words stand in quotation marks."""

from __future__ import annotations

import re

from services.extract.types import Range

_MARKED = re.compile(
    "“[^“”\n]*(?:”|$)|\"[^\"\n]*(?:\"|$)|«[^«»\n]*(?:»|$)|„[^“”\n]*(?:[“”]|$)|‘[^‘’\n]*(?:’(?!\\w)|$)|''[^\n]*?''|``[^\n]*?''", re.MULTILINE
)
_WORD = re.compile(r"\w+")


def kind_of(text: str, content: tuple[Range, ...]) -> str:
    """``direct`` when all words of the content stand in quotation marks, ``mixed`` when some do, otherwise ``indirect``."""
    inside = outside = 0
    for part in content:
        line_start = text.rfind("\n", 0, part.start) + 1
        line_end = text.find("\n", part.end)
        stretch = text[line_start : len(text) if line_end < 0 else line_end]
        marked = [match.span() for match in _MARKED.finditer(stretch)]
        for word in _WORD.finditer(text, part.start, part.end):
            place = word.start() - line_start
            if any(start < place < end for start, end in marked):
                inside += 1
            else:
                outside += 1
    if not inside:
        return "indirect"
    return "mixed" if outside else "direct"
