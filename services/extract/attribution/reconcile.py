"""What the tagger found, reconciled with the quotation marks: edges put right, kinds by rule, missed quotes added."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from services.extract.attribution.adjacent import adjacent_source
from services.extract.attribution.quotations import Quotations
from services.extract.types import Attribution, QuotedStretch, Range

_WORD_CHARACTER = re.compile(r"\w")
_PARAGRAPH_BREAK = re.compile(r"\n+")
_COLON_REACH = 8  # code points: a colon, a closing mark and the paragraph break
_MOST = 0.5  # share of a quoted stretch that makes it an attribution's own even where another claims the rest

# Confidence of what only the marks say; the tagger's own confidences are calibrated, these are set below them.
_BESIDE_CUE = 0.8
_SAME_PARAGRAPH = 0.75
_REOPENED = 0.8
_NEXT_PARAGRAPH = 0.5
_FLOATING = 0.4


@dataclass(frozen=True, slots=True)
class Found:
    """An attribution, and the place in the list of the one whose speaker it inherits, when it names none itself."""

    attribution: Attribution
    inherits: int | None = None


def reconcile(text: str, attributions: Iterable[Attribution], quotations: Quotations) -> list[Found]:
    """All attributions of a text in text order.

    Content is trimmed to words and closed over quotation marks it cuts through; a stretch belongs to one attribution; quoted
    speech that nobody claims is attributed by what stands beside it, else to the running speaker, else to nobody.
    """
    tidied = [tidy for attribution in attributions if (tidy := _tidy(text, attribution, quotations)) is not None]
    tidied.sort(key=lambda a: (a.content[0], a.cue or Range(0, 0)))
    claimed = _close_over_marks(tidied, quotations)
    claimed += _missed(text, claimed, quotations)
    claimed.sort(key=lambda a: (a.content[0], a.cue or Range(0, 0)))
    claimed = [replace(a, kind=_kind(text, a, quotations)) for a in claimed]
    return _running_speakers(text, claimed, quotations)


def _tidy(text: str, attribution: Attribution, quotations: Quotations) -> Attribution | None:
    """Content trimmed to words and marks and kept to its paragraph, pieces without a word dropped, neighbours joined."""
    cue = _words(text, attribution.cue)
    source = _words(text, attribution.source, keep=_CLOSES_APPOSITION)
    anchor = cue or source or min(attribution.content)
    trimmed = [_trimmed(text, part) for piece in sorted(attribution.content) for part in _by_paragraph(text, piece)]
    pieces = [piece for piece in trimmed if _WORD_CHARACTER.search(text, piece.start, piece.end)]
    near = [piece for piece in pieces if _belongs(text, piece, anchor, quotations)]
    joined: list[Range] = []
    for start, end in near or pieces:
        if joined and (
            start <= joined[-1].end or not (_WORD_CHARACTER.search(text, joined[-1].end, start) or "\n" in text[joined[-1].end : start])
        ):
            joined[-1] = Range(joined[-1].start, max(end, joined[-1].end))
        else:
            joined.append(Range(start, end))
    if not joined:
        return None
    if source is not None:
        parts = _by_paragraph(text, source)
        part = next((part for part in parts if _paragraph(text, part.start) == _paragraph(text, anchor.start)), parts[-1])
        source = _words(text, part, keep=_CLOSES_APPOSITION)
        if cue is None and source is not None and _paragraph(text, source.start) != _paragraph(text, joined[0].start):
            source = None  # nothing but a line break links the two
    return replace(attribution, content=tuple(joined), source=source, cue=cue)


def _trimmed(text: str, piece: Range) -> Range:
    start, end = piece
    while start < end and not (text[start].isalnum() or text[start] in _LEADING):
        start += 1
    while end > start and (text[end - 1].isspace() or text[end - 1] in ",;:—–-"):
        end -= 1
    return Range(start, end)


def _by_paragraph(text: str, span: Range) -> list[Range]:
    """A span cut at paragraph breaks."""
    start, end = max(0, span.start), min(len(text), span.end)
    parts: list[Range] = []
    for match in _PARAGRAPH_BREAK.finditer(text, start, end):
        parts.append(Range(start, match.start()))
        start = match.end()
    parts.append(Range(start, max(start, end)))
    return parts


def _paragraph(text: str, position: int) -> int:
    """Where the paragraph that holds a position begins."""
    return text.rfind("\n", 0, position) + 1


def _is_label(text: str, piece: Range) -> bool:
    """Whether the paragraph of a piece ends like a heading (‘Ends recession debate’: CPA Canada), not like a sentence."""
    end = text.find("\n", piece.end)
    return text[piece.end : len(text) if end < 0 else end].rstrip()[-1:].isalnum()


def _belongs(text: str, piece: Range, anchor: Range, quotations: Quotations) -> bool:
    """Whether content in another paragraph than its cue is more than the heading or the sentence next door."""
    if _paragraph(text, piece.start) == _paragraph(text, anchor.start):
        return True
    stretches = quotations.over(piece)
    if stretches and not stretches[0].continues and _is_label(text, piece):
        return False
    if stretches:
        return stretches[0].outer.start <= piece.start + 1 and not quotations.is_heading(stretches[0])
    opening = _paragraph(text, piece.start)
    return text[max(0, opening - _COLON_REACH) : opening].rstrip().endswith(":")


_LEADING = "“„‟\"＂«»‹›「『〝'‘‚‛`$£€¥#@(["


_CLOSES_APPOSITION = ",–—―"
"""Ends a source that is more than a name, as annotators mark it: “Brian Fallon, the press secretary,” said."""


def _words(text: str, span: Range | None, keep: str = "") -> Range | None:
    """A span trimmed of white space and edge punctuation, but for closing marks to ``keep``; None when no word is left."""
    if span is None:
        return None
    start, end = max(0, span.start), min(len(text), span.end)
    while start < end and not text[start].isalnum() and text[start] not in "@#":
        start += 1
    while end > start and not text[end - 1].isalnum() and text[end - 1] not in ".)”’\"'" + keep:
        end -= 1
    return Range(start, end) if _WORD_CHARACTER.search(text, start, end) else None


def _close_over_marks(attributions: list[Attribution], quotations: Quotations) -> list[Attribution]:
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
        content = _content(number, attribution, owner, quotations)
        if content:
            closed.append(replace(attribution, content=content))
    return closed


def _content(number: int, attribution: Attribution, owner: dict[Range, int], quotations: Quotations) -> tuple[Range, ...]:
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
        if start < end:
            pieces.append(Range(start, end))
    return _disjoint(pieces)


def _disjoint(pieces: Iterable[Range]) -> tuple[Range, ...]:
    joined: list[Range] = []
    for piece in sorted(pieces):
        if joined and piece.start <= joined[-1].end:
            joined[-1] = Range(joined[-1].start, max(joined[-1].end, piece.end))
        else:
            joined.append(piece)
    return tuple(joined)


def _missed(text: str, attributions: Sequence[Attribution], quotations: Quotations) -> list[Attribution]:
    """Quoted speech that no attribution covers."""
    covered = bytearray(len(text))
    for attribution in attributions:
        for piece in (*attribution.content, attribution.source, attribution.cue):
            if piece is not None:
                covered[piece.start : piece.end] = b"\1" * (piece.end - piece.start)
    added: list[Attribution] = []
    for stretch in quotations.outermost:
        if any(covered[stretch.inner.start : stretch.inner.end]) or not quotations.is_speech(stretch):
            continue
        beside = adjacent_source(text, stretch)
        if beside is not None:
            source, cue = beside
            added.append(Attribution("direct", (stretch.outer,), source, cue, _BESIDE_CUE))
        elif quotations.is_sentence(stretch):
            added.append(Attribution("direct", (stretch.outer,), None, None, _FLOATING))
    return added


def _kind(text: str, attribution: Attribution, quotations: Quotations) -> str:
    """``direct`` when all words of the content stand in quotation marks, ``mixed`` when some do."""
    inside = outside = 0
    for piece in attribution.content:
        position = piece.start
        for stretch in quotations.evidence(piece, attribution.cue, attribution.source):
            outside += len(_WORD_CHARACTER.findall(text, position, max(position, stretch.outer.start)))
            inner = Range(max(piece.start, stretch.inner.start), min(piece.end, stretch.inner.end))
            if not quotations.is_name(stretch):
                inside += len(_WORD_CHARACTER.findall(text, inner.start, inner.end))
            else:
                outside += 1
            position = max(position, stretch.outer.end)
        outside += len(_WORD_CHARACTER.findall(text, position, max(position, piece.end)))
    if not inside:
        return "indirect"
    return "mixed" if outside else "direct"


def _running_speakers(text: str, attributions: Sequence[Attribution], quotations: Quotations) -> list[Found]:
    """Point every quotation without a source at the one whose speaker goes on speaking."""
    found: list[Found] = []
    for number, attribution in enumerate(attributions):
        if attribution.source is not None or attribution.kind == "indirect":
            found.append(Found(attribution))
            continue
        link = _previous(text, attributions, number, quotations) or _following(text, attributions, number)
        if link is None:
            found.append(Found(attribution))
        else:
            inherits, confidence = link
            found.append(
                Found(
                    replace(attribution, confidence=confidence if attribution.cue is None else min(attribution.confidence, confidence)),
                    inherits,
                )
            )
    return found


def _previous(text: str, attributions: Sequence[Attribution], number: int, quotations: Quotations) -> tuple[int, float] | None:
    """The attribution before, when its speaker goes on: in the same paragraph, by a reopened mark, or by a paragraph all in quotes."""
    if number == 0:
        return None
    here, before = attributions[number], attributions[number - 1]
    gap = text[before.content[-1].end : here.content[0].start] if before.content[-1].end < here.content[0].start else ""
    breaks = len(_PARAGRAPH_BREAK.findall(gap))
    speech = before.kind in ("direct", "mixed")
    if breaks == 0:
        return number - 1, _SAME_PARAGRAPH
    ending = [s for s in quotations.over(before.content[-1]) if s.continues]
    if breaks == 1 and ending:
        return number - 1, _REOPENED
    opening: list[QuotedStretch] = quotations.over(here.content[0])
    if breaks == 1 and opening and quotations.fills_paragraph(opening[0]) and (speech or gap.rstrip().endswith(":")):
        return number - 1, _NEXT_PARAGRAPH
    return None


def _following(text: str, attributions: Sequence[Attribution], number: int) -> tuple[int, float] | None:
    """The attribution after, in the same paragraph: “One thing.” “Another thing,” he said."""
    if number + 1 >= len(attributions):
        return None
    after = attributions[number + 1]
    if after.source is None or after.kind == "indirect":
        return None
    gap = text[attributions[number].content[-1].end : after.content[0].start]
    return (number + 1, _SAME_PARAGRAPH) if "\n" not in gap else None
