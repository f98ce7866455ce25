"""What stands around a name: offices, occupations, and what they say about gender."""

from __future__ import annotations

import re

from services.extract.actors.names import WORD, Gender, bare, gender_of_word, is_role, is_title
from services.extract.actors.tokens import Tokens
from services.extract.types import Range
from services.extract.wordlist import words

# "Russian Foreign Minister", "Clinton campaign national press secretary": longer is a clause
_TITLE_WORDS_BEFORE = 7
_REACH = 120  # code points on either side of the name
_NEAR = 8  # code points that a comma and the white space after it take at most
_APPOSITION = re.compile(
    r",\s+(?:an?|the|his|her|its|their)?\s*([^,.;:!?“”\"()\n]{3,90}?)(?=,|\.|\bwho\b|\n|$)"
)
_LEAD = re.compile(
    r"(?:\b(?:an?|the|his|her|its|their)|[’']s)\s+([^,.;:!?“”\"()\n]{3,90}),\s+$", re.IGNORECASE
)
_STOP = words("""
    the a an and or but of in on at by for with to from as that than when while if said says told asked called is was
    are were be has have had his her its their our my your this these those between against about after before over
    under into per via like including despite did does do not then who which
    """)
_BEFORE_TITLES = words(
    "former then acting interim incoming outgoing deputy vice assistant senior retired late state ex"
)


def words_before(tokens: Tokens, position: int, limit: int = _TITLE_WORDS_BEFORE) -> list[str]:
    """Up to ``limit`` words right before a position that belong to the same noun phrase, in text order."""
    found: list[str] = []
    number = tokens.before(position)
    end = position
    while number >= 0 and len(found) < limit:
        between = tokens.text[tokens.ends[number] : end]
        word = tokens[number]
        if (between != " " and between.strip(" .")) or bare(word) in _STOP:
            break
        found.append(word)
        end = tokens.starts[number]
        number -= 1
    found.reverse()
    return found


def gender_before(tokens: Tokens, position: int) -> Gender | None:
    """What the title right before a name says: ``Mr.``, ``Lady``."""
    before = words_before(tokens, position, 1)
    return gender_of_word(before[0]) if before else None


def honorific_before(tokens: Tokens, position: int) -> str | None:
    """The title right before a name that says whether it is a man or a woman, as it is written: ``Mr``,
    ``Lady``."""
    before = words_before(tokens, position, 1)
    return (
        before[0]
        if before and before[0][0].isupper() and is_title(before[0]) and gender_of_word(before[0])
        else None
    )


def roles_around(tokens: Tokens, span: Range) -> list[str]:
    """The words of the offices and occupations that stand before a name or in apposition to it, lower
    case."""
    text = tokens.text
    before_name = words_before(tokens, span.start)
    roles = _office(before_name) if before_name and is_role(before_name[-1]) else []
    after = _APPOSITION.match(text, span.end, span.end + _REACH)
    if after:
        apposed = [bare(match.group()) for match in WORD.finditer(after.group(1))]
        head = _head(apposed)
        if head and is_role(apposed[head - 1]):
            roles += apposed[:head]
    comma = text[max(0, span.start - _NEAR) : span.start].rstrip().endswith(",")
    before = _LEAD.search(text, max(0, span.start - _REACH), span.start) if comma else None
    if before:
        lead = [bare(match.group()) for match in WORD.finditer(before.group(1))]
        head = _head(lead)
        if head and is_role(lead[head - 1]):
            roles += lead  # "an attorney for Pagliano" is found again as "Pagliano’s lawyer"
    return roles


def _office(title: list[str]) -> list[str]:
    """The words of the office that ends in a title. What stands before a capitalised one is capitalised too:
    “met | Gov.”"""
    if title[-1][0].isupper():
        verb = next(
            (
                n
                for n in range(len(title) - 2, -1, -1)
                if title[n].islower() and bare(title[n]) not in _BEFORE_TITLES
            ),
            -1,
        )
        title = title[verb + 1 :]
    return [bare(word) for word in title]


def _head(phrase: list[str]) -> int:
    """How many words the phrase has before its first preposition or verb."""
    return next((index for index, word in enumerate(phrase) if word in _STOP), len(phrase))
