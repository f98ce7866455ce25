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
    """For each of ``count`` pieces the number of the anchor it lies in, or -1; one entry more, always -1,
    answers for "no link"."""
    owners = np.full(count + 1, -1, np.int64)
    for number, anchor in enumerate(anchors):
        owners[anchor.start : anchor.end] = number
    return owners


def link_masses(scores: Scores, spans: Sequence[PieceSpan], owners: IntArray) -> list[dict[int, float]]:
    """Of each span, per anchor, the mean over its pieces of the probability that they belong to the anchor's
    attribution. One span's sum to at most 1."""
    masses: list[dict[int, float]] = [{} for _ in spans]
    if not spans:
        return masses
    lengths = np.array([span.end - span.start for span in spans])
    rows = np.concatenate([np.arange(span.start, span.end) for span in spans])
    found = owners[scores.link_to[rows]]
    linked = found >= 0
    anchors = int(owners.max()) + 1
    keys = (np.repeat(np.arange(len(spans)), lengths)[:, None] * anchors + found)[linked]
    distinct, places = np.unique(keys, return_inverse=True)
    sums = np.bincount(places, scores.link_probability[rows][linked], len(distinct))
    for key, total in zip(distinct.tolist(), sums.tolist(), strict=True):
        span, anchor = divmod(key, anchors)
        masses[span][anchor] = total / (spans[span].end - spans[span].start)
    return masses


def gap(left: PieceSpan, right: PieceSpan) -> int:
    """Pieces between two spans; 0 when they touch or overlap."""
    return max(0, left.start - right.end, right.start - left.end)
