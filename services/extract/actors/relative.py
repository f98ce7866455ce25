"""What a relative pronoun stands for: “Zelensky, who earlier this week expressed …”."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

from schemas.events import ActorKind
from services.extract.actors.cast import Cast
from services.extract.actors.members import Member
from services.extract.actors.names import WORD, is_role
from services.extract.actors.nouns import PERSON_NOUN
from services.extract.types import Range

_REACH = 80  # code points before the pronoun in which a name must end
_NOUN_PHRASE = 120  # code points of eight words
_AGE_AND_PLACE = re.compile(
    r"(?:,?\s*(?:\d{1,3}+|(?:of|from|in)\s+(?:the\s+)?|\([^()]{0,40}\)|[A-Z][\w.’'-]*+))+[,\s]*"
)
_ASIDE = 160  # code points of an aside between dashes
_WORDS = 9
_PAIR = 2
_MARKS = re.compile(r"(?:\s|,|-|–|—|\([^()]{1,40}\))*$")
# “It was Paul Dunn, not Jane Ames, who”: whom an aside rules out
_RULED_OUT = re.compile(r",\s+(?:and\s+|but\s+)?(?:not|rather than|instead of|unlike)\s[^,.;:]{1,80},\s*$")
_DASH = re.compile(r"\s-{1,2}\s|--|[–—]")
_COUNTED = re.compile(r"\b(?:two|both|couple|pair|2)\b[^,.;:]{3,60},\s*$", re.IGNORECASE)
_DETERMINERS = frozenset(
    ("the", "a", "an", "some", "many", "those", "several", "these", "his", "her", "its", "their")
)
_PERSONS = frozenset(("people", "police", "men", "women", "children"))
_PREPOSITION = 12  # code points
_NUMBERS = frozenset(("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "dozen"))
_LINKS = frozenset(("of", "for", "to", "from", "in", "at", "with", "on"))
_CLAUSE = re.compile(
    r"(?:is|are|was|were|be|been|has|have|had|said|says|told|and|but|or|that|if|when|by|to|from|with|for|at|in|on|as|than|because|after|before|of|among|including|like)"
)


def antecedent(text: str, pronoun: Range, cast: Cast, starts: Sequence[int]) -> Member | Range | None:
    """Whoever is named right before a pronoun, else the noun phrase there, else None. ``starts``: where the
    sentences begin."""
    index = bisect_right(starts, pronoun.start) - 1
    end = _end(text, max(starts[index] if index >= 0 else 0, pronoun.start - _ASIDE), pronoun.start)
    near = cast.within(Range(max(0, end - _REACH), end))
    if near:
        at, member = near[-1]
        if at.end >= end - 2 and (member.kind is ActorKind.PERSON or text[slice(*pronoun)].lower() != "who"):
            return (
                _announced(text, [place for place, known in near if known.kind is ActorKind.PERSON]) or member
            )
    person = next(((at, member) for at, member in reversed(near) if member.kind is ActorKind.PERSON), None)
    # “Rawlings, 45, of Bowie, Md., who”: nothing but age and place between the name and the pronoun
    if person is not None and _AGE_AND_PLACE.fullmatch(text[person[0].end : end]):
        return person[1]
    return _noun_phrase(
        text, end, starts, personal=text[pronoun.end - 3 : pronoun.end].lower() in ("who", "hom")
    )


def _end(text: str, begin: int, position: int) -> int:
    """Where what stands before a position ends, without marks, brackets and an aside between dashes right
    before it."""
    ruled_out = _RULED_OUT.search(text, begin, position)
    position = ruled_out.start() if ruled_out else position
    end = position - len(_MARKS.search(text[begin:position]).group())  # type: ignore[union-attr]  # it matches nothing at least
    if _DASH.search(text, end, position):
        dashes = list(_DASH.finditer(text, begin, end))
        if dashes:
            end = dashes[-1].start()
    return end


def _announced(text: str, people: list[Range]) -> Range | None:
    """The last two of these names when they are announced as two: “two voters, Ann Lee and Bo Hill, who”."""
    if len(people) < _PAIR:
        return None
    first, second = people[-2:]
    lead = text[max(0, first.start - _REACH) : first.start]
    return (
        Range(first.start, second.end)
        if text[first.end : second.start] == " and " and _COUNTED.search(lead)
        else None
    )


def plural_subject(text: str, begin: int, end: int, starts: Sequence[int]) -> Range | None:
    """The first phrase for several persons between two positions that no preposition governs: “Scientology
    officials have stated …”."""
    for match in WORD.finditer(text, begin, min(end, begin + _NOUN_PHRASE)):
        word = match.group().lower()
        if word not in _PERSONS and not (word.endswith("s") and word[:-1] in PERSON_NOUN):
            continue
        phrase = _noun_phrase(text, match.end(), starts, personal=False)
        if phrase is None:
            continue
        before = text[max(begin, phrase.start - _PREPOSITION) : phrase.start].split()
        if not before or before[-1].lower() not in _LINKS | {"by", "than", "about", "among", "and"}:
            return phrase
    return None


def _noun_phrase(text: str, end: int, starts: Sequence[int], *, personal: bool) -> Range | None:
    """The noun phrase that ends there: on to the left over “for” and “of” as long as what was read cannot
    stand alone or, before who, is nobody."""
    index = bisect_right(starts, max(0, end - 1)) - 1
    begin = max(starts[index] if index >= 0 else 0, end - _NOUN_PHRASE)
    window = text[begin:end]
    start: int | None = None
    phrase: list[str] = []
    for match in reversed(list(WORD.finditer(window))):
        word = match.group().lower()
        gap = window[match.end() : (begin + len(window) if start is None else start) - begin]
        if phrase and (
            gap.strip(" .\"“”'‘’") or (_CLAUSE.fullmatch(word) and not (personal and _goes_on(word, phrase)))
        ):
            break
        if len(phrase) > _WORDS:
            break
        start = begin + match.start()
        phrase.insert(0, word)
        if word in _DETERMINERS and not (
            personal and _links(window[: match.start()]) and not _somebody(phrase)
        ):
            break
        if (word.isdigit() or word in _NUMBERS) and not _definite(window[: match.start()]):
            break
    return Range(start, end) if start is not None else None


def _definite(before: str) -> bool:
    return before.rstrip().rpartition(" ")[2].lower() in ("the", "these", "those", "some", "all")


def _goes_on(word: str, phrase: list[str]) -> bool:
    """Whether a noun phrase goes on to the left of a small word."""
    if word in ("and", "or"):
        return phrase[0].endswith("s") and phrase[-1].endswith("s")
    if word not in _LINKS:
        return False
    head = phrase[: next((n for n, other in enumerate(phrase) if n and other in _LINKS), len(phrase))]
    return not _somebody(head) or not (head[0] in _DETERMINERS or head[-1].endswith("s"))


def _somebody(phrase: list[str]) -> bool:
    """Whether the last word can be a person or several."""
    return is_role(phrase[-1]) or phrase[-1] in ("people", "men", "women") or phrase[-1].endswith("s")


def _links(before: str) -> bool:
    return before.rstrip().rpartition(" ")[2].lower() in _LINKS
