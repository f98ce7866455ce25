"""The edges of what the tagger found: trimmed to words and marks, kept to their paragraph."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import cache

from services.extract.lang import Language
from services.extract.passes import trust
from services.extract.passes.quotations import Quotations
from services.extract.types import Attribution, Range

WORD_CHARACTER = re.compile(r"\w")
PARAGRAPH_BREAK = re.compile(r"\n+")
_MARK_CUE = re.compile(r":|[—–―]|--")
# code points: a longer one is noise, and would be read again for each attribution that shares it
_LONGEST_SOURCE = 1_000
_COLON_REACH = 8  # code points: a colon, a closing mark and the paragraph break
_LEADING = "“„‟\"＂«»‹›「『〝'‘‚‛`$£€¥#@(["
_CLOSES_APPOSITION = ",–—―%"
"""Ends a source that is more than a name, as annotators mark it: “Brian Fallon, the press secretary,”
said."""


def tidy(text: str, attribution: Attribution, quotations: Quotations) -> Attribution | None:
    """Content trimmed to words and marks and kept to its paragraph, pieces without a word dropped,
    overlapping ones joined."""
    cue = _cue(text, attribution.cue, quotations.language)
    named = attribution.source
    source = (
        _words(text, named, keep=_CLOSES_APPOSITION)
        if named is not None and named.end - named.start <= _LONGEST_SOURCE
        else None
    )
    anchor = cue or source or min(attribution.content)
    parts = [
        _trimmed(text, part) for piece in sorted(attribution.content) for part in _by_paragraph(text, piece)
    ]
    pieces = [piece for piece in parts if WORD_CHARACTER.search(text, piece.start, piece.end)]
    near = [piece for piece in pieces if _belongs(text, piece, anchor, quotations)]
    joined = _joined(_filled(text, piece, cue, quotations) for piece in near or pieces)
    if not joined:
        return None
    if source is not None:
        source = _words(text, _in_paragraph(text, source, anchor.start), keep=_CLOSES_APPOSITION)
        if (
            cue is None
            and source is not None
            and _paragraph(text, source.start) != _paragraph(text, joined[0].start)
        ):
            source = None  # nothing but a line break links the two
    lost = source is None and attribution.source is not None
    sure = trust.NOBODY if lost else attribution.source_confidence
    content = tuple(joined)
    if (content, source, cue) == (attribution.content, attribution.source, attribution.cue):
        return attribution
    return replace(attribution, content=content, source=source, cue=cue, source_confidence=sure)


def _joined(pieces: Iterable[Range]) -> list[Range]:
    """Sorted pieces, overlapping ones made one."""
    joined: list[Range] = []
    for start, end in pieces:
        if joined and start <= joined[-1].end:
            joined[-1] = Range(joined[-1].start, max(end, joined[-1].end))
        else:
            joined.append(Range(start, end))
    return joined


def spaceless(text: str, piece: Range) -> Range:
    """A stretch without the white space at its edges."""
    start, end = piece
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return Range(start, end)


def _trimmed(text: str, piece: Range) -> Range:
    """Content without white space and loose punctuation at its edges."""
    start, end = piece
    while start < end and not (text[start].isalnum() or text[start] in _LEADING):
        start += 1
    if end > start and text[end - 1] == ")" and "(" not in text[start:end]:
        end -= 1 + (text[max(start, end - 2)] == ".")  # of a sentence in brackets
    while end > start and (text[end - 1].isspace() or text[end - 1] in ",;:—–-"):
        end -= 1
    return Range(start, end)


def _by_paragraph(text: str, span: Range) -> list[Range]:
    """A span cut at paragraph breaks."""
    start, end = max(0, span.start), min(len(text), span.end)
    if text.find("\n", start, end) < 0:
        return [Range(start, max(start, end))]
    parts: list[Range] = []
    for match in PARAGRAPH_BREAK.finditer(text, start, end):
        parts.append(Range(start, match.start()))
        start = match.end()
    parts.append(Range(start, max(start, end)))
    return parts


def _in_paragraph(text: str, span: Range, position: int) -> Range:
    """The part of a span that lies in the paragraph of a position; failing that its last paragraph."""
    if text.find("\n", *span) < 0:
        return span
    begin, end = _paragraph(text, position), text.find("\n", position)
    part = Range(max(span.start, begin), span.end if end < 0 else min(span.end, end))
    return part if part.start < part.end else Range(text.rfind("\n", *span) + 1, span.end)


def _paragraph(text: str, position: int) -> int:
    """Where the paragraph that holds a position begins."""
    return text.rfind("\n", 0, position) + 1


def _filled(text: str, piece: Range, cue: Range | None, quotations: Quotations) -> Range:
    """Content that opens the paragraph after its cue's, which ends in a colon, is a block quotation: the
    whole paragraph."""
    opening = _paragraph(text, piece.start)
    announced = (
        cue is not None and cue.end <= opening and piece.start <= opening + 2 and not quotations.over(piece)
    )
    if not announced or not text[max(0, opening - _COLON_REACH) : opening].rstrip().endswith(":"):
        return piece
    end = text.find("\n", piece.end)
    return spaceless(text, Range(piece.start, len(text) if end < 0 else end))


def _is_label(text: str, piece: Range) -> bool:
    """Whether the paragraph of a piece ends like a heading (‘Ends recession debate’: CPA Canada), not like a
    sentence."""
    end = text.find("\n", piece.end)
    return text[piece.end : len(text) if end < 0 else end].rstrip()[-1:].isalnum()


def _belongs(text: str, piece: Range, anchor: Range, quotations: Quotations) -> bool:
    """Whether content in another paragraph than its cue is more than the heading or the sentence next
    door."""
    if _paragraph(text, piece.start) == _paragraph(text, anchor.start):
        return True
    stretches = quotations.over(piece)
    if stretches and not stretches[0].continues and _is_label(text, piece):
        return False
    if stretches:
        return stretches[0].outer.start <= piece.start + 1 and not quotations.is_heading(stretches[0])
    opening = _paragraph(text, piece.start)
    return text[max(0, opening - _COLON_REACH) : opening].rstrip().endswith(":")


def _words(text: str, span: Range | None, keep: str = "") -> Range | None:
    """A span trimmed of white space and edge punctuation, but for closing marks to ``keep``; None when no
    word is left."""
    if span is None:
        return None
    start, end = max(0, span.start), min(len(text), span.end)
    while start < end and not text[start].isalnum() and text[start] not in "@#":
        start += 1
    while end > start and not text[end - 1].isalnum() and text[end - 1] not in ".)”’\"'" + keep:
        end -= 1
    return Range(start, end) if WORD_CHARACTER.search(text, start, end) else None


@cache
def _clitic(language: Language) -> re.Pattern[str]:
    return re.compile(rf"(?<=\w)['’]{language.any_of('clitics')}\b", re.IGNORECASE)


def _cue(text: str, span: Range | None, language: Language) -> Range | None:
    """A cue with its clitic (he ’s claiming) and the colon it ends in; a colon or a dash alone is one:
    “Lavrov: no meeting planned”."""
    words = _words(text, span)
    if span is None:
        return None
    if words is None:
        mark = _MARK_CUE.search(text, span.start, span.end)
        return Range(*mark.span()) if mark else None
    start, end = words
    if start > span.start and _clitic(language).match(text, start - 1):
        start -= 1
    return Range(start, end + 1) if end < span.end and text[end] == ":" else Range(start, end)
