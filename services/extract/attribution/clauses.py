"""What grammar says against a link: a bare article is no content, and a relative clause reports for itself."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from services.extract.types import Attribution, Range

_RELATIVE = re.compile(
    r",\s+(?P<source>who)\s+(?:[\w’'-]+\s+){0,5}?(?P<cue>(?:(?:has|had|have)\s+(?:\w+ly\s+)?)?(?:\w+ed|said|told|made|gave))\s+(?:that\s+|to\s+)?$"
)
_ARTICLE = re.compile(r"\W*(?:an?|the)\W*", re.IGNORECASE)
_TRAILING = re.compile(r",\s+(?:who|which)\b[^,]*$")
_CLAUSE = 80  # code points of a relative clause before the words it reports


def linked(text: str, attributions: Iterable[Attribution]) -> list[Attribution]:
    """The attributions without bare articles, and with relative clauses split off."""
    found: list[Attribution] = []
    for attribution in attributions:
        found += _clauses(text, _without_articles(text, attribution))
    return found


def _without_articles(text: str, attribution: Attribution) -> Attribution:
    """Several pieces of content without those that are a bare article."""
    kept = tuple(piece for piece in attribution.content if not _ARTICLE.fullmatch(text, *piece))
    return replace(attribution, content=kept or attribution.content)


def _clauses(text: str, attribution: Attribution) -> list[Attribution]:
    """“Zelensky, who earlier this week expressed willingness to meet, said he wanted more” reports twice."""
    source, cue = attribution.source, attribution.cue
    if source is None or cue is None or cue.start < source.end:
        return [attribution]
    inside = [piece for piece in attribution.content if source.start < piece.start and piece.end <= cue.start]
    main = [piece for piece in attribution.content if piece not in inside]
    if inside and main:
        clause = _RELATIVE.search(text, max(source.start, inside[0].start - _CLAUSE), inside[0].start)
        if clause is not None:
            own = Attribution("indirect", tuple(inside), Range(*clause.span("source")), Range(*clause.span("cue")), attribution.confidence)
            return [own, replace(attribution, content=tuple(main), source=_untrailed(text, source))]
    return [attribution]


def _untrailed(text: str, source: Range) -> Range:
    """A source without the relative clause it breaks off in."""
    trailing = _TRAILING.search(text, source.start + 1, source.end)
    return Range(source.start, trailing.start()) if trailing else source
