"""HTML pages. The content stays the page's source; what the page says about itself is read off its markup.

Address: ``link rel=canonical``, ``og:url``, the address it was fetched from. Title: ``og:title``, JSON-LD ``headline``, ``title``.
Outlet: ``og:site_name``, JSON-LD ``publisher``, the host. Date: ``article:published_time``, JSON-LD ``datePublished``,
``itemprop=datePublished``; one without a zone is taken as UTC. By-line: ``name=author``, ``article:author``, JSON-LD ``author``.
Language: ``html lang``, ``og:locale``, JSON-LD ``inLanguage``.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pydantic_core
from lxml import etree

from services.ingest.identity import joined, parse_html, web_address
from services.ingest.readers.decoding import declared_in_html, decode
from services.ingest.readers.items import Arrival, Limits, Offer, Unreadable, offer

_JSON_LD_BYTES = 512_000
_JSON_LD_NODES = 2_000
"""Article pages describe tens of things; more is another kind of page or an attack."""
_ARTICLE_TYPES = frozenset(
    {
        "NewsArticle",
        "Article",
        "ReportageNewsArticle",
        "AnalysisNewsArticle",
        "OpinionNewsArticle",
        "BlogPosting",
        "LiveBlogPosting",
        "WebPage",
    }
)


def read_html(arrival: Arrival, data: bytes, limits: Limits, *, charset: str | None = None, fetched_from: str | None = None) -> Offer:
    """The article in a page.

    Args:
        charset: what the HTTP header declares; it wins over the page.
        fetched_from: the page's address, used when the page names none and to resolve a relative one.

    Raises:
        Unreadable: it is not HTML, empty or too large.
    """
    content = decode(data, charset or declared_in_html(data), forgiving=True)
    tree = parse_html(content)
    if tree is None or tree.find(".//body") is None:
        raise Unreadable("not_html", "has no HTML in it; name it .txt if it is plain text", "validate")
    meta = _meta(tree)
    linked = _json_ld(tree)
    return offer(
        arrival,
        data,
        limits,
        content=content,
        content_type="text/html",
        url=_address(tree, meta, fetched_from),
        outlet=_first(meta, "og:site_name") or _name(linked.get("publisher")),
        title=_first(meta, "og:title", "twitter:title") or _text(linked.get("headline")) or tree.findtext(".//title"),
        authors=[*meta.get("author", []), *meta.get("article:author", [])] or _names(linked.get("author")),
        language=tree.get("lang") or _first(meta, "og:locale") or _text(linked.get("inLanguage")),
        published_at=_moment(_first(meta, "article:published_time", "datepublished") or _text(linked.get("datePublished"))),
    )


def _meta(tree: etree._Element) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for node in tree.iter("meta"):
        name = node.get("property") or node.get("name") or node.get("itemprop")
        value = node.get("content")
        if name and value and value.strip():
            found.setdefault(name.strip().lower(), []).append(value.strip())
    return found


def _first(meta: dict[str, list[str]], *names: str) -> str | None:
    return next((meta[name][0] for name in names if name in meta), None)


def _address(tree: etree._Element, meta: dict[str, list[str]], fetched_from: str | None) -> str | None:
    canonical = [node.get("href") for node in tree.iter("link") if "canonical" in (node.get("rel") or "").lower().split()]
    found = (joined(fetched_from, candidate) for candidate in (*canonical, _first(meta, "og:url")))
    return next((address for address in found if address), web_address(fetched_from))


def _json_ld(tree: etree._Element) -> dict[str, Any]:
    """The first article that the page's JSON-LD describes."""
    best: dict[str, Any] = {}
    for node in tree.iter("script"):
        if (node.get("type") or "").strip().lower() != "application/ld+json" or not node.text or len(node.text) > _JSON_LD_BYTES:
            continue
        try:
            data = pydantic_core.from_json(node.text)
        except ValueError:
            continue
        for thing in _objects(data):
            kinds = thing.get("@type")
            names = (
                {kinds}
                if isinstance(kinds, str)
                else {kind for kind in kinds if isinstance(kind, str)}
                if isinstance(kinds, list)
                else set()
            )
            if names & _ARTICLE_TYPES and "headline" in thing:
                return thing
            best = best or (thing if names & _ARTICLE_TYPES else {})
    return best


def _objects(data: Any) -> Iterator[dict[str, Any]]:
    waiting = [data]
    for _ in range(_JSON_LD_NODES):
        if not waiting:
            return
        value = waiting.pop(0)
        if isinstance(value, dict):
            yield value
            waiting.extend(child for child in value.values() if isinstance(child, (dict, list)))
        elif isinstance(value, list):
            waiting.extend(value[:_JSON_LD_NODES])


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _name(value: Any) -> str | None:
    return _text(value.get("name")) if isinstance(value, dict) else _text(value)


def _names(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [name for name in map(_name, values) if name]


def _moment(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text.strip()) if text else None
    except ValueError:
        return None
