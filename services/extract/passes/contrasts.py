"""“Contrary to what Brook said, the count was fair”: what stands in contrast to somebody's words is not what
he said."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

from services.extract.claims.polarity import polarity
from services.extract.types import Attribution

_LONGEST_LEAD = 160  # code points from the contrast to the reporting words: one clause
_LONGEST_TAIL = 120  # and from these to the comma
_TAIL = re.compile(r"[^,;.!?\n]*,")
_MARKS = frozenset("“\"‘'«")  # what he is quoted with, he did say: “Despite what Brook called ‘a theft’, …”


def without_contrast(text: str, attribution: Attribution) -> Attribution | None:
    """The attribution without what its words are held against, which stands behind the comma; None where
    nothing else is left."""
    cue = attribution.cue
    if cue is None:
        return attribution
    match = _lead().search(text, max(0, cue.start - _LONGEST_LEAD), cue.start)
    tail = _TAIL.match(text, cue.end, cue.end + _LONGEST_TAIL) if match is not None else None
    if match is None or tail is None:
        return attribution
    # “whatever his views of the plan, …”: here it is no object of the reporting words
    if match["whatever"] and all(cue.end <= piece.start < tail.end() for piece in attribution.content):
        return attribution
    content = tuple(
        piece
        for piece in attribution.content
        if cue.end <= piece.start < tail.end() and text[piece.start] in _MARKS
    )
    return replace(attribution, content=content) if content else None


@cache
def _lead() -> re.Pattern[str]:
    known = polarity("en")
    assert known is not None, "the words of English are shipped"
    begins = r"(?:^|(?<=[\n.!?;,“\"]\s)|(?<=\n)|(?<=\band\s)|(?<=\bbut\s))"
    held_against = rf"(?:{known.any_of('contrasts')}|(?P<whatever>{known.any_of('indifferent')}))"
    return re.compile(rf"{begins}{held_against}\s+[^,;.!?\n]*$", re.IGNORECASE)
