"""Words that one source passes on from another: “The agency quoted Lee as saying that …” · “…,” the paper
cited a general as saying.

They are on record as said by whoever is quoted; who passed them on is only their way to the reader.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from services.extract.lang import ENGLISH, Language
from services.extract.passes import trust
from services.extract.passes.adjacent import subject
from services.extract.passes.quotations import Quotations
from services.extract.types import Attribution, Range

_WORD = re.compile(r"\w+")
_REACH = 240  # code points before “as saying”: who is quoted, with an apposition
_WHEN = 6  # words behind it that only say when and where
_CONFIDENCE = 0.8


class _Patterns(NamedTuple):
    link: re.Pattern[str]
    passive: re.Pattern[str]
    active: re.Pattern[str]


@cache
def _patterns(language: Language) -> _Patterns:
    any_of = language.any_of
    opens, relays = any_of("relay_openers"), any_of("relay_verbs")
    whom = rf"(?:\s(?!{any_of('relay_complementizers')}\b)[\w’'-]+){{1,3}}?(?=\s+{opens}\b|[:.,]|\s+{any_of('relay_days')}\b)"
    said_of = (
        rf"(?P<source>{subject(language)})\s+(?P<cue>{any_of('relay_auxiliaries')}\s+(?:\w+\s+)?{relays})"
    )
    return _Patterns(
        link=re.compile(rf"\b(?:{any_of('relay_links')}|{any_of('relay_tellings')}{whom})\b:?"),
        passive=re.compile(rf"{said_of}\b(?P<agent>\s[^“”\"]*\S)?\s*\Z"),
        active=re.compile(rf"\b{relays}\s+(?P<source>[^“”\":;]{{1,120}}?),?\s*\Z"),
    )


class _Report(NamedTuple):
    """From who is quoted (or from the verb of quoting) to “as saying”."""

    span: Range
    source: Range
    cue: Range
    content: tuple[Range, ...]


def relayed(
    text: str,
    attributions: Sequence[Attribution],
    quotations: Quotations,
    sentences: Sequence[Range],
    language: Language = ENGLISH,
) -> list[Attribution]:
    """The attributions, with those that quote somebody *as saying* something made that one's."""
    patterns = _patterns(language)
    found = (_report(text, match, quotations, sentences, patterns) for match in patterns.link.finditer(text))
    reports = [report for report in found if report is not None]
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
        index = next((number for number in map(report_over, spans) if number is not None), None)
        if index is None:
            kept.append(attribution)
        else:
            sure[index] = max(sure[index], attribution.confidence)
    for report, confidence in zip(reports, sure, strict=True):
        trusted = max(confidence, trust.RELAYED)
        kept.append(
            Attribution(
                "indirect", report.content, report.source, report.cue, confidence, source_confidence=trusted
            )
        )
    return kept


def _report(
    text: str, match: re.Match[str], quotations: Quotations, sentences: Sequence[Range], patterns: _Patterns
) -> _Report | None:
    sentence = sentences[bisect_right(sentences, match.start(), key=lambda s: s.start) - 1]
    begin = max(sentence.start, match.start() - _REACH)
    lead = text[begin : match.start()]
    quoted = patterns.passive.search(lead) or patterns.active.search(lead)
    if quoted is None:
        return None
    span = Range(begin + quoted.start(), match.end())
    content = _content(text, span, sentence, quotations)
    if not content:
        return None
    # where somebody is said to quote, the words of quoting are his
    by_itself = quoted.re is patterns.passive and quoted["agent"] is None
    cue = Range(begin + quoted.start("cue") if by_itself else match.start(), match.end())
    return _Report(span, Range(begin + quoted.start("source"), begin + quoted.end("source")), cue, content)


def _content(text: str, report: Range, sentence: Range, quotations: Quotations) -> tuple[Range, ...]:
    """What was said: what stands behind “as saying”; behind a quotation that is only when and where, and the
    quotation is it."""
    end = sentence.end - (text[sentence.end - 1] in ".!?…")
    behind = Range(report.end, max(report.end, end))
    before = quotations.over(Range(sentence.start, report.start)) if sentence.start < report.start else []
    after = tuple(stretch.outer for stretch in quotations.over(behind)) if behind.start < behind.end else ()
    told = len(_WORD.findall(text, *behind))
    if before and (told <= _WHEN or after):
        return (*(stretch.outer for stretch in before), *after)
    return (behind,) if told > 1 else ()
