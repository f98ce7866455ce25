"""Which content and which source belong to which cue: the network's link distribution, summed over spans."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from services.extract.tagger.network import Scores


class PieceSpan(NamedTuple):
    """Pieces ``[start, end)`` of one role. ``score``: mean probability of the role over them."""

    start: int
    end: int
    score: float


def link_mass(scores: Scores, spans: list[PieceSpan], targets: list[PieceSpan]) -> npt.NDArray[np.float64]:
    """[spans, targets]: the mean, over a span's pieces, of the probability that they belong to the attribution anchored in a target.

    ``targets`` are disjoint. Rows sum to at most 1.
    """
    count = len(scores.link_to)
    owner = np.full(count + 1, -1, np.int64)  # the last entry answers for "no link" (-1)
    for index, target in enumerate(targets):
        owner[target.start : target.end] = index
    mass = np.zeros((len(spans), len(targets)))
    for row, span in enumerate(spans):
        owners = owner[scores.link_to[span.start : span.end]]
        found = owners >= 0
        np.add.at(mass[row], owners[found], scores.link_probability[span.start : span.end][found])
        mass[row] /= span.end - span.start
    return mass
