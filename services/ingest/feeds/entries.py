"""Feed documents: bytes in, entries out."""

from __future__ import annotations

import calendar
import io
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import Any
from xml.parsers import expat

import feedparser

from schemas.ids import digest
from services.ingest.identity import joined, normalised, parse_html, visible_text

MAX_ENTRIES = 2_000
"""story-indexer's limit on stories per feed."""
FULL_CONTENT_CHARS = 1_000
"""A content element with less visible text than this is a teaser: short news items have about 1,500
characters."""
MAX_DEPTH = 200
"""Elements one inside the other: feeds have ten, the HTML some carry twice as many. The parser's time grows
with the square of it."""


class NotAFeed(Exception):
    """The bytes are no RSS or Atom document."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. ``content`` is the HTML of its content element, None when it has none that is long enough to
    be the article."""

    key: str
    version: str
    link: str
    title: str | None
    authors: tuple[str, ...]
    language: str | None
    published_at: datetime | None
    content: str | None

    def as_page(self) -> bytes:
        """The content as a page of its own."""
        head = f'<meta charset="utf-8"><title>{escape(self.title or "")}</title>'
        return (
            "<!DOCTYPE"
            f" html><html><head>{head}</head><body><article>{self.content or ''}</article></body></html>".encode()
        )


def parse(data: bytes, url: str, content_type: str) -> list[Entry]:
    """The entries with a web address, in the feed's order.

    Raises:
        NotAFeed: no feed, or one that nests too deep or defines entities of its own (attacks, or nothing that
            is published as news).
    """
    if (
        b"<!ENTITY" in data
        or "<!ENTITY".encode("utf-16-le") in data
        or "<!ENTITY".encode("utf-16-be") in data
    ):
        raise NotAFeed("defines XML entities, which no feed needs")
    _check_depth(data)
    # a stream, never text: feedparser would fetch text that looks like an address
    headers = {"content-type": content_type, "content-location": url}
    try:
        parsed = feedparser.parse(io.BytesIO(data), response_headers=headers, sanitize_html=False)
    except Exception as error:
        raise NotAFeed(f"cannot be parsed ({type(error).__name__})") from error
    if not parsed.get("version") and not parsed.entries:
        raise NotAFeed("is not an RSS or Atom feed")
    language = parsed.feed.get("language")
    entries = (_entry(raw, url, language) for raw in parsed.entries[:MAX_ENTRIES])
    return [entry for entry in entries if entry]


def _check_depth(data: bytes) -> None:
    """Refuses what nests too deep, as far as it is well-formed: the rest is left to who limits the parser's
    time."""
    depth = 0

    def begins(_name: str, _attributes: object) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise NotAFeed(f"nests deeper than {MAX_DEPTH} elements")

    def ends(_name: str) -> None:
        nonlocal depth
        depth -= 1

    reader = expat.ParserCreate()
    reader.StartElementHandler = begins
    reader.EndElementHandler = ends
    try:
        reader.Parse(data, True)
    except (expat.ExpatError, ValueError):
        # ill-formed, as many feeds are, or in a charset that expat does not know
        return


def _entry(raw: Any, feed_url: str, language: str | None) -> Entry | None:
    link = joined(feed_url, raw.get("link"))
    if link is None:
        return None
    title = _plain(raw.get("title"))
    changed = raw.get("updated") or raw.get("published") or ""
    authors = tuple(author["name"] for author in raw.get("authors", ()) if author.get("name")) or tuple(
        filter(None, (raw.get("author"),))
    )
    return Entry(
        key=str(raw.get("id") or link)[:2048],
        version=digest("entry", link, title or "", str(changed)),
        link=link,
        title=title,
        authors=authors,
        language=language,
        published_at=_moment(raw.get("published_parsed") or raw.get("updated_parsed")),
        content=_full(raw.get("content", ())),
    )


def _full(contents: Any) -> str | None:
    texts = [
        item.get("value") or ""
        for item in contents
        if item.get("type") in ("text/html", "application/xhtml+xml")
    ]
    longest = max(texts, key=len, default="")
    tree = parse_html(longest) if longest.strip() else None
    return longest if tree is not None and len(normalised(visible_text(tree))) >= FULL_CONTENT_CHARS else None


def _plain(text: str | None) -> str | None:
    tree = parse_html(text) if text and text.strip() else None
    return normalised(visible_text(tree)) or None if tree is not None else None


def _moment(parsed: time.struct_time | None) -> datetime | None:
    try:
        return datetime.fromtimestamp(calendar.timegm(parsed), UTC) if parsed else None
    except (ValueError, OverflowError, OSError):
        return None
