"""A look at a page before any parser sees it: size, number of tags, nesting."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from services.extract.wordlist import words

_TAG = re.compile(r"<(?:(?P<comment>!--)|(?P<end>/?)(?P<name>[a-zA-Z][a-zA-Z0-9-]*))")
_RAW_END = {name: re.compile(rf"</{name}\b", re.IGNORECASE) for name in ("script", "style")}
_LANGUAGE = re.compile(r"<html\b[^>]{0,2000}?\blang\s*=\s*[\"']?([A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})?)\b", re.IGNORECASE)
_HEAD = 20_000  # code points in which <html lang> must stand

# Elements that hold nothing, and elements whose end tag is optional: rows of them are siblings, however they are written.
_FLAT = words(
    """
    area base br col embed hr img input link meta param source track wbr
    p li td th tr dt dd option tbody thead tfoot colgroup rp rt
    """
)

Breach = Literal["too_large", "html_tags", "html_depth"]


@dataclass(frozen=True, slots=True)
class Scan:
    """What the scan saw; ``breach`` names the limit that was broken, at which counting stopped."""

    tags: int
    depth: int
    breach: Breach | None = None


def scan(html: str, *, max_bytes: int, max_tags: int, max_depth: int) -> Scan:
    """Count tags and nesting in one linear pass, scripts, styles and comments left out; stops at the first breach."""
    if len(html) > max_bytes or len(html.encode("utf-8", "surrogatepass")) > max_bytes:
        return Scan(0, 0, "too_large")
    open_count: dict[str, int] = {}
    tags = depth = deepest = 0
    position = 0
    while (match := _TAG.search(html, position)) is not None:
        position = match.end()
        if match["comment"]:
            end = html.find("-->", position)
            position = len(html) if end < 0 else end + 3
            continue
        name = match["name"].lower()
        if match["end"]:
            if open_count.get(name, 0) > 0:
                open_count[name] -= 1
                depth -= 1
            continue
        tags += 1
        if tags > max_tags:
            return Scan(tags, deepest, "html_tags")
        if name in _RAW_END:
            ending = _RAW_END[name].search(html, position)
            position = len(html) if ending is None else ending.end()
            continue
        if name not in _FLAT:
            open_count[name] = open_count.get(name, 0) + 1
            depth += 1
            deepest = max(deepest, depth)
            if depth > max_depth:
                return Scan(tags, depth, "html_depth")
    return Scan(tags, deepest)


def declared_language(html: str) -> str | None:
    """The language the page's root element declares."""
    match = _LANGUAGE.search(html, 0, _HEAD)
    return match.group(1) if match else None
