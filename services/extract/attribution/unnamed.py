"""Who speaks where the tagger named nobody, read off the surface: beside a quotation, “According to …,” and opening participles."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace

from services.extract.attribution.adjacent import SUBJECT, adjacent_source
from services.extract.attribution.quotations import Quotations
from services.extract.types import Attribution, Range

_BESIDE = 0.8  # confidence of what the marks and the words beside them say; the tagger's own is calibrated, this is set below it
_ACCORDING = re.compile(r"(?:according to|in the (?:words|view|opinion|eyes) of|per)\Z", re.IGNORECASE)
_TO_COMMA = re.compile(r"\s*(?P<source>[^\s,;:“”\"()\n][^,;:“”\"\n]{0,80}?)(?P<comma>,\s+)")
_PARTICIPLE = re.compile(r"(?:[\w’'-]+\s){0,2}?[\w’'-]+ing\b", re.IGNORECASE)
_OPENS = re.compile(r"(?:(?:After|Before|While|When|By|In|On|Without|Since|Besides|Instead of|Despite)\s+)?\Z")
_MAIN_CLAUSE = re.compile(rf"[\"”’']?,?[\"”’']?\s+(?P<source>{SUBJECT})\s+(?=[a-z])")
_LEAD = 12  # code points before an opening participle: its preposition
_REACH = 120  # code points of a main clause's subject


def named(text: str, attributions: Iterable[Attribution], quotations: Quotations, starts: Sequence[int]) -> list[Attribution]:
    """The attributions, those without a source given one where the surface shows it. ``starts``: of the sentences."""
    return [
        a if a.source is not None or a.turn else _beside(text, _opening(text, _according(text, a), starts), quotations)
        for a in attributions
    ]


def _beside(text: str, attribution: Attribution, quotations: Quotations) -> Attribution:
    """“…,” said Smith · Said Smith: “…” · “…” — Anna Smith."""
    if attribution.source is not None:
        return attribution
    for piece in reversed(attribution.content):
        for stretch in quotations.over(piece):
            beside = adjacent_source(text, stretch) if stretch.closed and stretch.outer.end == piece.end else None
            if beside is None:
                continue
            source, cue = beside
            if attribution.cue is None or cue is None or (cue.start < attribution.cue.end and attribution.cue.start < cue.end):
                confidence = max(attribution.confidence, _BESIDE)
                return replace(attribution, source=source, cue=cue or attribution.cue, confidence=confidence)
    return attribution


def _according(text: str, attribution: Attribution) -> Attribution:
    """“According to Ham, the plan failed”, where the name was taken for a part of the content."""
    cue, first = attribution.cue, attribution.content[0]
    if cue is None or text[cue.end : first.start].strip() or not _ACCORDING.search(text, cue.start, cue.end):
        return attribution
    named = _TO_COMMA.match(text, cue.end, first.end)
    if named is None or named.start("source") != first.start:
        return attribution
    return replace(attribution, source=Range(*named.span("source")), content=(Range(named.end(), first.end), *attribution.content[1:]))


def _opening(text: str, attribution: Attribution, starts: Sequence[int]) -> Attribution:
    """“Claiming that he won, Trump left”: who an opening participle means is the main clause's subject."""
    cue = attribution.cue
    if attribution.source is not None or cue is None or not _PARTICIPLE.match(text, cue.start, cue.end):
        return attribution
    sentence = starts[index - 1] if (index := bisect_right(starts, cue.start)) else 0
    if cue.start - sentence > _LEAD or not _OPENS.match(text, sentence, cue.start):
        return attribution
    end = attribution.content[-1].end
    line = text.find("\n", end, end + _REACH)
    following = _MAIN_CLAUSE.match(text, end, min(len(text), end + _REACH) if line < 0 else line)
    return replace(attribution, source=Range(*following.span("source"))) if following else attribution
