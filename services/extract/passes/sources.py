"""Where a source stands: in one sentence, without the full stop that ends it, and not in the pronoun of “It
was Lee who said …”."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from services.extract.lang import ENGLISH, Language
from services.extract.passes.adjacent import without_stop
from services.extract.types import Attribution, Range

_NOUNS = r"[^,.;:—–“”\"]{2,60}?"
_REACH = 240  # code points of a cleft before its pronoun


@cache
def _cleft(language: Language) -> re.Pattern[str]:
    opens, denies, joins = (
        language.any_of("cleft_openers"),
        language.any_of("cleft_negators"),
        language.any_of("cleft_conjunctions"),
    )
    apart = rf"(?P<source>(?!{denies}\b){_NOUNS}(?:,\s(?!(?:{joins}\s)?{denies}\b){_NOUNS})?)"
    return re.compile(
        rf"{opens}\s(?:{denies}\s[^.;:“”\"]{{1,80}}?\s{joins}\s+)?{apart}"
        rf"(?:\s*[,—–]?\s*\b(?:{joins}\s)?{denies}\s{_NOUNS})?\s*[,—–]?\s*\b{language.any_of('cleft_pronouns')}\Z"
    )


def of_cleft(
    text: str, attribution: Attribution, starts: Sequence[int], language: Language = ENGLISH
) -> Attribution:
    """“It was Dunn, not Ames, who said …”: who said it stands before the pronoun, and is not the last one
    named."""
    source = attribution.source
    if source is None or text[slice(*source)] not in language.words("cleft_pronouns"):
        return attribution
    index = bisect_right(starts, source.start)
    sentence = starts[index - 1] if index else 0
    cleft = _cleft(language).match(text, sentence, source.end) if source.end - sentence <= _REACH else None
    return attribution if cleft is None else replace(attribution, source=Range(*cleft.span("source")))


def in_one_sentence(
    text: str,
    attribution: Attribution,
    sentences: Sequence[Range],
    starts: Sequence[int],
    language: Language = ENGLISH,
) -> Attribution:
    """“…,” said Ames. Hale, the mayor, | disagreed: of a source that runs over a full stop the part in its
    cue's sentence.

    Without a cue it is the part nearer to the content. Linear in the sentences of the source.
    """
    source = attribution.source
    if source is None or not sentences:
        return attribution
    first, last = bisect_right(starts, source.start) - 1, bisect_left(starts, source.end) - 1
    if first < 0:
        return attribution
    if first < last:
        # what reports or is reported before it leads into its first sentence, what stands behind it goes on
        # from its last
        led = (attribution.cue or attribution.content[0]).start < source.start
        source = Range(source.start, sentences[first].end) if led else Range(starts[last], source.end)
    if source.end == sentences[first].end and source.start < source.end:
        source = without_stop(text, source, language)
    return (
        attribution
        if source == attribution.source or source.start >= source.end
        else replace(attribution, source=source)
    )
