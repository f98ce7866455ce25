"""The source and cue right beside a quotation, read off the surface: “…,” Smith said · Said Smith: “…” · Smith: “…” · “…” — Anna Smith."""

from __future__ import annotations

import re

from services.extract.types import QuotedStretch, Range

VERB = (
    r"(?:(?:has|had|have)\s+)?(?:\w+ly\s+|also\s+|later\s+|then\s+|once\s+)?"
    r"(?:said|says|say|told|tells|added|adds|wrote|writes|tweeted|posted|asked|asks|replied|replies|responded|explained|explains|continued|continues"
    r"|noted|notes|insisted|insists|argued|argues|warned|warns|declared|recalled|recalls|joked|quipped|shouted|yelled|admitted|announced|concluded"
    r"|claimed|stated|stressed|urged|complained|commented|remarked|observed|reads|read|texted|emailed|captioned|testified|vowed|promised|cautioned)"
)
_NAME = r"(?:[A-Z][\w.’'-]*|de|von|van|bin|al)(?:\s+(?:[A-Z][\w.’'-]*|de|von|van|der|bin|al)){0,5}"
SUBJECT = (
    rf"(?:(?:[Hh]e|[Ss]he|[Tt]hey|[Ww]e|I|(?:[Tt]he|[Aa]n?|[Oo]ne|[Hh]is|[Hh]er|[Tt]heir)\s+[a-z]+(?:\s+[a-z]+)?|(?:[Tt]he\s+)?{_NAME}))"
)
_WORDS_OF = (
    r"(?:advice|answer|apology|argument|bottom\s+line|claim|comment|complaint|conclusion|defen[cs]e|excuse|explanation|favou?rite\s+line|judg(?:e)?ment|message"
    r"|motto|opinion|plea|post|prediction|promise|question|reaction|reasoning|remark|reply|response|retort|slogan|statement|tweet|verdict|view|warning|words)"
)
_REACH = 120  # code points beside the quotation

_AFTER = re.compile(rf"\s*,?\s*(?:(?P<source>{SUBJECT})\s+(?P<cue>{VERB})\b|(?P<cue2>{VERB})\s+(?P<source2>{SUBJECT})(?=[\s,.]))")
_BEFORE = re.compile(rf"(?:^|[\s(])(?P<source>{SUBJECT})(?:,[^,“”\"]{{3,60}},)?\s+(?P<cue>{VERB})(?:\s+[\w’' ]{{1,30}})?[,:]?\s*$")
_INVERTED = re.compile(rf"(?:^|[.!?”\"’]\s+)(?P<cue>(?=[A-Z])(?i:{VERB}))\s+(?P<source>{SUBJECT})(?:,[^,“”\"]{{3,60}})?[,:]\s*$")
_OWN = re.compile(
    rf"(?:^|[.!?”\"’]\s+)(?P<source>(?:[Hh]is|[Hh]er|[Tt]heir|{_NAME}[’']s?))\s+(?P<cue>(?:\w+\s+){{0,2}}{_WORDS_OF})(?:\s[^:“”\"\n]{{1,80}})?:\s*$"
)
"""“Lee’s advice to the council was a short one: “…””"""
_SIGNED = re.compile(rf"\s*(?P<cue>[—–―]|--?)\s*(?P<source>{_NAME}(?:,\s[^\n.!?“”\"]{{1,60}})?)\.?[^\S\n]*(?=\n|\Z)")
_NOUNS = re.compile(r"\b(?:notes|claims|reads|read|post(?:ed|s)?)\Z")  # behind a full stop: “The reporters took notes.”
_ABBREVIATED = re.compile(r"(?:\b(?:Jr|Sr|Inc|Co|Corp|Ltd)|\b[A-Z])\.\Z")
_LABEL = re.compile(rf"(?:^|\n)\s*(?P<source>{_NAME}):\s*$")


def adjacent_source(text: str, stretch: QuotedStretch) -> tuple[Range, Range | None] | None:
    """Source and cue beside a quoted stretch, or None. The cue is None for a name and a colon."""
    after = _AFTER.match(text, stretch.outer.end, min(len(text), stretch.outer.end + _REACH))
    if after and "\n" not in after.group() and not (text[stretch.inner.end - 1] == "." and _NOUNS.search(after.group())):
        source = "source" if after["source"] else "source2"
        cue = "cue" if after["cue"] else "cue2"
        return _without_stop(text, Range(*after.span(source))), Range(*after.span(cue))
    paragraph = text.rfind("\n", 0, stretch.outer.start) + 1
    begin = max(paragraph, stretch.outer.start - _REACH)
    lead = text[begin : stretch.outer.start]
    signed = _SIGNED.match(text, stretch.outer.end, min(len(text), stretch.outer.end + _REACH))
    if signed and not lead.strip(" •·*-–—>"):
        return _without_stop(text, Range(*signed.span("source"))), Range(*signed.span("cue"))
    before = _BEFORE.search(lead) or _INVERTED.search(lead) or _OWN.search(lead)
    if before:
        return _shifted(before, "source", begin), _shifted(before, "cue", begin)
    label = _LABEL.search(lead) if begin == paragraph else None
    return (_shifted(label, "source", begin), None) if label else None


def _shifted(match: re.Match[str], group: str, by: int) -> Range:
    return Range(match.start(group) + by, match.end(group) + by)


def _without_stop(text: str, name: Range) -> Range:
    """A name without the sentence's full stop; that of an abbreviation or an initial stays."""
    return Range(name.start, name.end - 1) if text[name.end - 1] == "." and not _ABBREVIATED.search(text, *name) else name
