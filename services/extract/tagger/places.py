"""Where pieces lie in the text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.extract.types import Range

if TYPE_CHECKING:
    from services.extract.tagger.encoding import Pieces
    from services.extract.tagger.links import PieceSpan


def place_of(text: str, pieces: Pieces, span: PieceSpan) -> Range | None:
    """Where a span lies in the text, white space at its edges taken off; None when nothing is left."""
    start, end = int(pieces.starts[span.start]), int(pieces.ends[span.end - 1])
    words = text[start:end]
    start += len(words) - len(words.lstrip())
    end -= len(words) - len(words.rstrip())
    return Range(start, end) if end > start else None


def disjoint(ranges: list[Range]) -> tuple[Range, ...]:
    """Sorted; overlapping ranges joined."""
    joined: list[Range] = []
    for item in sorted(ranges):
        if joined and item.start < joined[-1].end:
            joined[-1] = Range(joined[-1].start, max(joined[-1].end, item.end))
        else:
            joined.append(item)
    return tuple(joined)
