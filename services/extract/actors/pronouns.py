"""Who ``he`` and ``she`` are: a running account of who is in focus, sentence by sentence."""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from services.extract.actors.cast import Cast
from services.extract.actors.members import Member
from services.extract.actors.names import Gender
from services.extract.actors.phrase import PERSONAL
from services.extract.types import QuotedStretch, Range

_PRONOUN = re.compile(r"\b(?:he|she|him|his|her|himself|herself)\b", re.IGNORECASE)
_PREPOSITION_BEFORE = re.compile(
    r"\b(?:of|for|to|with|by|from|at|in|on|against|between|about|and|that|than|after|like|over|under)\s+(?:[A-Z]?[\w.’'-]+\s+){0,4}$"
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


@dataclass(slots=True)
class _Focus:
    sentence: int
    paragraph: int
    subject: bool
    speaker: bool
    possessive: bool
    quoted: bool


def follow(
    text: str, cast: Cast, sentences: Sequence[Range], quoted: Iterable[QuotedStretch], sources: Iterable[Range]
) -> dict[int, tuple[Member, float]]:
    """Resolve every third-person singular pronoun in text order; maps its start to the person and a confidence 0..1."""
    starts = [sentence.start for sentence in sentences]
    breaks = [match.start() for match in re.finditer(r"\n+", text)]
    outer = sorted((stretch.outer for stretch in quoted if stretch.depth == 0), key=lambda span: span.start)
    outer_starts = [span.start for span in outer]
    source_spans = sorted(sources)
    source_starts = [span.start for span in source_spans]

    def inside(position: int, spans: Sequence[Range], firsts: Sequence[int]) -> bool:
        index = bisect_right(firsts, position) - 1
        return index >= 0 and position < spans[index].end

    events: list[tuple[int, int, Member | None, str]] = [
        (mention.span.start, mention.span.end, member, "'s" if mention.possessive else "")
        for member in cast.people
        for mention in member.mentions
    ]
    events += [(match.start(), match.end(), None, match.group().lower()) for match in _PRONOUN.finditer(text)]
    events.sort(key=lambda event: event[:2])
    recent: dict[int, list[_Focus]] = {}
    people = {id(member): member for member in cast.people}
    resolved: dict[int, tuple[Member, float]] = {}
    opened = -1  # the sentence whose first person has been met
    for start, _end, member, word in events:
        sentence = bisect_right(starts, start) - 1
        paragraph = bisect_right(breaks, start)
        in_quotes = inside(start, outer, outer_starts)
        speaking = inside(start, source_spans, source_starts)
        if member is not None:
            head = text[max(starts[sentence] if sentence >= 0 else 0, start - _LEAD) : start]
            first = sentence != opened
            opened = sentence
            subject = first and not _PREPOSITION_BEFORE.search(head) and word == ""
            focus = _Focus(sentence, paragraph, subject, speaking, word == "'s", in_quotes)
            _refocus(recent, id(member), focus)
            continue
        choice = _choose(recent, people, _gender(word), sentence, paragraph)
        if choice is None:
            continue
        resolved[start] = choice
        if word in ("he", "she") and not in_quotes:
            _refocus(recent, id(choice[0]), _Focus(sentence, paragraph, True, speaking, False, False))
    return resolved


def _refocus(recent: dict[int, list[_Focus]], key: int, focus: _Focus) -> None:
    """Note a focus and move its person to the end, so that the dictionary is ordered by recency."""
    focuses = recent.pop(key, [])
    focuses.append(focus)
    recent[key] = focuses


def _gender(word: str) -> Gender:
    return "m" if PERSONAL[word] == "m" else "f"


def _choose(
    recent: dict[int, list[_Focus]], people: dict[int, Member], gender: Gender, sentence: int, paragraph: int
) -> tuple[Member, float] | None:
    scored: list[tuple[float, int]] = []
    for key, focuses in islice(reversed(recent.items()), _IN_MIND):
        member = people[key]
        if member.gender is not None and member.gender != gender:
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
