"""What the parts of the extraction core hand to each other. Offsets are code points of the normalised text,
end exclusive."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

STRUCK = "\x1a"
"""What stands for a character that is left out of a text: neither space nor word."""


class Range(NamedTuple):
    """A stretch of text: ``text[start:end]``."""

    start: int
    end: int


def hull(spans: Iterable[Range | None]) -> Range:
    """From the first character of some stretches to the last; None stands for one that is missing."""
    there = [span for span in spans if span is not None]
    return Range(min(span.start for span in there), max(span.end for span in there))


@dataclass(frozen=True, slots=True)
class Attribution:
    """Words attributed to a source, as found in the text and before anyone is named.

    ``content`` is never empty, sorted and disjoint. ``cue`` None: a floating quote; a colon alone (“Lavrov:
    no meeting planned”) is a cue. ``source`` None: the text names none. ``confidence`` is the calibrated
    probability that these words are reported and this is their source; ``source_confidence`` that this is
    their source (None: that the text names none) given that they are reported: never less. ``kind`` is
    ``direct`` (all content stands in quotation marks), ``mixed`` (a part does) or ``indirect``. ``turn``: the
    layout shows that the content is verbatim without marks, ``source`` being the speaker's name in a
    transcript or the signature of a post.
    """

    kind: str
    content: tuple[Range, ...]
    source: Range | None
    cue: Range | None
    confidence: float
    turn: bool = False
    source_confidence: float = 1.0

    @property
    def hull(self) -> Range:
        """All of it: content, source and cue and what stands between them."""
        return hull((self.source, self.cue, *self.content))


@dataclass(frozen=True, slots=True)
class Entity:
    """A named entity the tagger saw: ``label`` is PERSON, ORGANIZATION, LOCATION or MISC."""

    span: Range
    label: str
    confidence: float


ClaimEvidence = Callable[[Sequence[Range]], float | None]
"""Log-odds that the words in these stretches are check-worthy, as the network sees them, not calibrated; None
where it saw none."""


def _no_evidence(spans: Sequence[Range]) -> None:
    """Of a text that no network read."""


@dataclass(frozen=True, slots=True)
class Tagged:
    """Everything one pass of the tagger found in a text."""

    attributions: tuple[Attribution, ...] = ()
    entities: tuple[Entity, ...] = ()
    claims: ClaimEvidence = field(default=_no_evidence, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class QuotedStretch:
    """Text between quotation marks. ``outer`` includes the marks, ``inner`` does not; the closing mark may be
    missing (unclosed, or reopened at the next paragraph: then ``continues`` is True)."""

    outer: Range
    inner: Range
    closed: bool = True
    continues: bool = False
    depth: int = 0


@dataclass(frozen=True, slots=True)
class CleanText:
    """An article's normalised text.

    ``source_offsets`` maps text back to the input of a plain-text article: one ``(text_start, input_start,
    length)`` per copied run, sorted; empty for HTML.
    """

    text: str
    title: str | None = None
    language: str = "und"
    published_on: dt.date | None = None
    source_offsets: tuple[tuple[int, int, int], ...] = field(default=())
