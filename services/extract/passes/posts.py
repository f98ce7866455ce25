"""Embedded posts: a paragraph and the signature under it. “— Anna Lee (@annalee) March 4, 2025”"""

from __future__ import annotations

import re

from services.extract.passes import trust
from services.extract.passes.paragraphs import is_heading, paragraphs
from services.extract.types import Attribution, Range

_DATE = r"(?:\s*[·|,-]?\s*(?:[A-Z][a-z]{2,8}\.?\s\d{1,2},?\s\d{4}|\d{1,2}\s[A-Z][a-z]{2,8}\.?\s\d{4}))?"
_SIGNATURE = re.compile(rf"[—–-]{{1,2}}\s?(?P<name>[^()\n@—–]{{1,60}}?)\s\(@\w{{1,30}}\){_DATE}\.?$")
_CONFIDENCE = 0.9


def posts(text: str) -> list[Attribution]:
    """Posts on social media that a signature with an account name follows, in the same paragraph or as one of
    its own."""
    places = paragraphs(text)
    found: list[Attribution] = []
    for number, place in enumerate(places):
        signature = _signature(text, place)
        if signature is None:
            continue
        words = Range(place.start, signature.start())
        if not text[slice(*words)].strip():
            if (
                number == 0
                or _signature(text, places[number - 1])
                or _is_articles_own(text, places[number - 1])
            ):
                continue
            words = places[number - 1]
        end = words.start + len(text[slice(*words)].rstrip())
        name = Range(*signature.span("name"))
        sure = trust.LAYOUT
        found.append(
            Attribution(
                "direct",
                (Range(words.start, end),),
                name,
                None,
                _CONFIDENCE,
                turn=True,
                source_confidence=sure,
            )
        )
    return found


def _is_articles_own(text: str, place: Range) -> bool:
    """Whether a paragraph is no post: it announces one (“He wrote on Twitter:”), is the headline, or quotes
    and names whom it quotes."""
    if text[place.end - 1] == ":" or (place.start == 0 and is_heading(text, place)):
        return True
    return text[place.start] in '“"' and text[place.end - 1] not in '”"'


def _signature(text: str, place: Range) -> re.Match[str] | None:
    """The signature that ends a paragraph: its last dash before the account's name."""
    at = text.rfind("(@", place.start, place.end)
    if at < 0:
        return None
    dash = max((text.rfind(mark, place.start, at) for mark in "—–"), default=-1)
    dash = dash if dash >= 0 else (place.start if text[place.start] == "-" else -1)
    return _SIGNATURE.match(text, dash, place.end) if dash >= 0 else None
