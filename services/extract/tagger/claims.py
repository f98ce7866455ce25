"""What the network says of any stretch of a text: does it hold a claim a fact-checker would look at?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from services.extract.types import Range

if TYPE_CHECKING:
    from services.extract.tagger.encoding import Pieces
    from services.extract.tagger.network import Scores


@dataclass(frozen=True, slots=True, eq=False)
class PieceClaims:
    """Per piece of a text its place and its share in the log-odds of its sentence's being check-worthy."""

    pieces: Pieces
    scores: Scores

    def __call__(self, spans: Sequence[Range]) -> float | None:
        """Log-odds of the words in ``spans``, not calibrated; None where they hold no piece."""
        logits = []
        for span in spans:
            first = int(np.searchsorted(self.pieces.ends, span.start, "right"))
            last = int(np.searchsorted(self.pieces.starts, span.end, "left"))
            logits.append(self.scores.claims[first:last])
        joined = np.concatenate(logits) if logits else np.zeros(0, np.float32)
        return float(joined.mean()) if len(joined) else None
