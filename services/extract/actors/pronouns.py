"""Who ``he`` and ``she`` are: a running account of who is in focus, sentence by sentence."""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from services.extract.actors.cast import Cast
from services.extract.actors.members import Member
from services.extract.actors.names import Gender, is_role
from services.extract.actors.phrase import PERSONAL
from services.extract.actors.ranking import Asked, Focus, Met, Place, evidence, score
from services.extract.types import QuotedStretch, Range

_PRONOUN = re.compile(r"\b(?:[Hh](?i:e|im|is|er|imself|erself)|[Ss](?i:he))\b")
_PREPOSITION_BEFORE = re.compile(
    r"\b(?i:of|for|to|with|by|from|at|in|on|against|between|about|and|that|than|after|like|over|under)\s+(?:[A-Z]?[\w.’'-]+\s+){0,4}$"
)

_NOUNS = re.compile(r"\s+(?:[\w’'-]+\s+){1,5}")

_VERB = re.compile(
    r"\s+(?:[\w-]+ly\s+)?(?:\w+ed|told|met|beat|saw|hit|sent|gave|took|put|led|quit|won|chose|made|became|found|got|left|held|backs"
    r"|(?!communications|operations|sales|sports|relations|news|affairs)\w+s)\s",
    re.IGNORECASE,
)

# “Cole told him”, “he had told her that”: what stands between a verb's subject and its object
_OBJECT = re.compile(
    r"(?:\s[a-z]+){1,2}\s(?:him\b|her(?=[.,;:!?”\"]|\s(?:that|to|in|on|at|about|how|what|when|whether|why|not|he|she|they|it|there)\b))"
)
_AHEAD = 10  # code points behind the object that show that it is one
_IN_MIND = 30  # persons met last: nobody means one farther back by a pronoun, and the time stays linear
_LEAD = 80  # code points before a name that show whether a preposition governs it
_SURE = 0.8  # from where on a pronoun tells a person's gender
_INTRODUCED = re.compile(r",\s+(?:an?|the|who|his|her|its|\d|of|from|[a-z]+(?:\s|-))")


class _Event(NamedTuple):
    """A mention of ``member``, or a word that refers to somebody of ``gender``."""

    start: int
    end: int
    member: Member | None
    gender: Gender | None
    word: str


@dataclass(frozen=True, slots=True)
class Described:
    """A source described, not named: “the senator”, “a spokeswoman”. ``member`` None: whoever is in focus, by
    another word."""

    span: Range
    member: Member | None
    gender: Gender | None = None


Observer = Callable[[Asked, list[tuple[Member, tuple[float, ...]]]], None]
"""Is shown a pronoun and its candidates with their evidence, the one met last first."""


def follow(
    text: str,
    cast: Cast,
    sentences: Sequence[Range],
    quoted: Iterable[QuotedStretch],
    sources: Iterable[Range],
    described: Iterable[Described] = (),
    observe: Observer | None = None,
) -> dict[int, tuple[Member, float]]:
    """Resolve every third-person singular pronoun in text order; maps its start to the person and a
    confidence 0..1.

    Those of ``described`` that name nobody are resolved in the same way. ``observe`` is shown the candidates
    of each.
    """
    layout = _Layout(text, sentences, quoted, sources)
    events = [
        _Event(mention.span.start, mention.span.end, member, None, "'s" if mention.possessive else "")
        for member in cast.people
        for mention in member.mentions
    ]
    events += [
        _Event(m.start(), m.end(), None, _gender(m.group().lower()), m.group().lower())
        for m in _PRONOUN.finditer(text)
    ]
    events += [_Event(item.span.start, item.span.end, item.member, item.gender, "") for item in described]
    events.sort(key=lambda event: (event.start, event.end))
    minds = _Minds()
    resolved: dict[int, tuple[Member, float]] = {}
    opened = -1  # the sentence whose first person has been met
    for before, event, following in zip([None, *events], events, [*events[1:], None], strict=False):
        start, member = event.start, event.member
        place = layout.place(start)
        if member is not None:
            modifier = event.word == "'s" or _modifies(text, event, following)
            # “After Lee won, it was Smith who played”: who stands in the clause before is not whom the
            # sentence is about
            subject = (
                place.clause != opened
                and not modifier
                and not _is_governed(text, layout.sentence(place), start)
            )
            opened = place.clause if subject else opened
            minds.meet(
                member,
                Met(place, subject, modifier, introduced=_INTRODUCED.match(text, event.end) is not None),
            )
            continue
        told_by = (
            before.start
            if before is not None and _OBJECT.match(text, before.end, event.end + _AHEAD)
            else None
        )
        asked = Asked(place, event.word, event.gender, layout.begins(place), told_by)
        choice = minds.choose(asked, observe)
        if choice is None:
            continue
        resolved[start] = choice
        if event.word in ("he", "she", "") and not place.quoted:
            minds.meet(choice[0], Met(place, subject=True, pronoun=True))
    return resolved


