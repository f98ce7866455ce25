"""What is said in brackets stays in them: “The road is closed (“for weeks,” said Moss) and the school is
empty.”"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace

from services.extract.types import Attribution, Range

_MARK = re.compile(r"[()\[\]\n]")
_CLOSES = {")": "(", "]": "["}
_LONGEST = 1_000  # code points: what is farther from its bracket is not looked at


def brackets(text: str) -> list[Range]:
    """What stands between brackets, the outermost of each paragraph without the brackets themselves and the
    full stop of a sentence in them, in text order."""
    found: list[Range] = []
    opened: list[tuple[str, int]] = []
    for match in _MARK.finditer(text):
        mark = match.group()
        if mark == "\n":
            opened.clear()
        elif mark not in _CLOSES:
            opened.append((mark, match.end()))
        elif opened and opened[-1][0] == _CLOSES[mark]:
            _, start = opened.pop()
            if not opened and match.start() - start <= _LONGEST:
                found.append(Range(start, match.start() - text.endswith(".", start, match.start())))
    return found


def within_brackets(attribution: Attribution, pairs: Sequence[Range]) -> Attribution:
    """An attribution whose cue stands in brackets without what of its content and source runs over them,
    where some of it is inside; one whose cue stands outside without the pieces of its content that are in
    brackets by themselves."""
    cue = attribution.cue
    if cue is None or not pairs:
        return attribution
    around = _holding(pairs, cue)
    if around is None:
        outside = tuple(piece for piece in attribution.content if _holding(pairs, piece) is None)
        return (
            replace(attribution, content=outside)
            if 0 < len(outside) < len(attribution.content)
            else attribution
        )
    inside = tuple(
        piece for piece in (_shared(piece, around) for piece in attribution.content) if piece is not None
    )
    source = attribution.source
    if source is not None and source.start >= around.start:
        source = _shared(source, around) or source  # it may stand behind them
    content = inside or attribution.content
    if (content, source) == (attribution.content, attribution.source):
        return attribution
    return replace(attribution, content=content, source=source)


def _holding(pairs: Sequence[Range], span: Range) -> Range | None:
    index = bisect_right(pairs, span.start, key=lambda pair: pair.start) - 1
    return pairs[index] if index >= 0 and span.end <= pairs[index].end else None


def _shared(span: Range, around: Range) -> Range | None:
    start, end = max(span.start, around.start), min(span.end, around.end)
    return Range(start, end) if start < end else None
