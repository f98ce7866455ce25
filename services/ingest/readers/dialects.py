"""Articles as other programs write them down in JSON: trafilatura, fundus, news-please, and items of a JSON
Feed.

A program's article is known by names that only it uses. Where a field of ours stands in it is data
(:data:`DIALECTS`); members that are not named there are left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.chassis.pagedates import moment_of
from services.ingest.identity import web_address
from services.ingest.readers.items import (
    Arrival,
    Limits,
    Offer,
    check_embargo,
    from_fields,
    language_tag,
    one_line,
    person_names,
)

Paths = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one program writes an article: names that all must be there to know it, and for each field of ours
    where it may stand, the first that is filled counts. ``a.b`` is ``b`` in ``a``.
    """

    name: str
    known_by: Paths
    content: Paths
    html: Paths = ()
    url: Paths = ("url",)
    title: Paths = ("title",)
    authors: Paths = ("authors",)
    published_at: Paths = ()
    fetched_at: Paths = ()
    outlet: Paths = ()
    language: Paths = ("language",)


DIALECTS = (
    Dialect("news-please", ("maintext", "date_publish"), content=("maintext",), published_at=("date_publish",),
            fetched_at=("date_download",), outlet=("source_domain",), title=("title", "title_page", "title_rss")),
    Dialect("trafilatura", ("source-hostname", "hostname"), content=("text", "raw_text"), url=("source", "url"), authors=("author",),
            published_at=("date",), outlet=("source-hostname",)),
    Dialect("fundus", ("publishing_date", "body"), content=("plaintext", "body"), published_at=("publishing_date",),
            url=("html.responded_url", "html.requested_url", "url"), fetched_at=("html.crawl_date",),
            outlet=("html.source_info.publisher",), language=("lang",)),
    Dialect("JSON Feed", ("id", "content_html"), content=("content_text",), html=("content_html",), url=("url", "external_url", "id"),
            authors=("authors", "author"), published_at=("date_published",)),
    Dialect("JSON Feed", ("id", "content_text"), content=("content_text",), url=("url", "external_url", "id"),
            authors=("authors", "author"), published_at=("date_published",)),
)  # fmt: skip


def dialect_of(fields: Mapping[str, Any]) -> Dialect | None:
    """The program that wrote this article; None when it is none of them."""
    if "content" in fields or "article_id" in fields:
        return None
    return next((dialect for dialect in DIALECTS if all(name in fields for name in dialect.known_by)), None)


def from_dialect(
    arrival: Arrival, dialect: Dialect, fields: Mapping[str, Any], original: bytes, limits: Limits
) -> Offer:
    """An offer of another program's article.

    Raises:
        Unreadable: it has no text, breaks a limit, or is under embargo.
    """
    check_embargo(name for name, value in fields.items() if value is not None)
    html = _first(fields, dialect.html, _text)
    language = _first(fields, dialect.language, _text)
    ours = {
        "url": _first(fields, dialect.url, web_address_of),
        "title": one_line(_first(fields, dialect.title, _text), 1024),
        "authors": person_names(_first(fields, dialect.authors, _names) or []),
        "published_at": _first(fields, dialect.published_at, _moment),
        "fetched_at": _first(fields, dialect.fetched_at, _moment),
        "outlet": one_line(_first(fields, dialect.outlet, _text), 256),
        "language": language_tag(language) if language else None,
        "content": html or _first(fields, dialect.content, _words) or "",
        "content_type": "text/html" if html else "text/plain",
    }
    return from_fields(arrival, ours, original, limits)


def feed_items(value: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """The items of a JSON Feed (version 1 or 1.1), with the author and language that the feed has for all;
    None when it is no feed."""
    if "jsonfeed.org/version" not in str(value.get("version", "")) or not isinstance(
        value.get("items"), list
    ):
        return None
    shared = {name: value[name] for name in ("authors", "author", "language") if value.get(name)}
    return [
        shared | {"id": item.get("url")} | item if isinstance(item, dict) else item for item in value["items"]
    ]


def web_address_of(value: Any) -> str | None:
    """A member's web address, None when it has none."""
    return web_address(value) if isinstance(value, str) else None


def _first(fields: Mapping[str, Any], paths: Paths, read: Callable[[Any], Any]) -> Any:
    for path in paths:
        value: Any = fields
        for name in path.split("."):
            value = value.get(name) if isinstance(value, dict) else None
        found = read(value)
        if found:
            return found
    return None


def _text(value: Any) -> str | None:
    # news-please writes what it does not know as "None"
    return value if isinstance(value, str) and value.strip() not in ("", "None") else None


def _moment(value: Any) -> datetime | None:
    return moment_of(_text(value))


def _words(value: Any) -> str | None:
    """Text, or fundus's body: a summary, then sections of headlines and paragraphs."""
    if not isinstance(value, dict):
        return _text(value)
    parts = [*_strings(value.get("summary"))]
    for section in value.get("sections") or ():
        if isinstance(section, dict):
            parts += [*_strings(section.get("headline")), *_strings(section.get("paragraphs"))]
    return "\n\n".join(parts)


def _strings(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [text for text in values if isinstance(text, str) and text.strip()]


def _names(value: Any) -> list[str]:
    """Names in a list of texts or of things with a name, or in one text parted by semicolons."""
    if isinstance(value, str):
        return [name.strip() for name in value.split(";")]
    if isinstance(value, dict):
        value = [value]
    things = value if isinstance(value, list) else []
    return [
        name for thing in things if (name := _text(thing.get("name") if isinstance(thing, dict) else thing))
    ]
