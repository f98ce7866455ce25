"""From the network's scores to attributions: spans of whole words, linked to cues, every item with its best source."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from services.extract.tagger.bio import TagSpan, best_tags, grammar, tag_spans, word_scores
from services.extract.tagger.boundaries import Words, read_words
from services.extract.tagger.edges import take_marks, trim
from services.extract.tagger.links import PieceSpan, link_mass
from services.extract.tagger.marks import kind_of
from services.extract.tagger.spec import CONTENT
from services.extract.types import Attribution, Entity, Range

if TYPE_CHECKING:
    from services.extract.tagger.encoding import IntArray, Pieces
    from services.extract.tagger.network import Scores
    from services.extract.tagger.spec import Decoding, ModelSpec

_SILENT = 0.02  # below this link mass the network names no cue: the content stands alone


def _pieces(span: TagSpan, words: Words) -> PieceSpan:
    return PieceSpan(int(words.first[span.start]), int(words.last[span.end - 1]), span.score)


def _place(text: str, pieces: Pieces, span: PieceSpan) -> Range | None:
    """Where a span lies in the text, white space at its edges taken off; None when nothing is left."""
    start, end = int(pieces.starts[span.start]), int(pieces.ends[span.end - 1])
    words = text[start:end]
    start += len(words) - len(words.lstrip())
    end -= len(words) - len(words.rstrip())
    return Range(start, end) if end > start else None


def _disjoint(ranges: list[Range]) -> tuple[Range, ...]:
    """Sorted; overlapping ranges joined."""
    joined: list[Range] = []
    for item in sorted(ranges):
        if joined and item.start < joined[-1].end:
            joined[-1] = Range(joined[-1].start, max(joined[-1].end, item.end))
        else:
            joined.append(item)
    return tuple(joined)


class Decoder:
    """Reads the scores of one model. Stateless between calls."""

    def __init__(self, spec: ModelSpec) -> None:
        self._settings: Decoding = spec.decoding
        self._roles = spec.role_transitions
        self._entities = grammar(len(spec.entities))[None]
        self._entity_labels = [tag.removeprefix("B-") for tag in spec.entities[1::2]]

    def attributions(self, text: str, pieces: Pieces, scores: Scores) -> tuple[Attribution, ...]:
        """All attributions, in the order of their contents."""
        if not len(pieces):
            return ()
        words = read_words(text, pieces)
        sources, cues, contents = self._spans(text, words, scores)
        anchors = cues + contents
        paragraphs = np.cumsum(pieces.starts_line, dtype=np.int64)
        owners = self._owners(scores, contents, cues, paragraphs)
        sought = link_mass(scores, sources, anchors)
        found = []
        for anchor in sorted(set(owners)):
            parts = [part for part, owner in zip(contents, owners, strict=True) if owner == anchor]
            places = _disjoint([place for part in parts if (place := _place(text, pieces, part))])
            if not places:
                continue
            source, belief = self._source(anchors[anchor], sources, sought[:, anchor], paragraphs)
            found.append(
                Attribution(
                    kind=kind_of(text, places),
                    content=places,
                    source=_place(text, pieces, source) if source else None,
                    cue=_place(text, pieces, cues[anchor]) if anchor < len(cues) else None,
                    confidence=float(np.clip(np.mean([part.score for part in parts]) * belief, 0.0, 1.0)),
                )
            )
        return tuple(sorted(found, key=lambda item: item.content))

    def _spans(self, text: str, words: Words, scores: Scores) -> tuple[list[PieceSpan], list[PieceSpan], list[PieceSpan]]:
        """Sources, cues and contents, each in order."""
        of_words = word_scores(scores.roles, words.first)
        tags = best_tags(of_words, self._roles, words.boundary)
        labels: tuple[list[PieceSpan], list[PieceSpan], list[PieceSpan]] = ([], [], [])
        for found in tag_spans(tags, of_words):
            span: TagSpan | None = found
            if found.label == CONTENT:
                span = trim(take_marks(found, words, len(words)), text, words)
            if span:
                labels[found.label].append(_pieces(span, words))
        return labels

    def _owners(self, scores: Scores, contents: list[PieceSpan], cues: list[PieceSpan], paragraphs: IntArray) -> list[int]:
        """For each content the number of its anchor: a cue, or (from ``len(cues)`` on) a content that has no cue."""
        mass = link_mass(scores, contents, cues + contents)
        owners = []
        for index, (content, row) in enumerate(zip(contents, mass, strict=True)):
            for number, cue in enumerate(cues):
                if paragraphs[cue.start] in (paragraphs[content.start], paragraphs[content.end - 1]):
                    row[number] += self._settings.same_paragraph / 10
            owners.append(len(cues) + index if row.max() < _SILENT else int(row.argmax()))
        return owners

    def _source(
        self, anchor: PieceSpan, sources: list[PieceSpan], mass: npt.NDArray[np.float64], paragraphs: IntArray
    ) -> tuple[PieceSpan | None, float]:
        """The best source of one attribution, shared with others where it is theirs too; the second value is how sure (0..1)."""
        if not sources:
            return None, 0.5
        settings = self._settings
        merit = mass.copy()
        for number, source in enumerate(sources):
            between = max(0, source.start - anchor.end, anchor.start - source.end)
            near = paragraphs[source.start] == paragraphs[anchor.start]
            merit[number] += settings.same_paragraph * near - settings.per_piece * between
        best = int(merit.argmax())
        if merit[best] <= settings.minimum:
            return None, 0.5
        return sources[best], float(np.clip(0.5 + mass[best] / 2, 0.0, 1.0))

    def entities(self, text: str, pieces: Pieces, scores: Scores) -> tuple[Entity, ...]:
        """All named entities, in the order of the text."""
        if not len(pieces):
            return ()
        words = read_words(text, pieces)
        of_words = word_scores(scores.entities, words.first)
        found = []
        for span in tag_spans(best_tags(of_words, self._entities), of_words):
            place = _place(text, pieces, _pieces(span, words))
            if place:
                found.append(Entity(place, self._entity_labels[span.label], span.score))
        return tuple(sorted(found, key=lambda entity: entity.span))
