"""The source and cue right beside a quotation, read off the surface: “…,” Smith said · Said Smith: “…” ·
Smith: “…” · “…” — Anna Smith."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from services.extract.lang import ENGLISH, Language
from services.extract.types import QuotedStretch, Range

_REACH = 120  # code points beside the quotation
_BEGINS = r"(?:^|[.!?”\"’]\s+)"
_APPOSITION = r"(?:,[^,“”\"]{3,60},)?"


def verb(language: Language) -> str:
    """A pattern for a verb that reports the quotation beside it, with its auxiliary and adverb."""
    adverb = rf"\w+{language.any_of('adverb_endings')}|{language.opening('adverbs')}"
    return rf"(?:(?:{language.any_of('perfect_auxiliaries')}\s+)?(?:(?:{adverb})\s+)?{language.any_of('reporting_verbs')})"


def name(language: Language) -> str:
    """A pattern for a name: capitalised words and the small ones between them."""
    capital = rf"(?:[{language.grammar.get('capitals', 'A-Z')}][\w.’'-]*|{language.any_of('name_particles')})"
    return rf"{capital}(?:\s+{capital}){{0,5}}"


def subject(language: Language) -> str:
    """A pattern for a pronoun, a name, or a noun with its determiner."""
    described = rf"{language.opening('determiners')}\s+[a-z]+(?:\s+[a-z]+)?"
    return rf"(?:(?:{language.opening('pronouns')}|{described}|(?:{language.opening('definite')}\s+)?{name(language)}))"


class _Patterns(NamedTuple):
    after: re.Pattern[str]
    before: re.Pattern[str]
    inverted: re.Pattern[str]
    own: re.Pattern[str]
    """“Lee’s advice to the council was a short one: “…””"""
    signed: re.Pattern[str]
    noun: re.Pattern[str]
    """Behind a full stop: “The reporters took notes.”"""
    label: re.Pattern[str]
    abbreviated: re.Pattern[str]


@cache
def _patterns(language: Language) -> _Patterns:
    says, who, named = verb(language), subject(language), name(language)
    whose = rf"(?:{language.opening('possessives')}|{named}[’']s?)"
    return _Patterns(
        after=re.compile(
            rf"\s*,?\s*(?:(?P<source>{who})\s+(?P<cue>{says})\b|(?P<cue2>{says})\s+(?P<source2>{who})(?=[\s,.]))"
        ),
        before=re.compile(
            rf"(?:^|[\s(])(?P<source>{who}){_APPOSITION}\s+(?P<cue>{says})(?:\s+[\w’' ]{{1,30}})?[,:]?\s*$"
        ),
        inverted=re.compile(
            rf"{_BEGINS}(?P<cue>(?=[A-Z])(?i:{says}))\s+(?P<source>{who})(?:,[^,“”\"]{{3,60}})?[,:]\s*$"
        ),
        own=re.compile(
            rf"{_BEGINS}(?P<source>{whose})\s+(?P<cue>(?:\w+\s+){{0,2}}{language.any_of('utterances')})(?:\s[^:“”\"\n]{{1,80}})?:\s*$"
        ),
        signed=re.compile(
            rf"\s*(?P<cue>[—–―]|--?)\s*(?P<source>{named}(?:,\s[^\n.!?“”\"]{{1,60}})?)\.?[^\S\n]*(?=\n|\Z)"
        ),
        noun=re.compile(rf"\b{language.any_of('reporting_nouns')}\Z"),
        abbreviated=re.compile(rf"(?:\b{language.any_of('name_abbreviations')}|\b[A-Z])\.\Z"),
        label=re.compile(rf"(?:^|\n)\s*(?P<source>{named}):\s*$"),
    )


def adjacent_source(
    text: str, stretch: QuotedStretch, language: Language = ENGLISH
) -> tuple[Range, Range | None] | None:
    """Source and cue beside a quoted stretch, or None. The cue is None for a name and a colon."""
    patterns = _patterns(language)
    behind = (stretch.outer.end, min(len(text), stretch.outer.end + _REACH))
    after = patterns.after.match(text, *behind)
    sentence_ended = text[stretch.inner.end - 1] == "."
    if after and "\n" not in after.group() and not (sentence_ended and patterns.noun.search(after.group())):
        source = "source" if after["source"] else "source2"
        cue = "cue" if after["cue"] else "cue2"
        return without_stop(text, Range(*after.span(source)), language), Range(*after.span(cue))
    paragraph = text.rfind("\n", 0, stretch.outer.start) + 1
    begin = max(paragraph, stretch.outer.start - _REACH)
    lead = text[begin : stretch.outer.start]
    signed = patterns.signed.match(text, *behind)
    if signed and not lead.strip(" •·*-–—>"):
        return without_stop(text, Range(*signed.span("source")), language), Range(*signed.span("cue"))
    before = patterns.before.search(lead) or patterns.inverted.search(lead) or patterns.own.search(lead)
    if before:
        return _shifted(before, "source", begin), _shifted(before, "cue", begin)
    label = patterns.label.search(lead) if begin == paragraph else None
    return (_shifted(label, "source", begin), None) if label else None


def _shifted(match: re.Match[str], group: str, by: int) -> Range:
    return Range(match.start(group) + by, match.end(group) + by)


def without_stop(text: str, found: Range, language: Language) -> Range:
    """A name without the sentence's full stop; that of an abbreviation or an initial stays."""
    ends = text[found.end - 1] == "." and not _patterns(language).abbreviated.search(text, *found)
    return Range(found.start, found.end - 1) if ends else found
