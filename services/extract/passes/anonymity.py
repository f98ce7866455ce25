"""“…, who declined to be named”: that somebody is not named is the reporter's note, and nobody's words."""

from __future__ import annotations

import re

from services.extract.types import Attribution

_ASKS = re.compile(r"\b(?:declin|refus|ask|request|wish|want|prefer|demand|insist|agree|spoke|speak|talk|comment)\w*", re.IGNORECASE)
_UNNAMED = re.compile(
    r"(?:not\s+)?(?:to\s+)?(?:be\s+)?(?:named|identified)\b"
    r"|(?:not\s+)?(?:to\s+)?(?:give|disclose|reveal|provide|have)\s+(?:(?:his|her|their|a)\s+)?(?:\w+\s+)?names?\b"
    r"|that\s+(?:his|her|their)\s+(?:\w+\s+)?names?\s+not\s+be\b"
    r"|(?:to\s+(?:remain|stay|be|speak)\s+)?(?:on\s+(?:the\s+)?condition\s+of\s+)?anonym(?:ous(?:ly)?|ity)\b",
    re.IGNORECASE,
)


def is_note_on_name(text: str, attribution: Attribution) -> bool:
    """Whether all that is reported is that the source is not to be named."""
    cue, first = attribution.cue, attribution.content[0]
    if cue is None or first.start < cue.start or not _ASKS.search(text, *cue):
        return False
    return _UNNAMED.match(text, *first) is not None
