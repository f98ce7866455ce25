"""To whom something was said: “told REPORTERS”, “asked HIM”, “in an interview with THE BBC”."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from services.extract.lang import ENGLISH, Language
from services.extract.types import Range

_WORD = re.compile(r"[\w.&’'-]+")
_MOST = 7  # words of a noun phrase
_REACH = 60  # code points between the cue's end and the words of telling


class _Patterns(NamedTuple):
    telling: re.Pattern[str]
    behind: re.Pattern[str]
    """The same behind verb and subject, or only a dative: sagte Weber der Zeitung."""
    name_follows: re.Pattern[str]
    abbreviated: re.Pattern[str]


@cache
def _patterns(language: Language) -> _Patterns:
    capital = language.grammar.get("capitals", "A-Z")
    short = language.any_of("name_abbreviations", "abbreviated_titles")
    return _Patterns(
        telling=re.compile(rf"\b{language.any_of('telling')}\s+", re.IGNORECASE),
        behind=re.compile(
            rf"\s+(?:{language.any_of('telling_behind')}\s+|(?={language.any_of('datives')}\s))"
        ),
        name_follows=re.compile(rf"\s+(?:{language.any_of('definite')}\s+)?[{capital}]"),
        abbreviated=re.compile(rf"(?:^|\.)[{capital}]\.$|^{short}\.$"),
    )


def addressee(
    text: str, cue: Range | None, others: tuple[Range, ...], language: Language = ENGLISH
) -> Range | None:
    """The noun phrase that names to whom the words were said, behind the cue's verb and before any of
    ``others`` (content and source); None when there is none."""
    if cue is None:
        return None
    end = _end(text, cue.end, others)
    telling = _patterns(language).telling.search(text, cue.start, end)
    if telling is not None and telling.start() <= cue.end:
        return _noun_phrase(text, telling.end(), end, language)
    begin = next((piece.end for piece in others if 0 <= piece.start - cue.end <= 1), cue.end)
    end = _end(text, begin, others)
    behind = _patterns(language).behind.match(text, begin, end)
    return None if behind is None else _noun_phrase(text, behind.end(), end, language)


def _end(text: str, begin: int, others: tuple[Range, ...]) -> int:
    """How far from ``begin`` the words of telling reach: to what follows, in the same line."""
    end = min(
        (piece.start for piece in others if piece.start >= begin), default=min(len(text), begin + _REACH)
    )
    line = text.find("\n", begin, end)
    return end if line < 0 else line


def _noun_phrase(text: str, start: int, end: int, language: Language) -> Range | None:
    patterns, determiners = _patterns(language), language.words("addressee_determiners")
    last: re.Match[str] | None = None
    nouns = 0
    position = start
    for count, match in enumerate(_WORD.finditer(text, start, end)):
        word = match.group().rstrip(".").lower()
        gap = text[position : match.start()]
        if count >= _MOST or gap.strip() or bool(gap) != bool(count):
            break
        position = match.end()
        joins = word in language.words("addressee_joiners") and nouns > 0
        if joins and patterns.name_follows.match(text, match.end(), end):
            continue
        if _ends(match.group(), word, language) or (count and word in determiners):
            break
        last = match
        # “told her”: one of the determiners stands for somebody, too
        nouns += word not in determiners or word in language.words("addressee_pronouns")
        if match.group().endswith(".") and not patterns.abbreviated.search(match.group()):
            break
    if (
        last is None
        or not nouns
        or text[start : last.end()].lower().rstrip(".") in language.words("addressee_nobody")
    ):
        return None
    sentence_ends = text[last.end() - 1] == "." and not patterns.abbreviated.search(last.group())
    return Range(start, last.end() - sentence_ends)


def _ends(written: str, word: str, language: Language) -> bool:
    """Whether a word ends the noun phrase before it."""
    return word in language.words("days_and_months") or (
        written.islower() and word in language.words("addressee_ends")
    )
