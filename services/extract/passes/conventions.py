"""Where PolNeAR's annotators cut cues and contents, measured on its training part; where the tagger cuts
otherwise it is put right."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import NamedTuple

from services.extract.lang import ENGLISH, Language
from services.extract.passes.continued import MAX_PIECES
from services.extract.types import Attribution, Range

_BESIDE = 3  # code points
_LAST = 60  # code points of a cue in which its last words lie


class _Patterns(NamedTuple):
    whom: re.Pattern[str]
    """Who was told is no part of the cue: 506 of 515."""
    calls: re.Pattern[str]
    """“called for” is one cue: 98 of 99."""
    calls_for: re.Pattern[str]
    agent: re.Pattern[str]
    """The word before a passive's agent is no part of the cue: 118 of 146."""
    pronoun: re.Pattern[str]
    """“…, which he says will fail”: 99 of 150 in the content, most of the others behind a preposition (“in
    which he says”)."""


@cache
def _patterns(language: Language) -> _Patterns:
    any_of = language.any_of
    someone = rf"(?:\s(?!{any_of('told_no_one')}\b)[\w’'.&-]+){{1,4}}"
    return _Patterns(
        whom=re.compile(rf"\b{any_of('told')}(?P<whom>{someone})\Z", re.IGNORECASE),
        calls=re.compile(rf"\b{any_of('calling')}\Z", re.IGNORECASE),
        calls_for=re.compile(rf"\s?{any_of('calling_for')}\s(?=\S)"),
        agent=re.compile(rf"\w\s(?P<by>{any_of('agent_prepositions')})\Z", re.IGNORECASE),
        pronoun=re.compile(rf"(?:\b(?P<before>[^\W\d_]+)\s)?(?P<pronoun>\b{any_of('object_pronouns')})\s\Z"),
    )


def as_annotated(text: str, attribution: Attribution, language: Language = ENGLISH) -> Attribution:
    """An attribution with a cue that ends, and a content that begins, where annotators cut them."""
    cue = attribution.cue
    if cue is None:
        return attribution
    patterns = _patterns(language)
    attribution = _with_pronoun(text, attribution, cue, language)
    begin = max(cue.start, cue.end - _LAST)
    told = patterns.whom.search(text, begin, cue.end)
    if told is not None:
        return replace(attribution, cue=Range(cue.start, told.start("whom")))
    if patterns.calls.search(text, begin, cue.end):
        return _calling_for(text, attribution, cue, patterns)
    by = patterns.agent.search(text, begin, cue.end)
    source = attribution.source
    if by is not None and source is not None and 0 <= source.start - cue.end <= _BESIDE:
        return replace(attribution, cue=Range(cue.start, by.start("by") - 1))
    return attribution


def _with_pronoun(text: str, attribution: Attribution, cue: Range, language: Language) -> Attribution:
    """“…, which he says will fail”: the pronoun belongs to what he says. A quotation stays one: what he
    called “a lie”."""
    source, first = attribution.source, attribution.content[0]
    if (
        source is None
        or attribution.kind == "direct"
        or not 0 <= cue.start - source.end <= _BESIDE
        or first.start < cue.end
    ):
        return attribution
    if len(attribution.content) == MAX_PIECES:
        return attribution
    pronoun = _patterns(language).pronoun.search(text, max(0, source.start - _LAST), source.start)
    if pronoun is None:
        return attribution
    free = pronoun["pronoun"] in language.words("free_pronouns")
    if not free and (pronoun["before"] or "").lower() in language.words("prepositions"):
        return attribution
    return replace(attribution, content=(Range(*pronoun.span("pronoun")), *attribution.content))


def _calling_for(text: str, attribution: Attribution, cue: Range, patterns: _Patterns) -> Attribution:
    word = patterns.calls_for.match(text, cue.end)
    if word is None:
        return attribution
    content = tuple(
        Range(word.end(), piece.end) if cue.end <= piece.start < word.end() else piece
        for piece in attribution.content
    )
    if any(piece.start >= piece.end for piece in content):
        return attribution
    return replace(attribution, cue=Range(cue.start, word.end() - 1), content=content)
