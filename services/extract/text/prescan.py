"""A look at a page before any parser sees it: size and number of tags."""

from __future__ import annotations

import re
from typing import Literal

_TAG = re.compile(r"<(?:(?P<comment>!--)|(?P<end>/?)(?P<name>[a-zA-Z][a-zA-Z0-9-]*))")
_RAW_END = {name: re.compile(rf"</{name}\b", re.IGNORECASE) for name in ("script", "style")}
_LANGUAGE = re.compile(
    r"<html\b[^>]{0,2000}?\blang\s*=\s*[\"']?([A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})?)\b", re.IGNORECASE
)
_HEAD = 20_000  # code points in which <html lang> must stand

Breach = Literal["too_large", "html_tags"]


def scan(html: str, *, max_bytes: int, max_tags: int) -> Breach | None:
    """The limit that a page breaks, if any, by one linear pass that stops there; tags in scripts, styles and
    comments do not count."""
    if len(html) > max_bytes or len(html.encode("utf-8", "surrogatepass")) > max_bytes:
        return "too_large"
    tags = position = 0
    while (match := _TAG.search(html, position)) is not None:
        position = match.end()
        if match["comment"]:
            end = html.find("-->", position)
            position = len(html) if end < 0 else end + 3
            continue
        if match["end"]:
            continue
        tags += 1
        if tags > max_tags:
            return "html_tags"
        name = match["name"].lower()
        if name in _RAW_END:
            ending = _RAW_END[name].search(html, position)
            position = len(html) if ending is None else ending.end()
    return None


def declared_language(html: str) -> str | None:
    """The language the page's root element declares."""
    match = _LANGUAGE.search(html, 0, _HEAD)
    return match.group(1) if match else None
