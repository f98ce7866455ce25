"""Where PolNeAR's annotators cut cues and contents, measured on its training part; where the tagger cuts otherwise it is put right."""

from __future__ import annotations

import re
from dataclasses import replace

from services.extract.passes.continued import MAX_PIECES
from services.extract.types import Attribution, Range
from services.extract.wordlist import words

_WHOM = re.compile(
    r"\bt(?:old|ell(?:s|ing)?)(?P<whom>(?:\s(?!(?:of|about|to|that|how|the (?:story|tale|truth))\b)[\w’'.&-]+){1,4})\Z", re.IGNORECASE
)
"""Who was told is no part of the cue: 506 of 515."""
_CALLS = re.compile(r"\bcall(?:s|ed|ing)?\Z", re.IGNORECASE)
"""“called for” is one cue: 98 of 99."""
_FOR = re.compile(r"\s?for\s(?=\S)")
_BY = re.compile(r"\w\s(?P<by>by)\Z", re.IGNORECASE)
"""The word before a passive's agent is no part of the cue: 118 of 146."""
_PRONOUN = re.compile(r"(?:\b(?P<before>[^\W\d_]+)\s)?(?P<pronoun>\b(?:which|what|whom|who))\s\Z")
"""“…, which he says will fail”: 99 of 150 in the content, most of the others behind a preposition (“in which he says”)."""
_PREPOSITIONS = words("in of on at by to for from with during under after through about over into against between among")
_BESIDE = 3  # code points
_LAST = 60  # code points of a cue in which its last words lie


def as_annotated(text: str, attribution: Attribution) -> Attribution:
    """An attribution with a cue that ends, and a content that begins, where annotators cut them."""
    cue = attribution.cue
    if cue is None:
        return attribution
    attribution = _with_pronoun(text, attribution, cue)
    begin = max(cue.start, cue.end - _LAST)
    told = _WHOM.search(text, begin, cue.end)
    if told is not None:
        return replace(attribution, cue=Range(cue.start, told.start("whom")))
    if _CALLS.search(text, begin, cue.end):
        return _calling_for(text, attribution, cue)
    by = _BY.search(text, begin, cue.end)
    source = attribution.source
    if by is not None and source is not None and 0 <= source.start - cue.end <= _BESIDE:
        return replace(attribution, cue=Range(cue.start, by.start("by") - 1))
    return attribution


def _with_pronoun(text: str, attribution: Attribution, cue: Range) -> Attribution:
    """“…, which he says will fail”: the pronoun belongs to what he says. A quotation stays one: what he called “a lie”."""
    source, first = attribution.source, attribution.content[0]
    if source is None or attribution.kind == "direct" or not 0 <= cue.start - source.end <= _BESIDE or first.start < cue.end:
        return attribution
    if len(attribution.content) == MAX_PIECES:
        return attribution
    pronoun = _PRONOUN.search(text, max(0, source.start - _LAST), source.start)
    if pronoun is None or (pronoun["pronoun"] != "what" and (pronoun["before"] or "").lower() in _PREPOSITIONS):
        return attribution
    return replace(attribution, content=(Range(*pronoun.span("pronoun")), *attribution.content))


def _calling_for(text: str, attribution: Attribution, cue: Range) -> Attribution:
    word = _FOR.match(text, cue.end)
    if word is None:
        return attribution
    content = tuple(Range(word.end(), piece.end) if cue.end <= piece.start < word.end() else piece for piece in attribution.content)
    if any(piece.start >= piece.end for piece in content):
        return attribution
    return replace(attribution, cue=Range(cue.start, word.end() - 1), content=content)