class _Layout:
    """Where a position stands: its sentence, its paragraph, inside quotation marks or not, inside a source or
    not."""

    def __init__(
        self, text: str, sentences: Sequence[Range], quoted: Iterable[QuotedStretch], sources: Iterable[Range]
    ) -> None:
        self.starts = [sentence.start for sentence in sentences]
        self._breaks = [match.start() for match in re.finditer(r"\n+", text)]
        self._outer = sorted(
            (stretch.outer for stretch in quoted if stretch.depth == 0), key=lambda span: span.start
        )
        self._outer_starts = [span.start for span in self._outer]
        self._sources = sorted(sources)
        self._source_starts = [span.start for span in self._sources]
        told = 0
        self._told: list[int] = []
        for start in self.starts:
            told += not _inside(start - 1, self._outer, self._outer_starts)
            self._told.append(told)

    def place(self, position: int) -> Place:
        """Where it is."""
        clause = bisect_right(self.starts, position) - 1
        return Place(
            position,
            self._told[clause] if clause >= 0 else 0,
            clause,
            bisect_right(self._breaks, position),
            _inside(position, self._outer, self._outer_starts),
            _inside(position, self._sources, self._source_starts),
        )

    def sentence(self, place: Place) -> int:
        """Where the sentence of a place begins."""
        return self.starts[place.clause] if place.clause >= 0 else 0

    def begins(self, place: Place) -> bool:
        """Whether the position begins its sentence."""
        return place.clause >= 0 and place.start - self.starts[place.clause] <= 1


def _inside(position: int, spans: Sequence[Range], firsts: Sequence[int]) -> bool:
    index = bisect_right(firsts, position) - 1
    return index >= 0 and position < spans[index].end


class _Minds:
    """The persons met so far, the latest last."""

    def __init__(self) -> None:
        self._focuses: dict[int, tuple[Member, Focus]] = {}
        self._last_subject: int | None = None
        self._last_speaker: int | None = None

    def meet(self, member: Member, met: Met) -> None:
        """Note a mention."""
        key = id(member)
        _, focus = self._focuses.pop(key, (member, Focus(met)))
        focus.meet(met)
        self._focuses[key] = (member, focus)
        if focus.subject is met.place:
            self._last_subject = key
        if focus.speaker is met.place:
            self._last_speaker = key

    def choose(self, asked: Asked, observe: Observer | None = None) -> tuple[Member, float] | None:
        """The likeliest person and how likely; None when nobody fits."""
        fitting = [
            (key, member, focus)
            for key, (member, focus) in islice(reversed(self._focuses.items()), _IN_MIND)
            if member.may_be(asked.gender)
            and (asked.word or focus.last.place.clause != asked.place.clause)
            and not _is_only_quoted_here(focus, asked.place)
            and not _tells(focus, asked)
        ]
        weighed = [
            (
                member,
                evidence(
                    focus,
                    asked,
                    gender_known=member.gender is not None,
                    last_subject=key == self._last_subject,
                    last_speaker=key == self._last_speaker,
                ),
            )
            for key, member, focus in fitting
        ]
        if observe is not None:
            observe(asked, weighed)
        if not weighed:
            return None
        scores = [score(values) for _, values in weighed]
        best = max(scores)
        member = weighed[scores.index(best)][0]
        probability = 1.0 / sum([math.exp(value - best) for value in scores])
        if asked.gender and probability >= _SURE:
            self._focuses[id(member)][1].called.add(asked.gender)
        return member, probability


def _is_governed(text: str, sentence: int, start: int) -> bool:
    """Whether a preposition stands shortly before a name in its sentence."""
    return (
        start > sentence
        and _PREPOSITION_BEFORE.search(text[max(sentence, start - _LEAD) : start]) is not None
    )


def _modifies(text: str, event: _Event, following: _Event | None) -> bool:
    """Whether a name only says whose man the next one is: “Clinton communications director Jennifer
    Palmieri”."""
    if (
        following is None
        or following.member is None
        or following.member is event.member
        or following.start - event.end > _LEAD
    ):
        return False
    between = text[event.end : following.start]
    return _NOUNS.fullmatch(between) is not None and not _VERB.match(between) and is_role(between.split()[-1])


def _tells(focus: Focus, asked: Asked) -> bool:
    """“Cole told him”: whoever is the subject of the verb before “him” is somebody else."""
    last = focus.last
    return asked.told_by is not None and last.place.start == asked.told_by and not last.modifier


def _gender(word: str) -> Gender:
    return "m" if PERSONAL[word] == "m" else "f"


def _is_only_quoted_here(focus: Focus, place: Place) -> bool:
    """“I like Jane Poe.” That is what she said: whom nothing but a quotation of this paragraph names is not
    who speaks it."""
    return not place.quoted and focus.told is None and focus.last.place.paragraph == place.paragraph
