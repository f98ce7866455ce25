"""Words that one source passes on from another: “The agency quoted Lee as saying that …” · “…,” the paper cited a general as saying.

They are on record as said by whoever is quoted; who passed them on is only their way to the reader.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from services.extract.lang import ENGLISH
from services.extract.passes import trust
from services.extract.passes.adjacent import subject
from services.extract.passes.quotations import Quotations
from services.extract.types import Attribution, Range

_WHOM = r"(?:\s(?!that\b)[\w’'-]+){1,3}?(?=\s+(?:that|he|she|they|it|the|an?)\b|[:.,]|\s+on\b)"
_AS = re.compile(rf"\bas\s+(?:saying|telling{_WHOM})\b:?")
_RELAYS = r"(?:quot|cit)(?:e[sd]?|ing)"
_BEING = r"(?:is|are|was|were|has\s+been|have\s+been|had\s+been)"
_PASSIVE = re.compile(rf"(?P<source>{subject(ENGLISH)})\s+(?P<cue>{_BEING}\s+(?:\w+\s+)?{_RELAYS})\b(?P<agent>\s[^“”\"]*\S)?\s*\Z")
_ACTIVE = re.compile(rf"\b{_RELAYS}\s+(?P<source>[^“”\":;]{{1,120}}?),?\s*\Z")
_WORD = re.compile(r"\w+")
_REACH = 240  # code points before “as saying”: who is quoted, with an apposition
_WHEN = 6  # words behind it that only say when and where
_CONFIDENCE = 0.8


class _Report(NamedTuple):
    """From who is quoted (or from the verb of quoting) to “as saying”."""

    span: Range
    source: Range
    cue: Range
    content: tuple[Range, ...]


def relayed(text: str, attributions: Sequence[Attribution], quotations: Quotations, sentences: Sequence[Range]) -> list[Attribution]:
    """The attributions, with those that quote somebody *as saying* something made that one's."""
    reports = [report for match in _AS.finditer(text) if (report := _report(text, match, quotations, sentences)) is not None]
    if not reports:
        return list(attributions)
    starts = [report.span.start for report in reports]
    sure = [_CONFIDENCE] * len(reports)

    def report_over(span: Range) -> int | None:
        index = bisect_left(starts, span.end) - 1
        return index if index >= 0 and reports[index].span.end > span.start else None

    kept: list[Attribution] = []
    for attribution in attributions:
        spans = attribution.content if attribution.cue is None else (attribution.cue, *attribution.content)
        index = next((number for span in spans if (number := report_over(span)) is not None), None)
        if index is None:
            kept.append(attribution)
        else:
            sure[index] = max(sure[index], attribution.confidence)
    for report, confidence in zip(reports, sure, strict=True):
        trusted = max(confidence, trust.RELAYED)
        kept.append(Attribution("indirect", report.content, report.source, report.cue, confidence, source_confidence=trusted))
    return kept


def _report(text: str, match: re.Match[str], quotations: Quotations, sentences: Sequence[Range]) -> _Report | None:
    sentence = sentences[bisect_right(sentences, match.start(), key=lambda s: s.start) - 1]
    begin = max(sentence.start, match.start() - _REACH)
    lead = text[begin : match.start()]
    quoted = _PASSIVE.search(lead) or _ACTIVE.search(lead)
    if quoted is None:
        return None
    span = Range(begin + quoted.start(), match.end())
    content = _content(text, span, sentence, quotations)
    if not content:
        return None
    # where somebody is said to quote, the words of quoting are his
    by_itself = quoted.re is _PASSIVE and quoted["agent"] is None
    cue = Range(begin + quoted.start("cue") if by_itself else match.start(), match.end())
    return _Report(span, Range(begin + quoted.start("source"), begin + quoted.end("source")), cue, content)


def _content(text: str, report: Range, sentence: Range, quotations: Quotations) -> tuple[Range, ...]:
    """What was said: what stands behind “as saying”; behind a quotation that is only when and where, and the quotation is it."""
    end = sentence.end - (text[sentence.end - 1] in ".!?…")
    behind = Range(report.end, max(report.end, end))
    before = quotations.over(Range(sentence.start, report.start)) if sentence.start < report.start else []
    after = tuple(stretch.outer for stretch in quotations.over(behind)) if behind.start < behind.end else ()
    told = len(_WORD.findall(text, *behind))
    if before and (told <= _WHEN or after):
        return (*(stretch.outer for stretch in before), *after)
    return (behind,) if told > 1 else ()
