"""Page furniture: lines that stand between paragraphs without being part of the article."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from services.extract.lang import ENGLISH, Language

_URL = re.compile(r"<?(?:https?://|www\.)\S+>?[.,;]?", re.IGNORECASE)
# Whole lines that are furniture in any language: rights, a mail address, numbers of pages, rules.
_SIGNS = r"©.{0,120}|e-?mail: ?[^\s@]+@\S+|\d+ ?/ ?\d+|[-–—_=*~·•#.\s]{3,}"


class _Patterns(NamedTuple):
    notice: re.Pattern[str]
    """Whole lines, with nothing after them."""
    pointer: re.Pattern[str]
    """A label and what it points to."""


@cache
def _patterns(language: Language) -> _Patterns:
    return _Patterns(
        notice=re.compile(
            rf"(?:[-•*·]\s*)?(?:{language.patterns('furniture_notices')}|{_SIGNS})", re.IGNORECASE
        ),
        pointer=re.compile(rf"{language.patterns('furniture_pointers')}\s*:.*", re.IGNORECASE),
    )


def is_furniture(line: str, language: Language = ENGLISH) -> bool:
    """Whether a whole line is page furniture: a bare address, an advertisement notice, a pointer to another
    article."""
    return bool(
        _URL.fullmatch(line) or _patterns(language).notice.fullmatch(line) or is_pointer(line, language)
    )


def is_pointer(line: str, language: Language = ENGLISH) -> bool:
    """Whether a line opens a pointer to another article (``Related article: …``), which may run over several
    lines."""
    return bool(_patterns(language).pointer.fullmatch(line))
