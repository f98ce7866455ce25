"""“…, who declined to be named”: that somebody is not named is the reporter's note, and nobody's words."""

from __future__ import annotations

import re
from functools import cache

from services.extract.lang import ENGLISH, Language
from services.extract.types import Attribution


@cache
def _asks(language: Language) -> re.Pattern[str]:
    return re.compile(rf"\b{language.patterns('anonymity_requests')}\w*", re.IGNORECASE)


@cache
def _unnamed(language: Language) -> re.Pattern[str]:
    return re.compile(language.patterns("anonymity_notes"), re.IGNORECASE)


def is_note_on_name(text: str, attribution: Attribution, language: Language = ENGLISH) -> bool:
    """Whether all that is reported is that the source is not to be named."""
    cue, first = attribution.cue, attribution.content[0]
    if cue is None or first.start < cue.start or not _asks(language).search(text, *cue):
        return False
    return _unnamed(language).match(text, *first) is not None
