"""Headlines that name their source by position: “Lavrov: no meeting planned” · “Bridge to reopen in May:
ministry” · “‘We will fight’: Mayor Anna Lee on the flood”."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache

from services.extract.lang import ENGLISH, Language
from services.extract.passes import trust
from services.extract.passes.paragraphs import is_heading, paragraphs
from services.extract.types import Attribution, Entity, QuotedStretch, Range

_COLON = re.compile(r"[“”\"‘’']?(?P<colon>:)\s+")
_BULLET = re.compile(r"[•·*‣▪–—-]\s+")
_AFTER_QUOTE = re.compile(r"(?P<cue>:)?\s*(?:[—–-]\s+)?(?=\S)")
_WORD = re.compile(r"\w[\w.’'-]*")
_LABEL_WORDS = 5
_CONTENT_WORDS = 3
_CONFIDENCE = 0.6  # what a headline's colon means is guessed from who stands beside it


@cache
def _about(language: Language) -> re.Pattern[str]:
    """What an article is about somebody, and not what he says."""
    kinds = rf"(?:{language.any_of('headline_determiners')}\s+)*{language.any_of('headline_kinds')}\b"
    return re.compile(kinds, re.IGNORECASE)


def headlines(
    text: str, entities: Iterable[Entity], quoted: Sequence[QuotedStretch], language: Language = ENGLISH
) -> list[Attribution]:
    """Words that headings report by a colon alone, a name or a source noun beside it. Reads the first
    paragraph and later headings."""
    named = {entity.span for entity in entities if entity.label in ("PERSON", "ORGANIZATION")}
    ends, starts = {span.end for span in named}, {span.start: span for span in sorted(named)}
    opening = {stretch.outer.start: stretch for stretch in quoted if stretch.depth == 0 and stretch.closed}
    found: list[Attribution] = []
    for paragraph in paragraphs(text):
        if not is_heading(text, paragraph):
            continue
        bullet = _BULLET.match(text, *paragraph)
        place = Range(bullet.end() if bullet else paragraph.start, paragraph.end)
        stretch = opening.get(place.start)
        match = (
            _COLON.search(text, place.start, place.end)
            if stretch is None
            else _AFTER_QUOTE.match(text, stretch.outer.end, place.end)
        )
        if match is None:
            continue
        if stretch is not None:
            source = starts.get(match.end()) or _titled(text, match.end(), place.end, starts)
            if (
                source is not None
                and _count(text, stretch.inner)
                and (match["cue"] or text[match.start() : match.end()].strip())
            ):
                colon = Range(*match.span("cue")) if match["cue"] else None
                found.append(
                    Attribution(
                        "direct",
                        (stretch.outer,),
                        source,
                        colon,
                        _CONFIDENCE,
                        source_confidence=trust.HEADLINE,
                    )
                )
            continue
        left, right = Range(place.start, match.start("colon")), Range(match.end(), place.end)
        if (
            _is_source(text, left, ends, language)
            and _count(text, right) >= _CONTENT_WORDS
            and not _about(language).match(text, *right)
        ):
            source, content = left, right
        elif _is_source(text, right, ends, language) and _count(text, left) >= _CONTENT_WORDS:
            source, content = right, left
        else:
            continue
        colon = Range(*match.span("colon"))
        found.append(
            Attribution("indirect", (content,), source, colon, _CONFIDENCE, source_confidence=trust.HEADLINE)
        )
    return found


def _titled(text: str, start: int, end: int, starts: dict[int, Range]) -> Range | None:
    """“Mayor Anna Lee”: a name behind capitalised words."""
    for match in _WORD.finditer(text, start, end):
        if match.start() in starts:
            return Range(start, starts[match.start()].end)
        if not match.group()[0].isupper():
            return None
    return None


def _is_source(text: str, side: Range, ends: set[int], language: Language) -> bool:
    """Whether one side of the colon is a short phrase that ends in a name or in a noun for those who are
    quoted."""
    phrase = [match.group().lower() for match in _WORD.finditer(text, *side)]
    if not 0 < len(phrase) <= _LABEL_WORDS or phrase[0] in language.words("headline_openers", "label_verbs"):
        return False
    return side.end in ends or phrase[-1] in language.words("headline_sources")


def _count(text: str, side: Range) -> int:
    return len(_WORD.findall(text, *side))
