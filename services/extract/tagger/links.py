"""Which content and which source belong to which cue: the network's link distribution, summed over spans."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from services.extract.tagger.encoding import IntArray
from services.extract.tagger.network import Scores


class PieceSpan(NamedTuple):
    """Pieces ``[start, end)`` of one role. ``score``: mean probability of the role over them."""

    start: int
    end: int
    score: float


def anchor_owners(count: int, anchors: Sequence[PieceSpan]) -> IntArray:
    """For each of ``count`` pieces the number of the anchor it lies in, or -1; one entry more, always -1, answers for "no link"."""
    owners = np.full(count + 1, -1, np.int64)
    for number, anchor in enumerate(anchors):
        owners[anchor.start : anchor.end] = number
    return owners


def link_mass(scores: Scores, span: PieceSpan, owners: IntArray) -> dict[int, float]:
    """Per anchor, the mean over the span's pieces of the probability that they belong to its attribution. Sums to at most 1."""
    found = owners[scores.link_to[span.start : span.end]]
    linked = found >= 0
    numbers, places = np.unique(found[linked], return_inverse=True)
    mass = np.bincount(places, scores.link_probability[span.start : span.end][linked], len(numbers)) / (span.end - span.start)
    return {int(number): float(value) for number, value in zip(numbers, mass, strict=True)}


def no_source(scores: Scores, span: PieceSpan) -> float:
    """The mean over the pieces of a cue or content of the probability that their attribution names no source."""
    return float(scores.no_source[span.start : span.end].mean())


def gap(left: PieceSpan, right: PieceSpan) -> int:
    """Pieces between two spans; 0 when they touch or overlap."""
    return max(0, left.start - right.end, right.start - left.end)
