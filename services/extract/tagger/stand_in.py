"""A stand-in for the learned tagger: three patterns, for tests of everything around it.

Faults, load and long soaks need tens of thousands of articles, and what they test is not how well speech is
found. The stand-in finds plain forms only (“…,” said First Last; First Last said that …), costs microseconds,
and is deterministic; everything behind it is the real extraction. It is chosen with
``ONRECORD_EXTRACT__TAGGER=stand-in``, which a service says at error level when it starts, and its
``model_sha256`` stands in every document it made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256
from typing import Final

from services.extract.types import Attribution, Entity, Range, Tagged

_NAME: Final = r"[A-Z][a-z'’-]+(?: [A-Z][a-z'’-]+)+"
_CUE: Final = r"said|added|warned|promised|denied|admitted"
_FORMS: Final = (
    ("direct", rf"[“\"](?P<content>[^“”\"]+)[”\"] (?P<cue>{_CUE}) (?P<source>{_NAME})"),
    ("direct", rf"(?P<source>{_NAME}) (?P<cue>{_CUE})[,:] [“\"](?P<content>[^“”\"]+)[”\"]"),
    ("indirect", rf"(?P<source>{_NAME}) (?P<cue>{_CUE}) (?P<content>that [^.“”\"]+)"),
)
_PATTERNS: Final = tuple((kind, re.compile(pattern)) for kind, pattern in _FORMS)
_PERSON: Final = re.compile(_NAME)
_CONFIDENCE: Final = 0.9
"""Of everything: nothing is weighed."""


class StandIn:
    """Takes the place of :class:`services.extract.tagger.tagger.Tagger`."""

    name = "stand-in"
    version = "1"
    model_sha256 = sha256(repr(_FORMS).encode()).hexdigest()

    def tokens(self, text: str) -> int:
        """Words: there are no word pieces."""
        return len(text.split())

    def __call__(self, text: str) -> Tagged:
        """The attributions and persons that the patterns match."""
        found = sorted(_attributions(text), key=lambda attribution: attribution.hull)
        persons = (Entity(Range(*match.span()), "PERSON", _CONFIDENCE) for match in _PERSON.finditer(text))
        return Tagged(tuple(found), tuple(persons))


def _attributions(text: str) -> Iterator[Attribution]:
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            content, cue, source = (Range(*match.span(part)) for part in ("content", "cue", "source"))
            yield Attribution(kind, (content,), source, cue, _CONFIDENCE)
