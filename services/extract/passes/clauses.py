"""What grammar says against a link: a bare article is no content, words of a later sentence are not reported by an earlier one's cue, and
a relative clause reports for itself."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import replace

from services.extract.passes import trust
from services.extract.passes.quotations import Quotations
from services.extract.types import Attribution, Range

_RELATIVE = re.compile(
    r",\s+(?P<source>who)\s+(?:[\w’'-]+\s+){0,5}?(?P<cue>(?:(?:has|had|have)\s+(?:\w+ly\s+)?)?(?:\w+ed|said|told|made|gave))\s+(?:that\s+|to\s+)?$"
)
_COORDINATE = re.compile(r",?\s+(?:and|but)\s+(?P<cue>(?:(?:also|later|then|\w+ly)\s+)?(?:\w{3,}ed|said|says|told|wrote|\w{3,}s))\s+")
_SECOND = re.compile(
    r",?\s(?:and|but)\s(?P<cue>(?:(?:also|later|then|\w+ly)\s)?(?:said|says|warned|warns|argued|argues|added|adds|promised|vowed|pledged|claimed|claims"
    r"|insisted|insists|suggested|suggests|noted|notes|denied|denies|announced|stressed|acknowledged|predicted|predicts))\s(?=that\s+\w)"
)
_ARTICLE = re.compile(r"\W*(?:an?|the)\W*", re.IGNORECASE)
_TRAILING = re.compile(
    r"\s*,\s+(?P<pronoun>who|which)\b(?:\s+(?:\w+ly|(?:earlier|later|last|this|on|in|has|had|have|also|then)\b[^,]*))?\Z"
)
_CLAUSE = 80  # code points of a relative clause before the words it reports


def second_report(text: str, attribution: Attribution, quotations: Quotations) -> list[Attribution]:
    """“Lee said the bridge was safe and warned that costs would rise”, read as one report, is two: in PolNeAR's training part 21 of 22
    contents end before such a verb with *that*."""
    if attribution.source is None:
        return [attribution]
    parts: list[Attribution] = []
    cue, content = attribution.cue, list[Range]()
    for piece in attribution.content:
        start = piece.start
        for verb in _SECOND.finditer(text, *piece):
            if verb.start() > start and not quotations.over(Range(*verb.span())):
                parts.append(replace(attribution, content=(*content, Range(start, verb.start())), cue=cue))
                cue, content, start = Range(*verb.span("cue")), [], verb.end()
        content.append(Range(start, piece.end))
    return [*parts, replace(attribution, content=tuple(content), cue=cue)] if parts else [attribution]


def coordinate_report(text: str, attribution: Attribution) -> list[Attribution]:
    """“Lee warned that costs would rise and urged the council to act” reports twice."""
    parts: list[Attribution] = []
    cue, content = attribution.cue, list[Range]()
    for piece in attribution.content:
        near = bool(content) and piece.start - content[-1].end < _CLAUSE
        verb = _COORDINATE.fullmatch(text, content[-1].end, piece.start) if near else None
        if verb is not None:
            parts.append(replace(attribution, content=tuple(content), cue=cue))
            cue, content = Range(*verb.span("cue")), []
        content.append(piece)
    return [*parts, replace(attribution, content=tuple(content), cue=cue)] if parts else [attribution]


def without_relative_clause(text: str, attribution: Attribution) -> Attribution:
    """A source that breaks off in its relative clause: the pronoun, where that clause reports (“Lee, who earlier” | said); else what stands
    before it (“Lee, who” was tired, | said)."""
    source, cue = attribution.source, attribution.cue
    clause = _TRAILING.search(text, max(source.start + 1, source.end - _CLAUSE), source.end) if source is not None else None
    if source is None or clause is None:
        return attribution
    own = cue is not None and cue.start >= source.end and not text[source.end : cue.start].strip()
    return replace(attribution, source=Range(*clause.span("pronoun")) if own else Range(source.start, clause.start()))


def within_sentence(text: str, attribution: Attribution, quotations: Quotations, starts: Sequence[int]) -> Attribution:
    """Several pieces of content without those of the paragraph's other sentences, unless in quotation marks: they are the reporter's.

    A whole sentence before the cue's may be reported, too. Of 13 pieces in later sentences of PolNeAR dev 10 were not that attribution's.
    """
    cue = attribution.cue
    if cue is None:
        return attribution
    attribution = _to_sentence_end(text, attribution, quotations, starts)
    if len(attribution.content) == 1:
        return attribution
    index = bisect_right(starts, cue.start)
    begin = starts[index - 1] if index else 0
    end = starts[index] if index < len(starts) else len(text)

    def belongs(piece: Range) -> bool:
        if begin <= piece.start < end or quotations.over(piece):
            return True
        if piece.start < begin:
            return starts[bisect_right(starts, piece.start) - 1] == piece.start or "\n" in text[piece.end : cue.start]
        return "\n" in text[cue.end : piece.start]

    kept = tuple(piece for piece in attribution.content if belongs(piece))
    return replace(attribution, content=kept) if kept and len(kept) < len(attribution.content) else attribution


def _to_sentence_end(text: str, attribution: Attribution, quotations: Quotations, starts: Sequence[int]) -> Attribution:
    """Pieces without a last sentence of their paragraph that is not quoted: it is the reporter's."""

    def cut(piece: Range) -> Range:
        index = bisect_left(starts, piece.end) - 1
        last = starts[index] if index >= 0 else 0
        if last <= piece.start or text.find("\n", piece.start, last) >= 0 or quotations.over(Range(last, piece.end)):
            return piece
        # a stretch that ends in mid-sentence is paired wrongly: what comes after it may be quoted, too
        paired = all(not text[stretch.outer.end : last].strip() for stretch in quotations.over(Range(piece.start, piece.start + 1)))
        return Range(piece.start, last) if paired else piece

    content = tuple(map(cut, attribution.content))
    return attribution if content == attribution.content else replace(attribution, content=content)


def without_bare_articles(text: str, attribution: Attribution) -> Attribution:
    """Several pieces of content without those that are a bare article."""
    if len(attribution.content) == 1:
        return attribution
    kept = tuple(piece for piece in attribution.content if not _ARTICLE.fullmatch(text, *piece))
    return replace(attribution, content=kept) if kept else attribution


def relative_report(text: str, attribution: Attribution) -> list[Attribution]:
    """“Zelensky, who earlier this week expressed willingness to meet, said he wanted more” reports twice."""
    source, cue = attribution.source, attribution.cue
    if source is None or cue is None or cue.start < source.end:
        return [attribution]
    inside = [piece for piece in attribution.content if source.start < piece.start and piece.end <= cue.start]
    main = [piece for piece in attribution.content if piece not in inside]
    if inside and main:
        clause = _RELATIVE.search(text, max(source.start, inside[0].start - _CLAUSE), inside[0].start)
        if clause is not None:
            own = Attribution(
                "indirect",
                tuple(inside),
                Range(*clause.span("source")),
                Range(*clause.span("cue")),
                attribution.confidence,
                source_confidence=trust.RELATIVE,
            )
            return [own, replace(attribution, content=tuple(main))]
    return [attribution]
