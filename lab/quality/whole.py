"""What the shipped extraction finds in a text, with offsets of that very text: what readers of the record get
is what is measured."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from schemas.events import Actor, Article
from services.extract.extract import Extraction, Extractor
from services.extract.types import Attribution, Range

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)  # nothing measured depends on when an article was fetched


@dataclass(frozen=True, slots=True)
class Statement:
    """A claim as published: its place and its check-worthiness."""

    spans: tuple[Range, ...]
    check_worthiness: float


@dataclass(frozen=True, slots=True)
class Whole:
    """Everything found in one text. ``actors`` are parallel to ``attributions``; ``text`` is what offsets
    count in."""

    text: str
    attributions: tuple[Attribution, ...]
    actors: tuple[Actor, ...]
    statements: tuple[Statement, ...]


Read = Callable[[str, str], Whole]
"""``(name of the article, its text)`` to everything found in it."""


def plain_article(name: str, text: str) -> Article:
    """A text as an English plain-text article."""
    return Article(
        article_id=name,
        fetched_at=_EPOCH,
        language="en",
        content_type="text/plain",
        content=text,
        origin="quality",
    )


def reader(extractor: Extractor) -> Read:
    """Extraction of plain texts by ``extractor``."""
    return lambda name, text: placed(extractor.extract(plain_article(name, text)), text)


def placed(extraction: Extraction, source: str | None = None) -> Whole:
    """An extraction with offsets of the plain text that was read; of the normalised text (pages have no
    other) when ``source`` is None.

    What lies wholly outside the input, such as a title the reader made up, is left out.
    """
    text = extraction.document.text if source is None else source
    place = _same if source is None else _Inverse(extraction.clean.source_offsets).place
    attributions, actors = [], []
    for item in extraction.attributions:
        content = _all(item.content, place)
        if content:
            source_span, cue = (None if span is None else place(span) for span in (item.source, item.cue))
            sure = item.source_confidence
            attributions.append(
                Attribution(item.kind, content, source_span, cue, item.confidence, source_confidence=sure)
            )
            actors.append(item.actor)
    statements = [
        Statement(_all([Range(s.start, s.end) for s in claim.spans], place), claim.check_worthiness)
        for claim in extraction.claims
    ]
    return Whole(text, tuple(attributions), tuple(actors), tuple(item for item in statements if item.spans))


def _same(span: Range) -> Range | None:
    return span


def _all(spans: Sequence[Range], place: Callable[[Range], Range | None]) -> tuple[Range, ...]:
    return tuple(there for span in spans if (there := place(span)) is not None)


class _Inverse:
    """Offsets of the normalised text to those of the input, by the runs that were copied."""

    def __init__(self, runs: Sequence[tuple[int, int, int]]) -> None:
        self._to = {text + step: source + step for text, source, length in runs for step in range(length)}

    def place(self, span: Range) -> Range | None:
        found = [self._to[index] for index in range(span.start, span.end) if index in self._to]
        return Range(found[0], found[-1] + 1) if found else None
