"""Sentences that open with whose words they are: “Per the ministry, …” · “In the words of Anna Lee, …” · “In Lee’s view, …”."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from services.extract.types import Attribution, Range

_WORDS = r"(?:words?|view|opinion|estimation|judgment|judgement|telling|account)"
_NOUN = r"(?:(?:the|a|an|his|her|its|their|our|two|several|some)\s+)?[^\s,;:.“”\"()\n][^,;:“”\"()\n]{0,80}?"
_OPENING = re.compile(
    rf"(?:(?:But|And|Yet)\s+)?(?:(?P<cue>(?i:according\s+to)|(?:As\s+p|P|p)er(?=\s+(?:the|an?|his|her|their|our|[A-Z]\w*)\b)|[Ii]n\s+the\s+{_WORDS}\s+of)"
    rf"\s+(?P<source>{_NOUN})"
    rf"|[Ii]n\s+(?P<owner>(?:his|her|their|our|my|[A-Z][\w.-]*(?:\s[A-Z][\w.-]*){{0,3}}[’']s?))\s+(?P<words>(?:own\s+)?{_WORDS}))(?P<comma>,\s+)"
)
_REACH = 160  # code points of the opening phrase
_CONTENT_WORDS = 3
_WORD = re.compile(r"\w+")
_CONFIDENCE = 0.6  # the phrase is sure, the edges of the words it reports are the sentence's
_REPORTED = 0.8  # the tagger saw these words reported, too, only not by whom


def phrases(text: str, attributions: Iterable[Attribution], sentences: Sequence[Range]) -> list[Attribution]:
    """The attributions, and those of sentences that open with a source; words the tagger gave to another sentence's source come home."""
    found = list(attributions)
    for sentence in sentences:
        opening = _OPENING.match(text, sentence.start, min(sentence.end, sentence.start + _REACH))
        if opening is None:
            continue
        source = Range(*opening.span("source" if opening["source"] else "owner"))
        cue = Range(*opening.span("cue" if opening["cue"] else "words"))
        rest = Range(opening.end(), _without_stop(text, sentence))
        found = _opened(text, found, source, cue, rest, sentence)
    return found


def _opened(text: str, attributions: list[Attribution], source: Range, cue: Range, rest: Range, sentence: Range) -> list[Attribution]:
    """The attributions once the ``rest`` of a sentence is known to be reported by the phrase it opens with."""
    kept: list[Attribution] = []
    home: list[Range] = []
    settled = False
    for attribution in attributions:
        here = [piece for piece in attribution.content if sentence.start <= piece.start < sentence.end]
        spans = [span for span in (attribution.source, attribution.cue) if span is not None]
        if here and not any(sentence.start <= span.start < sentence.end for span in spans):
            home += [Range(max(piece.start, rest.start), piece.end) for piece in here if piece.end > rest.start]
            others = tuple(piece for piece in attribution.content if piece not in here)
            kept += [replace(attribution, content=others)] if others else []
            continue
        settled = settled or bool(here)
        kept.append(attribution)
    if home:
        kept.append(Attribution("indirect", tuple(sorted(home)), source, cue, _REPORTED))
    elif not settled and len(_WORD.findall(text, *rest)) >= _CONTENT_WORDS:
        kept.append(Attribution("indirect", (rest,), source, cue, _CONFIDENCE))
    return kept


def _without_stop(text: str, sentence: Range) -> int:
    """Where the words of a sentence end: before its full stop, unless that stands inside quotation marks."""
    return sentence.end - (text[sentence.end - 1] in ".!?…")
