"""Whose words a sentence holds, said by a phrase: “Per the ministry, …” · “In Lee’s view, …” · “…, in the
words of Anna Lee.”"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache
from typing import NamedTuple

from services.extract.lang import ENGLISH, Language
from services.extract.passes import trust
from services.extract.types import Attribution, Range

_INSIDE = r"(?:[^,;:“”\"()\n]|(?<=\d),(?=\d)|“[^“”\n]{1,40}”)"  # “a poll of 1,004 adults”
_REACH = 160  # code points of an opening phrase
_CONTENT_WORDS = 3
_WORD = re.compile(r"\w+")
_CONFIDENCE = 0.6  # the phrase is sure, the edges of the words it reports are the sentence's
_REPORTED = 0.8  # the tagger saw these words reported, too, only not by whom


class _Phrase(NamedTuple):
    source: Range
    cue: Range
    content: tuple[Range, ...]


class _Patterns(NamedTuple):
    opening: re.Pattern[str]
    inserted: re.Pattern[str]


@cache
def _patterns(language: Language) -> _Patterns:
    any_of, capital = language.any_of, rf"[{language.grammar.get('capitals', 'A-Z')}]"
    noun = any_of("phrase_nouns")
    before_name = (
        rf"{language.opening('phrase_prepositions')}(?=\s+(?:{any_of('phrase_determiners')}|{capital}\w*)\b)"
    )
    framed = rf"{language.opening('phrase_frames')}\s+{noun}\s+{any_of('phrase_links')}"
    cue = rf"(?:(?i:{any_of('phrase_sources')})|{before_name}|{framed})"
    owner = rf"(?:{any_of('phrase_owners')}|{capital}[\w.-]*(?:\s{capital}[\w.-]*){{0,3}}[’']s?)"
    owned = rf"{language.opening('phrase_owner_openers')}\s+(?P<owner>{owner})\s+(?P<words>(?:{any_of('phrase_own')}\s+)?{noun})"
    source = rf"(?:{any_of('phrase_source_determiners')}\s+)?[^\s,;:.“”\"()\n]{_INSIDE}{{0,80}}?"
    said = rf"(?:(?P<cue>{cue})\s+(?P<source>{source})|{owned})"
    return _Patterns(
        opening=re.compile(rf"(?:{any_of('phrase_conjunctions')}\s+)?{said},\s+"),
        inserted=re.compile(rf",[”\"’']?\s+{said}(?P<goes_on>,\s+|[.!?]?\Z)"),
    )


def phrases(
    text: str, attributions: Iterable[Attribution], sentences: Sequence[Range], language: Language = ENGLISH
) -> list[Attribution]:
    """The attributions, and those of sentences that name their source in a phrase; words the tagger gave to
    another sentence's source come home, what it attributes inside the sentence stays."""
    found = dict(enumerate(attributions))
    starts = [sentence.start for sentence in sentences]
    of_sentence: defaultdict[int, list[int]] = defaultdict(list)

    def enter(number: int) -> None:
        attribution = found[number]
        spans = attribution.content if attribution.cue is None else (*attribution.content, attribution.cue)
        for place in {bisect_right(starts, span.start) - 1 for span in spans}:
            of_sentence[place].append(number)

    for number in found:
        enter(number)
    fresh = len(found)
    for place, sentence in enumerate(sentences):
        phrase = _phrase(text, sentence, language)
        if phrase is None:
            continue
        here = [found.pop(number) for number in of_sentence[place] if number in found]
        for attribution in _with(text, here, phrase, sentence):
            found[fresh] = attribution
            enter(fresh)
            fresh += 1
    return list(found.values())


def _phrase(text: str, sentence: Range, language: Language) -> _Phrase | None:
    end = sentence.end - (text[sentence.end - 1] in ".!?…")
    opening = _patterns(language).opening.match(
        text, sentence.start, min(sentence.end, sentence.start + _REACH)
    )
    if opening is not None:
        return _Phrase(*_places(opening), (Range(opening.end(), end),))
    inserted = _patterns(language).inserted.search(text, sentence.start, sentence.end)
    if inserted is None:
        return None
    marked = text[inserted.start() : inserted.start() + 2].rstrip()  # print sets the comma inside the marks
    before = Range(sentence.start, inserted.start() + (len(marked) if len(marked) > 1 else 0))
    goes_on = inserted["goes_on"].startswith(",") and inserted.end() < end
    return _Phrase(*_places(inserted), (before, Range(inserted.end(), end)) if goes_on else (before,))


def _places(match: re.Match[str]) -> tuple[Range, Range]:
    """Source and cue."""
    if match["source"]:
        return Range(*match.span("source")), Range(*match.span("cue"))
    return Range(*match.span("owner")), Range(*match.span("words"))


def _with(text: str, attributions: list[Attribution], phrase: _Phrase, sentence: Range) -> list[Attribution]:
    """The attributions once it is known that a phrase of the sentence names who its words are from."""
    kept: list[Attribution] = []
    home: list[Range] = []
    settled, sure = False, _CONFIDENCE
    for attribution in attributions:
        here = [piece for piece in attribution.content if sentence.start <= piece.start < sentence.end]
        spans = [span for span in (attribution.source, attribution.cue) if span is not None]
        if here and not any(sentence.start <= span.start < sentence.end for span in spans):
            home += [cut for piece in here for part in phrase.content if (cut := _shared(piece, part))]
            others = tuple(piece for piece in attribution.content if piece not in here)
            kept += [replace(attribution, content=others)] if others else []
            continue
        if _runs_into(attribution, phrase):
            sure = max(sure, attribution.confidence)
            continue
        # a content that begins in the heading above is found by its cue
        settled = (
            settled
            or bool(here)
            or (attribution.cue is not None and _shared(attribution.cue, phrase.cue) is not None)
        )
        kept.append(attribution)
    named = phrase.source, phrase.cue
    if home:
        kept.append(
            Attribution("indirect", tuple(sorted(home)), *named, _REPORTED, source_confidence=trust.ACCORDING)
        )
    elif not settled and sum(len(_WORD.findall(text, *part)) for part in phrase.content) >= _CONTENT_WORDS:
        kept.append(
            Attribution(
                "indirect", phrase.content, *named, sure, source_confidence=max(sure, trust.ACCORDING)
            )
        )
    return kept


def _runs_into(attribution: Attribution, phrase: _Phrase) -> bool:
    """Whether the tagger took a part of the phrase's source for what it says: “according to a poll of 1,004 |
    adults, most agree”."""
    cue = attribution.cue
    if cue is None or _shared(cue, phrase.cue) is None:
        return False
    return any(_shared(piece, phrase.source) is not None for piece in attribution.content)


def _shared(left: Range, right: Range) -> Range | None:
    start, end = max(left.start, right.start), min(left.end, right.end)
    return Range(start, end) if start < end else None
