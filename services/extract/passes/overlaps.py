"""Attributions that must not overlap: what stands inside others, and what others have claimed already."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace

from services.extract.passes.tidy import WORD_CHARACTER
from services.extract.types import Attribution, Range


def one_per_paragraph(text: str, verbatim: Iterable[Attribution]) -> list[Attribution]:
    """Turns and posts without pieces that hold no word; a paragraph belongs to the first of them."""
    kept: list[Attribution] = []
    position = -1
    for attribution in sorted(verbatim, key=lambda a: a.content):
        content = tuple(
            p for p in attribution.content if p.start > position and WORD_CHARACTER.search(text, *p)
        )
        if content:
            position = content[-1].end
            kept.append(replace(attribution, content=content))
    return kept


def outside(attributions: Iterable[Attribution], verbatim: Sequence[Attribution]) -> list[Attribution]:
    """The attributions that do not begin inside any of the others."""
    spans = sorted(
        piece
        for attribution in verbatim
        for piece in (attribution.source, *attribution.content)
        if piece is not None
    )
    starts = [span.start for span in spans]

    def inside(position: int) -> bool:
        index = bisect_right(starts, position) - 1
        return index >= 0 and position < spans[index].end

    return [a for a in attributions if not any(inside(piece.start) for piece in a.content)]


def unclaimed(found: Sequence[Attribution], claimed: Sequence[Attribution]) -> list[Attribution]:
    """Those of ``found`` whose words nobody claims yet."""
    taken = sorted(piece for attribution in claimed for piece in attribution.content)
    starts = [piece.start for piece in taken]

    def free(piece: Range) -> bool:
        index = bisect_left(starts, piece.end) - 1
        return index < 0 or taken[index].end <= piece.start

    return [attribution for attribution in found if all(free(piece) for piece in attribution.content)]
