"""Quotations as evidence of who said what: whose they are, and those that nobody claims."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import replace

from services.extract.passes import clauses, trust
from services.extract.passes.adjacent import adjacent_source
from services.extract.passes.quotations import Quotations
from services.extract.passes.tidy import WORD_CHARACTER, spaceless
from services.extract.types import Attribution, QuotedStretch, Range

_MOST = 0.5  # share of a quoted stretch that makes it an attribution's own even where another claims the rest

# Confidence of what only the marks say; the tagger's own confidences are calibrated, these are set below
# them.
_BESIDE_CUE = 0.8
_FLOATING = 0.4


def closed_over_marks(
    text: str, attributions: list[Attribution], quotations: Quotations
) -> list[Attribution]:
    """Give every quoted stretch to the attribution that covers most of it, whole."""
    claims: dict[Range, list[tuple[int, int]]] = {}
    for number, attribution in enumerate(attributions):
        for piece in attribution.content:
            for stretch in quotations.evidence(piece, attribution.cue, attribution.source):
                shared = min(piece.end, stretch.inner.end) - max(piece.start, stretch.inner.start)
                if shared > 0:
                    claims.setdefault(stretch.outer, []).append((number, shared))
    stretches = {stretch.outer: stretch for stretch in quotations.outermost}
    owner: dict[Range, int] = {}
    for outer, bids in claims.items():
        totals: dict[int, int] = {}
        for number, shared in bids:
            totals[number] = totals.get(number, 0) + shared
        best = max(totals, key=lambda number: (totals[number], -number))
        stretch = stretches[outer]
        if len(totals) == 1 or totals[best] >= _MOST * (stretch.inner.end - stretch.inner.start):
            owner[outer] = best
    closed: list[Attribution] = []
    for number, attribution in enumerate(attributions):
        content = _content(text, number, attribution, owner, quotations)
        if content:
            closed.append(
                attribution if content == attribution.content else replace(attribution, content=content)
            )
    return closed


def _content(
    text: str, number: int, attribution: Attribution, owner: dict[Range, int], quotations: Quotations
) -> tuple[Range, ...]:
    pieces: list[Range] = []
    for piece in attribution.content:
        start, end = piece
        for stretch in quotations.evidence(piece, attribution.cue, attribution.source):
            owned_by = owner.get(stretch.outer)
            if owned_by is None:
                continue
            if owned_by == number:
                start, end = min(start, stretch.outer.start), max(end, stretch.outer.end)
            elif stretch.outer.start <= start:
                start = max(start, min(end, stretch.outer.end))
            else:
                end = min(end, stretch.outer.start)
        piece = spaceless(text, Range(start, end))
        if WORD_CHARACTER.search(text, *piece):
            pieces.append(piece)
    return _disjoint(pieces)


def _disjoint(pieces: Iterable[Range]) -> tuple[Range, ...]:
    joined: list[Range] = []
    for piece in sorted(pieces):
        if joined and piece.start <= joined[-1].end:
            joined[-1] = Range(joined[-1].start, max(joined[-1].end, piece.end))
        else:
            joined.append(piece)
    return tuple(joined)


def with_own_cue(text: str, attributions: Sequence[Attribution], quotations: Quotations) -> list[Attribution]:
    """Quotations with reporting words of their own beside them, which nobody uses, taken from the attribution
    they were drawn into."""
    used = sorted(attribution.cue for attribution in attributions if attribution.cue is not None)
    starts = [cue.start for cue in used]

    def unused(cue: Range) -> bool:
        index = bisect_left(starts, cue.end) - 1
        return index < 0 or used[index].end <= cue.start

    split: list[Attribution] = []
    for attribution in attributions:
        kept: list[Range] = []
        for piece in attribution.content:
            stretch = next(
                (s for s in quotations.over(piece) if s.outer == piece and quotations.is_speech(s)), None
            )
            beside = _beside(text, stretch, quotations) if stretch is not None else None
            if beside is not None and beside[1] is not None and unused(beside[1]):
                sure = min(_BESIDE_CUE, attribution.confidence)
                split.append(Attribution("direct", (piece,), *beside, sure, source_confidence=trust.BESIDE))
            else:
                kept.append(piece)
        if kept:
            split.append(
                attribution
                if len(kept) == len(attribution.content)
                else replace(attribution, content=tuple(kept))
            )
    return split


def _beside(text: str, stretch: QuotedStretch, quotations: Quotations) -> tuple[Range, Range | None] | None:
    """Source and cue beside a quoted stretch, read in the way of the text's language; None where nobody has
    written that way down."""
    if not quotations.language.grammar:
        return None
    if quotations.language.grammar.get("order") == clauses.VERB_SECOND:
        return clauses.beside(quotations.unquoted, stretch.outer, quotations.language)
    return adjacent_source(text, stretch, quotations.language)


def unclaimed_quotations(
    text: str, attributions: Sequence[Attribution], quotations: Quotations
) -> list[Attribution]:
    """Quoted speech that no attribution covers."""
    covered = bytearray(len(text))
    for attribution in attributions:
        for piece in (*attribution.content, attribution.source, attribution.cue):
            if piece is not None:
                covered[piece.start : piece.end] = b"\1" * (piece.end - piece.start)
    added: list[Attribution] = []
    for stretch in quotations.outermost:
        if any(covered[stretch.inner.start : stretch.inner.end]):
            continue
        set_off = quotations.is_set_off(stretch) and not quotations.is_name(stretch)
        if not set_off and not quotations.is_speech(stretch):
            continue
        beside = _beside(text, stretch, quotations)
        if beside is not None:
            source, cue = beside
            added.append(
                Attribution(
                    "direct", (stretch.outer,), source, cue, _BESIDE_CUE, source_confidence=trust.BESIDE
                )
            )
        elif quotations.is_sentence(stretch):
            added.append(
                Attribution(
                    "direct", (stretch.outer,), None, None, _FLOATING, source_confidence=trust.FLOATING
                )
            )
    return added


def kind_by_marks(text: str, attribution: Attribution, quotations: Quotations) -> str:
    """``direct`` when all words of the content stand in quotation marks, ``mixed`` when some do."""
    inside = outside = 0
    evidence = [
        (piece, quotations.evidence(piece, attribution.cue, attribution.source))
        for piece in attribution.content
    ]
    if not any(stretches for _, stretches in evidence):
        return "indirect"
    for piece, stretches in evidence:
        position = piece.start
        for stretch in stretches:
            outside += len(WORD_CHARACTER.findall(text, position, max(position, stretch.outer.start)))
            inner = Range(max(piece.start, stretch.inner.start), min(piece.end, stretch.inner.end))
            if not quotations.is_name(stretch):
                inside += len(WORD_CHARACTER.findall(text, inner.start, inner.end))
            else:
                outside += 1
            position = max(position, stretch.outer.end)
        outside += len(WORD_CHARACTER.findall(text, position, max(position, piece.end)))
    if not inside:
        return "indirect"
    return "mixed" if outside else "direct"
