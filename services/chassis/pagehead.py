"""What a page says about itself: title, by-line, date, outlet, language, address, summary, kind.

Pages say each of these several times, and not always the same. The title is what most of ``og:title``,
JSON-LD ``headline``, ``title`` and ``h1`` agree on, the heading before the others, the site's name at its end
left out. Names and dates: :mod:`services.chassis.bylines`, :mod:`services.chassis.pagedates`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from lxml import etree

from services.chassis import jsonld
from services.chassis.bylines import authors_of
from services.chassis.pagedates import published
from services.chassis.words import letters

_SEPARATOR = re.compile(r"\s+[-–—|·•:»«/]+\s+|\s*\|\s*")
_HEADINGS = 6
"""An article has one h1; pages of lists have dozens."""
_CUT = ("…", "...")


@dataclass(frozen=True, slots=True)
class Head:
    """A page about itself; None or empty where it says nothing.

    ``titles``: all it calls itself, whole and cut. ``summaries``: what it says it is about. ``addresses``:
    where it says it stands, as written, the surest first. ``own_addresses``: those that its sharing buttons
    and JSON-LD name. ``body``: the article's text in JSON-LD.
    """

    title: str | None
    titles: tuple[str, ...]
    summaries: tuple[str, ...]
    authors: tuple[str, ...]
    outlet: str | None
    language: str | None
    published_at: datetime | None
    addresses: tuple[str, ...]
    own_addresses: tuple[str, ...]
    body: str


def read_head(tree: etree._Element) -> Head:
    """What a parsed page says about itself. Changes nothing in the tree."""
    meta = _meta(tree)
    things = jsonld.things_of(tree)
    article = jsonld.article_among(things)
    outlet = _first(meta, "og:site_name") or jsonld.name_of(article.get("publisher"))
    canonical = [
        node.get("href") or ""
        for node in tree.iter("link")
        if "canonical" in (node.get("rel") or "").lower().split()
    ]
    own = [*meta.get("og:url", []), *filter(None, (jsonld.text_of(article.get("url")), _main_page(article)))]
    sites = _site_names(meta, things, [*canonical, *own])
    title, titles = _titles(tree, meta, article, sites)
    summaries = (
        *_all(meta, "og:description", "description", "twitter:description"),
        jsonld.text_of(article.get("description")),
    )
    return Head(
        title=title,
        titles=titles,
        summaries=tuple(dict.fromkeys(_plain(summary) for summary in summaries if summary)),
        authors=authors_of(tree, meta, article, things, sites),
        outlet=outlet,
        language=tree.get("lang")
        or _first(meta, "og:locale", "content-language")
        or jsonld.text_of(article.get("inLanguage")),
        published_at=published(tree, meta, article, things, [*canonical, *own]),
        addresses=tuple(filter(None, (*canonical, *own))),
        own_addresses=tuple(own),
        body=jsonld.text_of(article.get("articleBody")) or "",
    )


def _meta(tree: etree._Element) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for node in tree.iter("meta"):
        name = node.get("property") or node.get("name") or node.get("itemprop") or node.get("http-equiv")
        value = node.get("content")
        if name and value and value.strip():
            found.setdefault(name.strip().lower(), []).append(value.strip())
    return found


def _all(meta: dict[str, list[str]], *names: str) -> list[str]:
    return [value for name in names for value in meta.get(name, ())]


def _first(meta: dict[str, list[str]], *names: str) -> str | None:
    return next(iter(_all(meta, *names)), None)


def _plain(text: str) -> str:
    """Text of one line; a title or summary that is marked up, or escaped twice, without that."""
    return " ".join(re.sub(r"<[^<>]{1,200}>", " ", unicodedata.normalize("NFC", text)).split())


def _main_page(article: jsonld.Thing) -> str | None:
    page = article.get("mainEntityOfPage")
    return (
        jsonld.text_of(page.get("@id") or page.get("url")) if isinstance(page, dict) else jsonld.text_of(page)
    )


def _site_names(
    meta: dict[str, list[str]], things: list[jsonld.Thing], addresses: list[str]
) -> frozenset[str]:
    """What the site and its publisher are called, by letters: a name in a title or by-line that is one of
    these is no part of it."""
    names = _all(
        meta,
        "og:site_name",
        "application-name",
        "publisher",
        "twitter:site",
        "apple-mobile-web-app-title",
        "dc.publisher",
    )
    for thing in things:
        names += jsonld.names_of(thing.get("publisher"), things)
        if jsonld.types_of(thing) & {"WebSite", "NewsMediaOrganization"}:
            names += jsonld.names_of([thing, thing.get("alternateName")], things)
    for address in addresses:
        try:
            host = (urlsplit(address).hostname or "").removeprefix("www.")
        except ValueError:
            continue
        names += [host, host.rpartition(".")[0]]
    return frozenset(filter(None, map(letters, names)))


def _titles(
    tree: etree._Element, meta: dict[str, list[str]], article: jsonld.Thing, sites: frozenset[str]
) -> tuple[str | None, tuple[str, ...]]:
    """The title that most of the page's own agree on, and all of them. Where none agree, the surest stands:
    the first."""
    headings = [_plain(" ".join(node.itertext())) for node in list(tree.iter("h1"))[:_HEADINGS]]
    named = [_first(meta, "og:title", "twitter:title"), jsonld.text_of(article.get("headline"))]
    named += [" ".join(node.text or "" for node in list(tree.iter("title"))[:1])]
    whole = [plain for plain in [*headings, *(_plain(title or "") for title in named)] if plain]
    cut = [_without_site(title, sites) for title in whole]
    candidates = [title for title in cut if letters(title) and letters(title) not in sites]
    if not candidates:
        return (whole[0] if whole else None), tuple(whole)
    votes = [sum(_agree(title, other) for other in candidates) for title in candidates]
    # as many for one as for another, or none agree: what stands above the text is what readers call it, if
    # that is one heading
    apart = [title for title in candidates if title not in headings]
    best = (
        candidates[votes.index(max(votes))] if max(votes) > 1 or len(headings) == 1 or not apart else apart[0]
    )
    shown = [title for title in whole if title not in headings[1:]]
    return best, tuple(dict.fromkeys((best, *(_without_site(title, sites) for title in shown), *shown)))


def _without_site(title: str, sites: frozenset[str]) -> str:
    """A title without the site's name at either end of it."""
    while True:
        places = list(_SEPARATOR.finditer(title))
        if places and letters(title[places[-1].end() :]) in sites:
            title = title[: places[-1].start()]
        elif places and letters(title[: places[0].start()]) in sites:
            title = title[places[0].end() :]
        else:
            return title.strip()


def _agree(title: str, other: str) -> bool:
    """Whether ``other`` is the same title, or this one with a section or site behind it, or a longer one cut
    short is not this."""
    mine, theirs = letters(title), letters(other)
    if title.endswith(_CUT):
        return False
    if mine == theirs:
        return True
    behind = other[len(title) :] if other.startswith(title) else ""
    return bool(_SEPARATOR.match(behind)) or (
        other.endswith(_CUT) and len(theirs) > 20 and mine.startswith(theirs)
    )
