"""When a page says its article was published.

JSON-LD ``datePublished`` before ``meta`` before ``time`` elements before the address. One without a zone, or
without a time of day, is completed by another that tells the same clock time, or the same day. Days of a last
change are never taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, time
from email.utils import parsedate_to_datetime

from lxml import etree

from services.chassis import jsonld

_META = (
    "article:published_time", "og:article:published_time", "http://ogp.me/ns/article#published_time", "datepublished", "og:published_time",
    "parsely-pub-date", "cxenseparse:recs:publishtime", "cxenseparse:publishtime", "pubdate", "publishdate", "publish-date", "published",
    "publication_date", "article.published", "sailthru.date", "dc.date.issued", "dcterms.issued", "dc.date", "dcterms.date", "date",
    "article_date_original", "citation_publication_date", "dcterms.created", "dc.date.created", "datecreated",
)  # fmt: skip
_IN_ADDRESS = re.compile(r"/((?:19|20)\d\d)[/-]?(0[1-9]|1[0-2])[/-]?(0[1-9]|[12]\d|3[01])(?=[/_.-]|$)")
_TIMES = 3
"""Further ``time`` elements are those of other articles."""
_EARLIEST = 1990


def published(
    tree: etree._Element,
    meta: dict[str, list[str]],
    article: jsonld.Thing,
    things: list[jsonld.Thing],
    addresses: list[str],
) -> datetime | None:
    """The moment of publication; without a zone when the page names none, at midnight when it names only a
    day. None when it names none."""
    moments = [
        moment
        for written in _written(tree, meta, article, things, addresses)
        if (moment := moment_of(written))
    ]
    if not moments:
        return None
    first = moments[0]
    if first.time() == time():
        same_day = (moment for moment in moments if moment.date() == first.date() and moment.time() != time())
        first = next(same_day, first)
    if first.tzinfo is None:
        same_clock = (moment for moment in moments if moment.tzinfo and _minute(moment) == _minute(first))
        first = next(same_clock, first)
    return first


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0, tzinfo=None)


def moment_of(text: str | None) -> datetime | None:
    """A moment written as ISO 8601, as e-mail writes it, or in seconds or milliseconds since 1970; None when
    it is none, or absurd."""
    text = (text or "").strip()
    try:
        moment = _parsed(text)
    except (ValueError, TypeError, OverflowError, OSError, IndexError):
        return None
    return moment if moment and moment.year >= _EARLIEST else None


def _parsed(text: str) -> datetime | None:
    if text.isdecimal() and len(text) in (10, 13):
        return datetime.fromtimestamp(int(text[:10]), UTC)
    if not text[:4].isdecimal():
        return parsedate_to_datetime(text) if re.search(r"\d:\d\d", text) else None
    # a space before the zone, and days parted by slashes, are what some sites make of the standard
    return datetime.fromisoformat(
        re.sub(r"\s+(?=(?:[+-]\d|Z))", "", text.replace("/", "-") if text[4:5] == "/" else text)
    )


def _written(
    tree: etree._Element,
    meta: dict[str, list[str]],
    article: jsonld.Thing,
    things: list[jsonld.Thing],
    addresses: list[str],
) -> Iterator[str | None]:
    yield jsonld.text_of(article.get("datePublished"))
    for name in _META:
        yield from meta.get(name, ())
    for thing in things:
        if "WebPage" in jsonld.types_of(thing):
            yield jsonld.text_of(thing.get("datePublished"))
    yield jsonld.text_of(article.get("dateCreated"))
    for node in tree.xpath("//*[@itemprop='datePublished' or @pubdate]")[:_TIMES]:
        yield node.get("datetime") or node.get("content") or node.text
    for node in tree.xpath("//time[@datetime][not(ancestor::aside or ancestor::nav or ancestor::footer)]")[
        :_TIMES
    ]:
        if "odif" not in (node.get("itemprop") or "") and "update" not in (node.get("class") or "").lower():
            yield node.get("datetime")
    for address in addresses:
        found = _IN_ADDRESS.search(address)
        if found:
            yield "-".join(found.groups())
