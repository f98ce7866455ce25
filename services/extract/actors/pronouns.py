"""Who ``he`` and ``she`` are: a running account of who is in focus, sentence by sentence."""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest
from typing import NamedTuple

from services.extract.actors.cast import Cast
from services.extract.actors.members import Member
from services.extract.actors.names import Gender, is_role
from services.extract.actors.phrase import PERSONAL
from services.extract.types import QuotedStretch, Range

_PRONOUN = re.compile(r"\b(?:he|she|him|his|her|himself|herself)\b", re.IGNORECASE)
_PREPOSITION_BEFORE = re.compile(
    r"\b(?i:of|for|to|with|by|from|at|in|on|against|between|about|and|that|than|after|like|over|under)\s+(?:[A-Z]?[\w.’'-]+\s+){0,4}$"
)

_NOUNS = re.compile(r"\s+(?:[\w’'-]+\s+){1,5}")

_VERB = re.compile(
    r"\s+(?:[\w-]+ly\s+)?(?:\w+ed|told|met|beat|saw|hit|sent|gave|took|put|led|quit|won|chose|made|became|found|got|left|held|backs"
    r"|(?!communications|operations|sales|sports|relations|news|affairs)\w+s)\s",
    re.IGNORECASE,
)

# Weights, set by hand and checked on hand-labelled PolNeAR dev sources; distances are in sentences.
_DISTANCE = 0.9
_FARTHEST = 8
_PARAGRAPH = 0.5
_SUBJECT = 1.0
_SPEAKER = 1.2
_POSSESSIVE = 0.6
_QUOTED = 2.5
_UNKNOWN_GENDER = 0.6
_OFTEN = 0.35
_LATEST = 4  # places a person was met last
_IN_MIND = 30  # persons met last: nobody means one farther back by a pronoun, and the time stays linear
_LEAD = 80  # code points before a name that show whether a preposition governs it


class _Event(NamedTuple):
    """A mention of ``member``, or a word that refers to somebody of ``gender``."""

    start: int
    end: int
    member: Member | None
    gender: Gender | None
    word: str


@dataclass(slots=True)
class _Focus:
    sentence: int
    paragraph: int
    subject: bool
    speaker: bool
    possessive: bool
    quoted: bool


@dataclass(frozen=True, slots=True)
class Described:
    """A source described, not named: “the senator”, “a spokeswoman”. ``member`` None: whoever is in focus, by another word."""

    span: Range
    member: Member | None
    gender: Gender | None = None


def follow(
    text: str,
    cast: Cast,
    sentences: Sequence[Range],
    quoted: Iterable[QuotedStretch],
    sources: Iterable[Range],
    described: Iterable[Described] = (),
) -> dict[int, tuple[Member, float]]:
    """Resolve every third-person singular pronoun in text order; maps its start to the person and a confidence 0..1.

    Those of ``described`` that name nobody are resolved in the same way.
    """
    starts = [sentence.start for sentence in sentences]
    breaks = [match.start() for match in re.finditer(r"\n+", text)]
    outer = sorted((stretch.outer for stretch in quoted if stretch.depth == 0), key=lambda span: span.start)
    outer_starts = [span.start for span in outer]
    source_spans = sorted(sources)
    source_starts = [span.start for span in source_spans]

    def inside(position: int, spans: Sequence[Range], firsts: Sequence[int]) -> bool:
        index = bisect_right(firsts, position) - 1
        return index >= 0 and position < spans[index].end

    events = [
        _Event(mention.span.start, mention.span.end, member, None, "'s" if mention.possessive else "")
        for member in cast.people
        for mention in member.mentions
    ]
    events += [_Event(m.start(), m.end(), None, _gender(m.group().lower()), m.group().lower()) for m in _PRONOUN.finditer(text)]
    events += [_Event(item.span.start, item.span.end, item.member, item.gender, "") for item in described]
    events.sort(key=lambda event: (event.start, event.end))
    recent: dict[int, list[_Focus]] = {}
    people = {id(event.member): event.member for event in events if event.member is not None}
    resolved: dict[int, tuple[Member, float]] = {}
    opened = -1  # the sentence whose first person has been met
    for event, following in zip_longest(events, events[1:]):
        start, member = event.start, event.member
        sentence = bisect_right(starts, start) - 1
        paragraph = bisect_right(breaks, start)
        in_quotes = inside(start, outer, outer_starts)
        speaking = inside(start, source_spans, source_starts)
        if member is not None:
            head = text[max(starts[sentence] if sentence >= 0 else 0, start - _LEAD) : start]
            modifier = event.word == "'s" or _modifies(text, event, following)
            governed = _PREPOSITION_BEFORE.search(head) is not None
            subject = sentence != opened and not governed and not modifier
            # “After Lee won, it was Smith who played”: who stands in the clause before is not whom the sentence is about
            opened = opened if modifier or governed else sentence
            _refocus(recent, id(member), _Focus(sentence, paragraph, subject, speaking and not modifier, modifier, in_quotes))
            continue
        choice = _choose(recent, people, event.gender, sentence, paragraph)
        if choice is None:
            continue
        resolved[start] = choice
        if event.word in ("he", "she", "") and not in_quotes:
            _refocus(recent, id(choice[0]), _Focus(sentence, paragraph, True, speaking, False, False))
    return resolved


def _modifies(text: str, event: _Event, following: _Event | None) -> bool:
    """Whether a name only says whose man the next one is: “Clinton communications director Jennifer Palmieri”."""
    if following is None or following.member is None or following.member is event.member or following.start - event.end > _LEAD:
        return False
    between = text[event.end : following.start]
    return _NOUNS.fullmatch(between) is not None and not _VERB.match(between) and is_role(between.split()[-1])


def _refocus(recent: dict[int, list[_Focus]], key: int, focus: _Focus) -> None:
    """Note a focus and move its person to the end, so that the dictionary is ordered by recency."""
    focuses = recent.pop(key, [])
    focuses.append(focus)
    recent[key] = focuses


def _gender(word: str) -> Gender:
    return "m" if PERSONAL[word] == "m" else "f"


def _choose(
    recent: dict[int, list[_Focus]], people: dict[int, Member], gender: Gender | None, sentence: int, paragraph: int
) -> tuple[Member, float] | None:
    scored: list[tuple[float, int]] = []
    for key, focuses in islice(reversed(recent.items()), _IN_MIND):
        member = people[key]
        if not member.may_be(gender):
            continue
        score = max(_score(focus, sentence, paragraph) for focus in focuses[-_LATEST:])
        score += _OFTEN * math.log(len(focuses)) - (_UNKNOWN_GENDER if member.gender is None else 0.0)
        scored.append((score, key))
    if not scored:
        return None
    scored.sort(key=lambda item: (-item[0], people[item[1]].first))
    best = scored[0][0]
    probability = 1.0 / sum(math.exp(score - best) for score, _ in scored)
    return people[scored[0][1]], probability


def _score(focus: _Focus, sentence: int, paragraph: int) -> float:
    score = -_DISTANCE * min(sentence - focus.sentence, _FARTHEST) - _PARAGRAPH * min(paragraph - focus.paragraph, _FARTHEST)
    score += _SUBJECT * focus.subject + _SPEAKER * focus.speaker - _POSSESSIVE * focus.possessive - _QUOTED * focus.quoted
    return score
