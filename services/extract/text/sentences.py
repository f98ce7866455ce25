"""Sentence borders, good enough to cut quotes into sentences and to look back one sentence."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import NamedTuple

from services.extract.lang import ENGLISH, Language, alternatives
from services.extract.types import Range

# The ending is optional, so that a run of marks that ends nothing is passed over whole and not tried again
# from each of its marks.
_END = re.compile(r"[.!?…]++[\"'”’»)\]]*+(?P<spaced>(?=\s++\S))?|\n+|[。！？]+[」』”]*")
_SPACED = frozenset(".!?…")  # marks that end a sentence before white space only
_WORD = re.compile(r"[^\W\d_]+")
_LOOKBACK = 16  # code points: longer than any abbreviation of the list


class _Patterns(NamedTuple):
    abbreviation: re.Pattern[str]
    never_final: re.Pattern[str]


@cache
def _patterns(language: Language) -> _Patterns:
    never = [word.lower() for word in language.entries("abbreviated_titles", "abbreviations_never_final")]
    short = alternatives([*never, *language.entries("abbreviations")])
    return _Patterns(
        abbreviation=re.compile(
            rf"(?:^|[\s(\[“\"'‘—–-])(?:{short}|[a-z]|(?:[a-z]\.)+[a-z])\.$", re.IGNORECASE
        ),
        never_final=re.compile(rf"(?:^|\W)(?:{alternatives(never)}|[a-z])\.$", re.IGNORECASE),
    )


def sentences(text: str, start: int = 0, end: int | None = None, language: Language = ENGLISH) -> list[Range]:
    """The sentences of ``text[start:end]``, without surrounding white space. Time is linear."""
    if start == 0 and end is None:
        return list(_whole(text, language))
    return _sentences(text, start, len(text) if end is None else end, language)


@lru_cache(maxsize=2)  # the tagger, the rules and the resolver each ask for those of the same text
def _whole(text: str, language: Language) -> tuple[Range, ...]:
    return tuple(_sentences(text, 0, len(text), language))


def _sentences(text: str, start: int, stop: int, language: Language) -> list[Range]:
    ranges: list[Range] = []
    begin = start
    # the first letter or digit at or after the mark; it only moves on, so all marks together walk the text
    # once
    following = start
    for match in _END.finditer(text, start, stop):
        mark = text[match.start()]
        if mark in _SPACED and match["spaced"] is None:
            continue
        if mark != "\n":
            following = max(following, match.end())
            while following < stop and not text[following].isalnum():
                following += 1
            if following < stop and _goes_on(text, begin, match, following, language):
                continue
        _add(text, begin, match.end(), ranges)
        begin = match.end()
    _add(text, begin, stop, ranges)
    return ranges


def _goes_on(text: str, begin: int, match: re.Match[str], following: int, language: Language) -> bool:
    """Whether the mark does not end the sentence: an abbreviation, an initial, or a lower-case word, at
    ``following``, comes next."""
    if text[following].islower():
        return True
    if match.group()[0] != "." or len(match.group().rstrip("\"'”’»)]")) > 1:
        return False
    head = text[max(begin, match.start() - _LOOKBACK) : match.start() + 1]
    patterns = _patterns(language)
    if not patterns.abbreviation.search(head):
        return False
    if patterns.never_final.search(head):
        return True
    word = _WORD.match(text, following)
    return word is None or word.group().lower() not in language.words("sentence_openers")


def _add(text: str, start: int, end: int, ranges: list[Range]) -> None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        ranges.append(Range(start, end))
