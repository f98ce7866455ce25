"""What a relative pronoun stands for: “Zelensky, who earlier this week expressed …”."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

from schemas.events import ActorKind
from services.extract.actors.cast import Cast
from services.extract.actors.members import Member
from services.extract.actors.names import WORD
from services.extract.types import Range

_REACH = 80  # code points before the pronoun in which a name must end
_NOUN_PHRASE = 120  # code points of eight words
_AGE_AND_PLACE = re.compile(r"(?:,?\s*(?:\d{1,3}|(?:of|from|in)\s+(?:the\s+)?|\([^()]{0,40}\)|[A-Z][\w.’'-]*))+[,\s]*")
_CLAUSE = re.compile(
    r"(?:is|are|was|were|be|been|has|have|had|said|says|told|and|but|or|that|if|when|by|to|from|with|for|at|in|on|as|than|because|after|before|of|among|including|like)"
)


def antecedent(text: str, pronoun: Range, cast: Cast, starts: Sequence[int]) -> Member | Range | None:
    """Whoever is named right before a pronoun, else the noun phrase there, else None. ``starts``: where the sentences begin."""
    before = re.search(r"[,\s]*(?:\([^()]{1,40}\)[,\s]*)?$", text[max(0, pronoun.start - 60) : pronoun.start])
    end = pronoun.start - (len(before.group()) if before else 0)
    near = cast.within(Range(max(0, end - _REACH), end))
    if near:
        at, member = near[-1]
        if at.end >= end - 2 and (member.kind is ActorKind.PERSON or text[slice(*pronoun)].lower() != "who"):
            return member
    person = next(((at, member) for at, member in reversed(near) if member.kind is ActorKind.PERSON), None)
    # “Rawlings, 45, of Bowie, Md., who”: nothing but age and place between the name and the pronoun
    if person is not None and _AGE_AND_PLACE.fullmatch(text[person[0].end : end]):
        return person[1]
    return _noun_phrase(text, end, starts)


def _noun_phrase(text: str, end: int, starts: Sequence[int]) -> Range | None:
    index = bisect_right(starts, max(0, end - 1)) - 1
    begin = max(starts[index] if index >= 0 else 0, end - _NOUN_PHRASE)
    window = text[begin:end]
    start: int | None = None
    for count, match in enumerate(reversed(list(WORD.finditer(window)))):
        gap = window[match.end() : (begin + len(window) if start is None else start) - begin]
        if count and (gap.strip(" .") or _CLAUSE.fullmatch(match.group().lower())):
            break
        if count > 7:
            break
        start = begin + match.start()
        if match.group().lower() in ("the", "a", "an", "some", "many", "those", "several"):
            break
    return Range(start, end) if start is not None else None
