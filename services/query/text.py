"""Making hostile text harmless on a page.

Quotes are other people's bytes. Escaping keeps them from being markup; this module keeps them from
re-ordering or hiding what stands around them. One character stays one character, so that spans keep fitting.
"""

from __future__ import annotations

import re
from urllib.parse import quote

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

_SPACES = dict.fromkeys(map(ord, "\r\v\f\x1c\x1d\x1e\x1f\x85"), " ")
"""Line-breaking controls that are white space to Python but not to HTML."""

_UNSAFE = {
    code: REPLACEMENT
    for codes in (
        range(0x09),  # C0 controls, except tab and line feed
        range(0x0E, 0x1C),
        range(0x7F, 0x85),  # delete and C1 controls
        range(0x86, 0xA0),
        range(0x202A, 0x202F),  # bidirectional embeddings and overrides (LRM and RLM, which only mark, stay)
        range(0x2066, 0x206A),  # bidirectional isolates
        range(0xD800, 0xE000),  # lone surrogates: UTF-8 cannot carry them
        range(0xFDD0, 0xFDF0),  # non-characters
        (0xFFFE, 0xFFFF),
    )
    for code in codes
}

_TABLE = {**_UNSAFE, **_SPACES}


def visible(text: str) -> str:
    """``text`` as a page may show it: of the same length, with each control, direction override and lone
    surrogate replaced by U+FFFD, so that a reader sees that something was there."""
    return text.translate(_TABLE)


def shorten(text: str, limit: int) -> str:
    """At most ``limit`` code points, cut at a word where there is one, ending in an ellipsis when cut."""
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    cut = head.rfind(" ")
    # a "word" longer than half the room is no word to respect (CJK, addresses)
    return (head[:cut] if cut > limit // 2 else head).rstrip(" .,;:…") + "…"


def web_address(url: str | None) -> str | None:
    """``url`` when it is safe to link to: http or https, without white space or controls; otherwise None."""
    return (
        url
        if url is not None and re.fullmatch(r"https?://[^\s\x00-\x20\x7f-\xa0\\]+", url, re.IGNORECASE)
        else None
    )


def segment(identifier: str) -> str:
    """An identifier as one segment of an address."""
    return quote(identifier, safe="")
