"""What stands around a name: offices, occupations, and what they say about gender."""

from __future__ import annotations

import re

from services.extract.actors.names import WORD, Gender, bare, gender_of_word, is_role
from services.extract.types import Range
from services.extract.wordlist import words

_TITLE_WORDS_BEFORE = 7  # "Russian Foreign Minister", "Clinton campaign national press secretary": longer is a clause
_REACH = 120  # code points on either side of the name
_WINDOW = 90  # code points that seven words before a name take at most
_ONE_WORD = 25
_APPOSITION = re.compile(r",\s+(?:an?|the|his|her|its|their)?\s*([^,.;:!?“”\"()\n]{3,90}?)(?=,|\.|\bwho\b|\n|$)")
_LEAD = re.compile(r"(?:\b(?:an?|the|his|her|its|their)|[’']s)\s+([^,.;:!?“”\"()\n]{3,90}),\s+$", re.IGNORECASE)
_STOP = words(
    """
    the a an and or but of in on at by for with to from as that than when while if said says told asked called is was
    are were be has have had his her its their our my your this these those between against about after before over
    under into per via like including despite did does do not then who which
    """
)


def words_before(text: str, position: int, limit: int = _TITLE_WORDS_BEFORE) -> list[str]:
    """Up to ``limit`` words right before a position that belong to the same noun phrase, in text order."""
    window = text[max(0, position - (_WINDOW if limit > 1 else _ONE_WORD)) : position]
    found: list[str] = []
    end = len(window)
    for match in reversed(list(WORD.finditer(window))):
        between = window[match.end() : end]
        if between.strip(" .") or "\n" in between or bare(match.group()) in _STOP or len(found) == limit:
            break
        found.insert(0, match.group())
        end = match.start()
    return found


def gender_before(text: str, position: int) -> Gender | None:
    """What the title right before a name says: ``Mr.``, ``Lady``."""
    before = words_before(text, position, 1)
    return gender_of_word(before[0]) if before else None


def roles_around(text: str, span: Range) -> list[str]:
    """The words of the offices and occupations that stand before a name or in apposition to it, lower case."""
    roles = [bare(word) for word in words_before(text, span.start)]
    if not (roles and is_role(roles[-1])):
        roles = []
    after = _APPOSITION.match(text, span.end, span.end + _REACH)
    if after:
        apposed = [bare(match.group()) for match in WORD.finditer(after.group(1))]
        head = _head(apposed)
        if head and is_role(apposed[head - 1]):
            roles += apposed[:head]
    before = _LEAD.search(text, max(0, span.start - _REACH), span.start)
    if before:
        lead = [bare(match.group()) for match in WORD.finditer(before.group(1))]
        head = _head(lead)
        if head and is_role(lead[head - 1]):
            roles += lead  # "an attorney for Pagliano" is found again as "Pagliano’s lawyer"
    return roles


def _head(phrase: list[str]) -> int:
    """How many words the phrase has before its first preposition or verb."""
    return next((index for index, word in enumerate(phrase) if word in _STOP), len(phrase))
