"""What the tagger found, reconciled with the quotation marks: edges put right, kinds by rule, missed quotes added."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from services.extract.attribution import trust
from services.extract.attribution.adjacent import adjacent_source
from services.extract.attribution.clauses import linked
from services.extract.attribution.continued import is_scare_quote, joined, once
from services.extract.attribution.conventions import as_annotated
from services.extract.attribution.headlines import headlines
from services.extract.attribution.nesting import said
from services.extract.attribution.phrases import phrases
from services.extract.attribution.posts import posts
from services.extract.attribution.quotations import Quotations
from services.extract.attribution.subjects import subjects
from services.extract.attribution.tidy import PARAGRAPH_BREAK, WORD_CHARACTER, spaceless, tidy
from services.extract.attribution.topic import topics
from services.extract.attribution.turns import turns
from services.extract.text.sentences import sentences
from services.extract.types import Attribution, Entity, QuotedStretch, Range

_MOST = 0.5  # share of a quoted stretch that makes it an attribution's own even where another claims the rest

# What is wrong three times in four clutters the record. (F1 would be best at half of itself, .37; PolNeAR dev at .3. Below that, recall.)
# Words in quotation marks are kept: somebody said them.
_FAINT = 0.25

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


def reconcile(
    text: str, attributions: Iterable[Attribution], quotations: Quotations, entities: Sequence[Entity] = (), *, english: bool = True
) -> list[Found]:
    """All attributions of a text in text order.

    Content is trimmed to words and closed over quotation marks it cuts through; a stretch belongs to one attribution; quoted
    speech that nobody claims is attributed by what stands beside it, else to the running speaker, else to nobody. Turns of a
    dialogue and embedded posts are whole: what they report in turn is their speaker's words. Indirect speech that is more likely none
    is left out. Where the text is not ``english`` only
    the marks are read, by no rule of English.
    """
    verbatim = _spoken(text, turns(text, entities) + posts(text)) if english else []
    places = sentences(text)
    starts = [sentence.start for sentence in places]
    attributions = linked(text, _outside(attributions, verbatim), quotations, starts)
    attributions = _outside(phrases(text, attributions, places), verbatim) if english else attributions
    tidied = [tidied_one for attribution in attributions if (tidied_one := tidy(text, attribution, quotations)) is not None]
    tidied.sort(key=lambda a: (a.content[0], a.cue or Range(0, 0)))
    claimed = _close_over_marks(text, tidied, quotations)
    claimed = subjects(text, _own_words(text, claimed, quotations), quotations, entities, starts) if english else claimed
    claimed += verbatim
    headed = headlines(text, entities, quotations.outermost) if english else []
    # what the tagger links to nobody says less than where the name stands
    sourceless = _outside([a for a in claimed if a.source is None and a.cue is None], headed)
    claimed = [a for a in claimed if a.source is not None or a.cue is not None] + sourceless
    claimed += _unclaimed(headed, claimed)
    claimed += _missed(text, claimed, quotations)
    claimed.sort(key=lambda a: (a.content[0], a.cue or Range(0, 0)))
    claimed = joined(text, once(claimed), quotations)
    claimed = [a if a.turn or (kind := _kind(text, a, quotations)) == a.kind else replace(a, kind=kind) for a in claimed]
    claimed = [a for a in claimed if a.kind != "indirect" or a.confidence >= _FAINT]
    claimed = [a for a in claimed if not is_scare_quote(text, a, quotations)]
    claimed = [as_annotated(text, attribution) for attribution in said(text, claimed)]
    return _running_speakers(text, topics(text, claimed, quotations, entities, starts) if english else claimed, quotations)


def _close_over_marks(text: str, attributions: list[Attribution], quotations: Quotations) -> list[Attribution]:
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
            closed.append(attribution if content == attribution.content else replace(attribution, content=content))
    return closed


def _content(text: str, number: int, attribution: Attribution, owner: dict[Range, int], quotations: Quotations) -> tuple[Range, ...]:
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


def _own_words(text: str, attributions: Sequence[Attribution], quotations: Quotations) -> list[Attribution]:
    """Quotations with reporting words of their own beside them, which nobody uses, taken from the attribution they were drawn into."""
    used = sorted(attribution.cue for attribution in attributions if attribution.cue is not None)
    starts = [cue.start for cue in used]

    def unused(cue: Range) -> bool:
        index = bisect_left(starts, cue.end) - 1
        return index < 0 or used[index].end <= cue.start

    split: list[Attribution] = []
    for attribution in attributions:
        kept: list[Range] = []
        for piece in attribution.content:
            stretch = next((s for s in quotations.over(piece) if s.outer == piece and quotations.is_speech(s)), None)
            beside = adjacent_source(text, stretch) if stretch is not None else None
            if beside is not None and beside[1] is not None and unused(beside[1]):
                sure = min(_BESIDE_CUE, attribution.confidence)
                split.append(Attribution("direct", (piece,), *beside, sure, source_confidence=trust.BESIDE))
            else:
                kept.append(piece)
        if kept:
            split.append(attribution if len(kept) == len(attribution.content) else replace(attribution, content=tuple(kept)))
    return split


def _spoken(text: str, verbatim: Iterable[Attribution]) -> list[Attribution]:
    """Turns and posts without pieces that hold no word; a paragraph belongs to the first of them."""
    kept: list[Attribution] = []
    position = -1
    for attribution in sorted(verbatim, key=lambda a: a.content):
        content = tuple(p for p in attribution.content if p.start > position and WORD_CHARACTER.search(text, *p))
        if content:
            position = content[-1].end
            kept.append(replace(attribution, content=content))
    return kept


def _outside(attributions: Iterable[Attribution], verbatim: Sequence[Attribution]) -> list[Attribution]:
    """The attributions that do not begin inside any of the others."""
    spans = sorted(piece for attribution in verbatim for piece in (attribution.source, *attribution.content) if piece is not None)
    starts = [span.start for span in spans]

    def inside(position: int) -> bool:
        index = bisect_right(starts, position) - 1
        return index >= 0 and position < spans[index].end

    return [a for a in attributions if not any(inside(piece.start) for piece in a.content)]


def _unclaimed(found: Sequence[Attribution], claimed: Sequence[Attribution]) -> list[Attribution]:
    """Those of ``found`` whose words nobody claims yet."""
    taken = sorted(piece for attribution in claimed for piece in attribution.content)
    starts = [piece.start for piece in taken]

    def free(piece: Range) -> bool:
        index = bisect_left(starts, piece.end) - 1
        return index < 0 or taken[index].end <= piece.start

    return [attribution for attribution in found if all(free(piece) for piece in attribution.content)]


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
            added.append(Attribution("direct", (stretch.outer,), source, cue, _BESIDE_CUE, source_confidence=trust.BESIDE))
        elif quotations.is_sentence(stretch):
            added.append(Attribution("direct", (stretch.outer,), None, None, _FLOATING, source_confidence=trust.FLOATING))
    return added


def _kind(text: str, attribution: Attribution, quotations: Quotations) -> str:
    """``direct`` when all words of the content stand in quotation marks, ``mixed`` when some do."""
    inside = outside = 0
    evidence = [(piece, quotations.evidence(piece, attribution.cue, attribution.source)) for piece in attribution.content]
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
                    replace(
                        attribution,
                        confidence=confidence if attribution.cue is None else min(attribution.confidence, confidence),
                        source_confidence=confidence,
                    ),
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
    breaks = len(PARAGRAPH_BREAK.findall(gap))
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
