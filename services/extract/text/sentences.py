"""Sentence borders, good enough to cut quotes into sentences and to look back one sentence."""

from __future__ import annotations

import re
from functools import lru_cache

from services.extract.types import Range
from services.extract.wordlist import words

# The ending is optional, so that a run of marks that ends nothing is passed over whole and not tried again from each of its marks.
_END = re.compile(r"[.!?…]++[\"'”’»)\]]*+(?P<spaced>(?=\s++\S))?|\n+|[。！？]+[」』”]*")
_SPACED = frozenset(".!?…")  # marks that end a sentence before white space only
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\[“\"'‘—–-])(?:mr|mrs|ms|dr|prof|rev|hon|sen|sens|rep|reps|gov|govs|gen|lt|col|capt|cmdr|adm|sgt|maj|cpl|pvt|supt|det|pres|"
    r"atty|amb|messrs|jr|sr|st|mt|ft|vs|etc|inc|ltd|co|corp|no|nos|vol|fig|dept|univ|assn|bros|approx|est|ca|cf|e\.g|i\.e|a\.m|p\.m|"
    r"jan|feb|mar|apr|jun|jul|aug|sep|sept|oct|nov|dec|mon|tue|tues|wed|thu|thur|thurs|fri|sat|sun|"
    r"ala|ariz|ark|calif|colo|conn|del|fla|ga|ill|ind|kan|ky|la|md|mass|mich|minn|miss|mo|mont|neb|nev|okla|ore|pa|tenn|tex|va|vt|wash|wis|wyo|"
    r"[a-z]|(?:[a-z]\.)+[a-z])\.$",
    re.IGNORECASE,
)
# After an abbreviation that can end a sentence (U.S., p.m., Inc.) these words begin a new one.
_STARTERS = words(
    """
    the a an he she it they we i you this that these those in on at but and so as if when while after before however there what
    who his her its their our my for from by with to meanwhile still yet now then not no one some many most several
    """
)
_NEVER_FINAL = re.compile(
    r"(?:^|\W)(?:mr|mrs|ms|dr|prof|rev|hon|sen|sens|rep|reps|gov|govs|gen|lt|col|capt|cmdr|adm|sgt|maj|messrs|st|vs|e\.g|i\.e|[a-z])\.$",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]+")
_LOOKBACK = 16  # code points: longer than any abbreviation of the list


def sentences(text: str, start: int = 0, end: int | None = None) -> list[Range]:
    """The sentences of ``text[start:end]``, without surrounding white space. Time is linear."""
    return list(_whole(text)) if start == 0 and end is None else _sentences(text, start, len(text) if end is None else end)


@lru_cache(maxsize=2)  # the tagger, the rules and the resolver each ask for those of the same text
def _whole(text: str) -> tuple[Range, ...]:
    return tuple(_sentences(text, 0, len(text)))


def _sentences(text: str, start: int, stop: int) -> list[Range]:
    ranges: list[Range] = []
    begin = start
    following = start  # the first letter or digit at or after the mark; it only moves on, so all marks together walk the text once
    for match in _END.finditer(text, start, stop):
        mark = text[match.start()]
        if mark in _SPACED and match["spaced"] is None:
            continue
        if mark != "\n":
            following = max(following, match.end())
            while following < stop and not text[following].isalnum():
                following += 1
            if following < stop and _goes_on(text, begin, match, following):
                continue
        _add(text, begin, match.end(), ranges)
        begin = match.end()
    _add(text, begin, stop, ranges)
    return ranges


def _goes_on(text: str, begin: int, match: re.Match[str], following: int) -> bool:
    """Whether the mark does not end the sentence: an abbreviation, an initial, or a lower-case word, at ``following``, comes next."""
    if text[following].islower():
        return True
    if match.group()[0] != "." or len(match.group().rstrip("\"'”’»)]")) > 1:
        return False
    head = text[max(begin, match.start() - _LOOKBACK) : match.start() + 1]
    if not _ABBREVIATION.search(head):
        return False
    if _NEVER_FINAL.search(head):
        return True
    word = _WORD.match(text, following)
    return word is None or word.group().lower() not in _STARTERS


def _add(text: str, start: int, end: int, ranges: list[Range]) -> None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        ranges.append(Range(start, end))
