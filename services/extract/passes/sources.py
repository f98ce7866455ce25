"""Where a source stands: in one sentence, without the full stop that ends it, and not in the pronoun of “It was Lee who said …”."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import replace

from services.extract.types import Attribution, Range

_STOP = re.compile(r"(?<!\b[A-Z])(?<!\b(?:Jr|Sr|Co))(?<!\b(?:Inc|Ltd))(?<!\bCorp)\.\Z")
"""A full stop that is no part of the name before it: an initial's and an abbreviation's are."""

_NOUNS = r"[^,.;:—–“”\"]{2,60}?"
_CLEFT = re.compile(
    rf"It\s(?:was|is)\s+(?:not\s[^.;:“”\"]{{1,80}}?\sbut\s+)?(?P<source>(?!not\b){_NOUNS}(?:,\s(?!(?:and\s)?not\b){_NOUNS})?)"
    rf"(?:\s*[,—–]?\s*\b(?:and\s)?not\s{_NOUNS})?\s*[,—–]?\s*\bwho\Z"
)
_REACH = 240  # code points of a cleft before its pronoun


def of_cleft(text: str, attribution: Attribution, starts: Sequence[int]) -> Attribution:
    """“It was Dunn, not Ames, who said …”: who said it stands before the pronoun, and is not the last one named."""
    source = attribution.source
    if source is None or text[slice(*source)] != "who":
        return attribution
    sentence = starts[index - 1] if (index := bisect_right(starts, source.start)) else 0
    cleft = _CLEFT.match(text, sentence, source.end) if source.end - sentence <= _REACH else None
    return attribution if cleft is None else replace(attribution, source=Range(*cleft.span("source")))


def in_one_sentence(text: str, attribution: Attribution, sentences: Sequence[Range], starts: Sequence[int]) -> Attribution:
    """“…,” said Ames. Hale, the mayor, | disagreed: of a source that runs over a full stop the part in its cue's sentence.

    Without a cue it is the part nearer to the content. Linear in the sentences of the source.
    """
    source = attribution.source
    if source is None or not sentences:
        return attribution
    first, last = bisect_right(starts, source.start) - 1, bisect_left(starts, source.end) - 1
    if first < 0:
        return attribution
    if first < last:
        # what reports or is reported before it leads into its first sentence, what stands behind it goes on from its last
        led = (attribution.cue or attribution.content[0]).start < source.start
        source = Range(source.start, sentences[first].end) if led else Range(starts[last], source.end)
    end = sentences[first].end
    if source.end == end and _STOP.search(text, source.start, end):
        source = Range(source.start, end - 1)
    return attribution if source == attribution.source or source.start >= source.end else replace(attribution, source=source)
