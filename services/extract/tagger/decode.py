"""From the network's scores to attributions: spans of whole words, linked to cues, every item with its best
source."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from services.extract.tagger.bio import (
    FORBIDDEN,
    TagSpan,
    best_tags,
    best_under_grammar,
    end_steps,
    tag_spans,
    word_scores,
)
from services.extract.tagger.boundaries import Words, read_words
from services.extract.tagger.confidence import Evidence, probability
from services.extract.tagger.edges import take_marks, trim
from services.extract.tagger.links import PieceSpan, anchor_owners, gap, link_masses
from services.extract.tagger.places import disjoint, place_of
from services.extract.tagger.spec import CONTENT, SOURCE
from services.extract.text.sentences import sentences
from services.extract.types import Attribution, Entity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.extract.tagger.bio import FloatArray
    from services.extract.tagger.encoding import Pieces
    from services.extract.tagger.network import Scores
    from services.extract.tagger.spec import ModelSpec

_SILENT = 0.02  # below this link mass the network names no cue: a content stands alone, a weak source is none
_REACH = 256  # pieces: links never leave a window, so no source farther away than one can be meant
_TELLS = re.compile(
    r"\b(?:t(?:old|ell(?:s|ing)?)|(?:inform|remind|assur|notifi)(?:s|es|ed|ing))\Z", re.IGNORECASE
)  # whose object is named next
_EVEN = 0.5
# log-odds that an attribution names a source: 18,361 of 19,832 in PolNeAR's training part do
_OVERLOOKED = 2.5


_SOURCE_TAGS = slice(2 * SOURCE + 1, 2 * SOURCE + 3)


class Found(NamedTuple):
    """An attribution and what speaks for it."""

    attribution: Attribution
    evidence: Evidence


class _Chosen(NamedTuple):
    """A source, its link mass to the cue, the next best one's, and how probably there is none."""

    source: PieceSpan | None
    mass: float
    second: float
    none: float


def _pieces(span: TagSpan, words: Words) -> PieceSpan:
    return PieceSpan(int(words.first[span.start]), int(words.last[span.end - 1]), span.score)


class Decoder:
    """Reads the scores of one model. Stateless between calls."""

    def __init__(self, spec: ModelSpec) -> None:
        self.settings = spec.decoding
        self._calibration = spec.calibration
        self._source_calibration = spec.source_calibration
        self._roles = spec.role_transitions
        self._entity_labels = [tag.removeprefix("B-") for tag in spec.entities[1::2]]

    def read(
        self, text: str, pieces: Pieces, scores: Scores
    ) -> tuple[tuple[Attribution, ...], tuple[Entity, ...]]:
        """What :meth:`attributions` and :meth:`entities` give."""
        words = read_words(text, pieces)
        return tuple(found.attribution for found in self._found(text, pieces, words, scores)), self._named(
            text, pieces, words, scores
        )

    def attributions(self, text: str, pieces: Pieces, scores: Scores) -> tuple[Attribution, ...]:
        """All attributions, in the order of their contents."""
        return tuple(found.attribution for found in self.found(text, pieces, scores))

    def found(self, text: str, pieces: Pieces, scores: Scores) -> list[Found]:
        """All attributions in the order of their contents, each with its evidence."""
        return self._found(text, pieces, read_words(text, pieces), scores)

    def entities(self, text: str, pieces: Pieces, scores: Scores) -> tuple[Entity, ...]:
        """All named entities, in the order of the text."""
        return self._named(text, pieces, read_words(text, pieces), scores)

    def _found(self, text: str, pieces: Pieces, words: Words, scores: Scores) -> list[Found]:
        return _Reading(self, text, pieces, words, scores).found() if len(pieces) else []

    def _named(self, text: str, pieces: Pieces, words: Words, scores: Scores) -> tuple[Entity, ...]:
        of_words = word_scores(scores.entities, words.first)
        found = []
        for span in tag_spans(best_under_grammar(of_words), of_words):
            place = place_of(text, pieces, _pieces(span, words))
            if place:
                found.append(Entity(place, self._entity_labels[span.label], span.score))
        return tuple(sorted(found, key=lambda entity: entity.span))

    def spans(
        self, text: str, words: Words, of_words: FloatArray, ends: FloatArray
    ) -> tuple[list[TagSpan], list[TagSpan], list[TagSpan]]:
        """Sources, cues and contents as spans of words, each in order. ``ends``: per piece."""
        labels: tuple[list[TagSpan], list[TagSpan], list[TagSpan]] = ([], [], [])
        steps = end_steps(ends[words.last - 1], CONTENT, of_words.shape[1], self.settings.end_weight)
        for found in tag_spans(best_tags(of_words, self._roles, words.boundary, steps), of_words):
            span: TagSpan | None = found
            if found.label == CONTENT:
                span = trim(take_marks(found, words, len(words)), text, words)
            if span:
                labels[found.label].append(span)
        return labels

    def overlooked(
        self, words: Words, of_words: FloatArray, part: slice, taken: Sequence[TagSpan]
    ) -> list[TagSpan]:
        """Sources that come out in a ``part`` of the words once it is known that there is one; never over the
        spans ``taken``."""
        likely = of_words[part].copy()
        likely[:, _SOURCE_TAGS] += _OVERLOOKED
        for span in taken:
            likely[max(0, span.start - part.start) : max(0, span.end - part.start), _SOURCE_TAGS] = FORBIDDEN
        found = tag_spans(best_tags(likely, self._roles, words.boundary[part]), of_words[part])
        return [
            span._replace(start=span.start + part.start, end=span.end + part.start)
            for span in found
            if span.label == SOURCE
        ]

    def sure(self, evidence: Evidence) -> float:
        """The calibrated confidence."""
        return probability(evidence.features(), self._calibration.weights, self._calibration.bias)

    def sure_of_source(self, evidence: Evidence) -> float:
        """That of the source alone."""
        return probability(
            evidence.source_features(), self._source_calibration.weights, self._source_calibration.bias
        )


