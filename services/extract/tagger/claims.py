"""What the network says of any stretch of a text: does it hold a claim a fact-checker would look at?"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from services.extract.types import Range

if TYPE_CHECKING:
    from services.extract.tagger.encoding import Pieces
    from services.extract.tagger.network import Scores


class PieceClaims:
    """Per piece of a text its place and its share in the log-odds of its sentence's being check-worthy."""

    __slots__ = ("_before", "_ends", "_starts")

    def __init__(self, pieces: Pieces, scores: Scores) -> None:
        self._starts: list[int] = pieces.starts.tolist()
        self._ends: list[int] = pieces.ends.tolist()
        # sum over the pieces before each
        self._before: list[float] = [0.0, *np.cumsum(scores.claims, dtype=np.float64).tolist()]

    def __call__(self, spans: Sequence[Range]) -> float | None:
        """Log-odds of the words in ``spans``, not calibrated; None where they hold no piece."""
        total, count = 0.0, 0
        for span in spans:
            first, last = bisect_right(self._ends, span.start), bisect_left(self._starts, span.end)
            if first < last:
                total += self._before[last] - self._before[first]
                count += last - first
        return total / count if count else None
