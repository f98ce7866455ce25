"""What grammar says against a link: a source stands in its cue's sentence, and a relative clause reports for itself."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace

from services.extract.types import Attribution, Range

_SUBJECT = re.compile(r"\b(?:[Hh]e|[Ss]he|[Ii]t|[Tt]hey|[Ww]e|I|[Yy]ou|[Ww]ho|[Ww]hich)\s?$")
_RELATIVE = re.compile(
    r",\s+(?P<source>who)\s+(?:[\w’'-]+\s+){0,5}?(?P<cue>(?:(?:has|had|have)\s+(?:\w+ly\s+)?)?(?:\w+ed|said|told|made|gave))\s+(?:that\s+|to\s+)?$"
)
_ARTICLE = re.compile(r"\W*(?:an?|the)\W*", re.IGNORECASE)
_TRAILING = re.compile(r",\s+(?:who|which)\b[^,]*$")
_CLAUSE = 80  # code points of a relative clause before the words it reports


def linked(text: str, attributions: Iterable[Attribution], starts: Sequence[int]) -> list[Attribution]:
    """The attributions with sources in other sentences taken off and relative clauses split off. ``starts``: of the sentences."""
    found: list[Attribution] = []
    for attribution in attributions:
        found += _clauses(text, _in_sentence(text, _without_articles(text, attribution), starts))
    return found


def _without_articles(text: str, attribution: Attribution) -> Attribution:
    """Several pieces of content without those that are a bare article."""
    kept = tuple(piece for piece in attribution.content if not _ARTICLE.fullmatch(text, *piece))
    return replace(attribution, content=kept or attribution.content)


def _in_sentence(text: str, attribution: Attribution, starts: Sequence[int]) -> Attribution:
    """A source in another sentence than the cue is none; the cue's own subject is, when it is a pronoun.

    Of 35 such links in PolNeAR dev none was right.
    """
    source, cue = attribution.source, attribution.cue
    if source is None or cue is None or bisect_right(starts, source.start) == bisect_right(starts, cue.start):
        return attribution
    begin = starts[bisect_right(starts, cue.start) - 1] if bisect_right(starts, cue.start) else 0
    subject = _SUBJECT.search(text, max(begin, cue.start - len("which ")), cue.start)
    return replace(attribution, source=Range(subject.start(), subject.start() + len(subject.group().rstrip())) if subject else None)


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