class _Reading:
    """One text being decoded."""

    def __init__(self, decoder: Decoder, text: str, pieces: Pieces, words: Words, scores: Scores) -> None:
        self._decoder = decoder
        self._settings = decoder.settings
        self._text = text
        self._pieces = pieces
        self._scores = scores
        self._words = words
        self._of_words = word_scores(scores.roles, self._words.first)
        sources, cues, contents = decoder.spans(text, self._words, self._of_words, scores.ends)
        self._content_words = contents
        self._taken = sorted(cues + contents, key=lambda span: span.start)
        self._taken_starts = [span.start for span in self._taken]
        borders = [sentence.start for sentence in sentences(text)]
        # of each word
        self._sentence: list[int] = np.searchsorted(borders, self._words.starts, "right").tolist()
        # that each piece belongs to
        self._word: list[int] = np.repeat(np.arange(len(words)), words.last - words.first).tolist()
        self._sources = [_pieces(span, self._words) for span in sources]
        self._cues = [_pieces(span, self._words) for span in cues]
        self._contents = [_pieces(span, self._words) for span in contents]
        # An attribution is anchored in its cue; without one, in its (first) content.
        self._anchors = self._cues + self._contents
        self._paragraph: list[int] = np.cumsum(pieces.starts_line).tolist()  # of each piece
        self._owners = anchor_owners(len(pieces), self._anchors)
        masses = link_masses(scores, [*self._contents, *self._sources], self._owners)
        self._content_mass, self._source_mass = masses[: len(contents)], masses[len(contents) :]
        # sum over the pieces before each
        self._no_source: list[float] = [0.0, *np.cumsum(scores.no_source, dtype=np.float64).tolist()]
        self._source_starts = [span.start for span in self._sources]

    def found(self) -> list[Found]:
        items: dict[int, list[int]] = {}
        for content in range(len(self._contents)):
            items.setdefault(self._owner(content), []).append(content)
        self._adopt(items)
        found = [item for anchor, contents in items.items() if (item := self._item(anchor, contents))]
        return sorted(found, key=lambda item: item.attribution.content)

    def _adopt(self, items: dict[int, list[int]]) -> None:
        """Give each cue that got no content the one that follows it at once, where that went to a cue that
        has others."""
        by_start = {
            self._contents[content].start: (anchor, content)
            for anchor, contents in items.items()
            for content in contents
        }
        for cue, place in enumerate(self._cues):
            anchor, content = by_start.get(place.end, (cue, -1))
            if cue not in items and anchor != cue and len(items[anchor]) > 1:
                items[anchor].remove(content)
                items[cue] = [content]

    def _owner(self, content: int) -> int:
        """The number of the anchor a content belongs to: a cue, or from ``len(cues)`` on a content without a
        cue."""
        span, mass = self._contents[content], self._content_mass[content]
        paragraphs = {self._paragraph[span.start], self._paragraph[span.end - 1]}
        # A tenth of what decides among sources: contents are linked well, and only ties need a nudge.
        bonus = self._settings.same_paragraph / 10
        merit = {
            anchor: value
            + (
                bonus
                if anchor < len(self._cues) and self._paragraph[self._anchors[anchor].start] in paragraphs
                else 0.0
            )
            for anchor, value in mass.items()
        }
        if not merit or max(merit.values()) < _SILENT:
            return len(self._cues) + content
        return max(merit, key=lambda anchor: (merit[anchor], -anchor))

    def _item(self, anchor: int, contents: list[int]) -> Found | None:
        parts = [self._contents[content] for content in contents]
        places = disjoint([place for part in parts if (place := place_of(self._text, self._pieces, part))])
        if not places:
            return None
        has_cue = anchor < len(self._cues)
        chosen = self._source(anchor, parts)
        inside, outside = self._quoted(contents)
        length = sum(part.end - part.start for part in parts)
        evidence = Evidence(
            content=sum(part.score * (part.end - part.start) for part in parts) / length,
            cue=self._cues[anchor].score if has_cue else 0.5,
            source=chosen.source.score if chosen.source else 0.5,
            content_link=min(self._content_mass[content].get(anchor, 0.0) for content in contents),
            source_link=chosen.mass,
            source_margin=chosen.mass - chosen.second,
            has_cue=float(has_cue),
            has_source=float(chosen.source is not None),
            quoted=inside / max(1, inside + outside),
            pieces=float(length),
            no_source=chosen.none,
        )
        sure = self._decoder.sure(evidence)
        attribution = Attribution(
            kind="indirect" if not inside else "mixed" if outside else "direct",
            content=places,
            source=place_of(self._text, self._pieces, chosen.source) if chosen.source else None,
            cue=place_of(self._text, self._pieces, self._cues[anchor]) if has_cue else None,
            confidence=sure,
            # words and source can both be right only where the source is
            source_confidence=max(sure, self._decoder.sure_of_source(evidence)),
        )
        return Found(attribution, evidence)

    def _quoted(self, contents: list[int]) -> tuple[int, int]:
        """How many of the contents' words stand inside and outside quotation marks."""
        inside = outside = 0
        for content in contents:
            span = self._content_words[content]
            words = self._words.is_word[span.start : span.end]
            quoted = int((words & self._words.quoted[span.start : span.end]).sum())
            inside, outside = inside + quoted, outside + int(words.sum()) - quoted
        return inside, outside

    def _source(self, anchor: int, contents: list[PieceSpan]) -> _Chosen:
        """The best source of one attribution, shared with others where it is theirs too; one that stands in
        its cue's sentence.

        Of 35 links to other sentences in PolNeAR dev none was right.
        """
        place = self._anchors[anchor]
        has_cue = anchor < len(self._cues)
        none = self._none(place, contents)
        first = bisect_left(self._source_starts, place.start - _REACH)
        last = bisect_left(self._source_starts, place.end + _REACH)
        near = [n for n in range(first, last) if not has_cue or self._may_name(self._sources[n], place)]
        chosen = self._best(
            [(self._sources[n], self._source_mass[n].get(anchor, 0.0)) for n in near], place, none
        )
        if chosen.source is None and has_cue and none < _EVEN:
            word = self._word[place.start]
            begins, ends = (
                side(self._sentence, self._sentence[word]) for side in (bisect_left, bisect_right)
            )
            part = slice(max(begins, word - _REACH), min(ends, word + _REACH))
            near_by = slice(
                max(0, bisect_right(self._taken_starts, part.start) - 1),
                bisect_left(self._taken_starts, part.stop),
            )
            overlooked = self._decoder.overlooked(self._words, self._of_words, part, self._taken[near_by])
            spans = [
                span
                for span in (_pieces(found, self._words) for found in overlooked)
                if self._may_name(span, place)
            ]
            linked = [mass.get(anchor, 0.0) for mass in link_masses(self._scores, spans, self._owners)]
            chosen = self._best(
                [(span, mass) for span, mass in zip(spans, linked, strict=True) if mass > _SILENT],
                place,
                none,
            )
        return chosen

    def _best(self, candidates: Sequence[tuple[PieceSpan, float]], place: PieceSpan, none: float) -> _Chosen:
        """The best of some sources, given with their link mass, for an attribution anchored at ``place``."""
        settings = self._settings
        best, best_merit, best_mass, second = None, settings.minimum + settings.none_weight * none, 0.0, 0.0
        for source, mass in candidates:
            near = self._paragraph[source.start] == self._paragraph[place.start]
            merit = mass + settings.same_paragraph * near - settings.per_piece * gap(source, place)
            if merit > best_merit:
                if best is not None:
                    second = max(second, best_mass)
                best, best_merit, best_mass = source, merit, mass
            else:
                second = max(second, mass)
        return _Chosen(best, best_mass, second, none)

    def _none(self, place: PieceSpan, contents: list[PieceSpan]) -> float:
        """How probable it is that the text names no source: the mean of what the cue says and what the
        contents say."""
        parts = [part for part in contents if part != place]
        of_anchor = self._mean_none([place])
        return (of_anchor + self._mean_none(parts)) / 2 if parts else of_anchor

    def _mean_none(self, spans: Sequence[PieceSpan]) -> float:
        """The mean over the pieces of spans of the probability that their attribution names no source."""
        total = sum(self._no_source[span.end] - self._no_source[span.start] for span in spans)
        return total / sum(span.end - span.start for span in spans)

    def _may_name(self, source: PieceSpan, cue: PieceSpan) -> bool:
        """Whether a source can be a cue's: it stands in the same sentence, and is not the one who was
        told."""
        if self._sentence[self._word[source.start]] != self._sentence[self._word[cue.start]]:
            return False
        start, end = int(self._pieces.starts[cue.start]), int(self._pieces.ends[cue.end - 1])
        return source.start != cue.end or not _TELLS.search(self._text, start, end)
