"""Which of the persons in mind a pronoun means: a linear ranking over what the text shows about each of
them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from operator import mul
from typing import NamedTuple

from services.extract.actors.names import Gender

_FAR = 8  # sentences; farther is as far
_PARAGRAPHS = 5
_OFTEN = 20  # mentions; more are as many


class Place(NamedTuple):
    """Where a mention or a pronoun stands. ``clause`` counts the sentences, ``sentence`` only the reporter's
    own: those that begin inside quotation marks belong to the one before them."""

    start: int
    sentence: int
    clause: int
    paragraph: int
    quoted: bool
    speaking: bool


class Met(NamedTuple):
    """One mention of a person. ``modifier``: it only says whose man the next one is; ``introduced``: an
    apposition or a relative clause follows."""

    place: Place
    subject: bool = False
    modifier: bool = False
    pronoun: bool = False
    introduced: bool = False


@dataclass(slots=True)
class Focus:
    """What is known about one person up to here: the last mention, the last one in the reporter's own words,
    the last ones as subject and as speaker, how many there were, and by which pronouns this person was surely
    meant."""

    last: Met
    told: Met | None = None
    subject: Place | None = None
    speaker: Place | None = None
    count: int = 0
    called: set[Gender] = field(default_factory=set)

    def meet(self, met: Met) -> None:
        """Note a mention."""
        self.last = met
        self.count += 1
        place = met.place
        if not place.quoted:
            self.told = met
            if met.subject:
                self.subject = place
        if place.speaking and not met.modifier:
            self.speaker = place

    def seen_from(self, place: Place) -> Met:
        """The last mention that counts: whom a quotation names is nobody's “he” outside of it, if the
        reporter named him too."""
        return self.last if place.quoted or self.told is None else self.told


class Asked(NamedTuple):
    """The pronoun. ``word`` is empty for a description that stands for one; ``begins`` its sentence.
    ``told_by``: where the subject of the verb begins whose object it is."""

    place: Place
    word: str
    gender: Gender | None
    begins: bool
    told_by: int | None = None


# Fitted by ``lab.fits.actors`` on the coreference layer of PolNeAR train (320 articles, 3,877 pronouns).
WEIGHTS = {
    "same sentence": 0.74,
    "sentences": -1.05,
    "paragraphs": -0.29,
    "subject": 0.57,
    "quoted": -0.92,
    "by pronoun": 0.02,
    "often": 0.08,
    "gender unknown": -0.35,
    "introduced": 0.25,
    "source: last speaker": 0.47,
    "source: last subject": 0.46,
    "quoted: quoted": 1.10,
    "quoted: speaker": -1.29,
    "called otherwise": -1.30,
    "begins: subject of sentence before": 0.39,
    "named in the quotation": -0.57,
    "source: named in the quotation": -0.30,
}
_WEIGHTS = tuple(WEIGHTS.values())


def evidence(
    focus: Focus, asked: Asked, *, gender_known: bool, last_subject: bool, last_speaker: bool
) -> tuple[float, ...]:
    """What speaks for and against a candidate, in the order of :data:`WEIGHTS`. ``gender_known`` from the
    name or a title; ``last_subject`` and ``last_speaker``: nobody was it later."""
    place, subject, speaker, met = asked.place, focus.subject, focus.speaker, focus.seen_from(asked.place)
    last = met.place
    source = place.speaking and asked.word in ("he", "she", "")
    beside = not place.quoted and focus.last.place.quoted and focus.last.place.paragraph == place.paragraph
    return (
        place.clause == last.clause,
        min(place.sentence - last.sentence, _FAR),
        min(place.paragraph - last.paragraph, _PARAGRAPHS),
        met.subject,
        last.quoted,
        met.pronoun,
        math.log(min(focus.count, _OFTEN)),
        not (gender_known or focus.called),
        met.introduced,
        source and last_speaker,
        source and last_subject,
        place.quoted and last.quoted,
        place.quoted and speaker is not None and speaker.start == last.start,
        bool(focus.called) and asked.gender not in focus.called,
        asked.begins and subject is not None and place.sentence - subject.sentence == 1,
        beside,
        source and beside,
    )


def score(values: tuple[float, ...]) -> float:
    """The higher, the likelier."""
    return math.fsum(map(mul, values, _WEIGHTS))
