"""What kind of page a page is, where it is no article: a list, a live blog, a stub before a paywall, a
gallery, an error page.

A page is taken for an article unless several things say otherwise: what it says of itself (JSON-LD,
``og:type``), how much prose stands in it outside of links, and how many headlines lead elsewhere. An article
that is refused is lost, a list that is taken costs a little time: in doubt it is an article. The figures were
chosen on the read half of 124 real articles (``lab/labels/pages``), none of which is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from lxml import etree

from services.chassis import jsonld
from services.chassis.pagehead import Head
from services.ingest.addresses import is_home

KINDS: Mapping[str, str] = {
    "list": "is a list of articles: a home page, a section, a tag or a search",
    "live_blog": "is a live blog, which has no words of its own but many entries",
    "paywall": "is the beginning of an article that only subscribers may read",
    "gallery": "is a gallery of pictures",
    "error_page": "is an error page, though it was answered as a page",
}
"""The kinds, and what is said of a page of each."""

_PROSE = """//*[self::p or self::div or self::section or self::article or self::td or self::span]
    [not(ancestor::nav or ancestor::aside or ancestor::footer or ancestor::header)]
    [not(ancestor::p)]"""
_PARAGRAPH = 80
"""Characters outside of links: teasers and captions are shorter more often than not."""
_HEADLINES = "//*[self::h2 or self::h3 or self::h4][a[@href] or ancestor::a[@href]]"
_LINKED = 8
"""Headlines that lead elsewhere; articles have as many below them, so it is nothing by itself."""
_PROSE_PER_HEADLINE = 120
"""Characters of prose; a page with less of it for each headline that leads elsewhere is made of headlines."""
_STUB = 900
"""Characters: what stands before a paywall is shorter."""
_LITTLE = 500
"""Characters of prose, fewer than any of the read articles has: with less a page may be no article."""
_LIVE_ENTRIES = 3
"""Entries that a live blog has at least."""
_ERROR = re.compile(
    r"(?:(?:http |server )?error:? ?)?(?:40[0-9]|410|429|50[0-4])(?: error)?"
    r"|(?:(?:404|410)\W*)?(?:not found|file not found|gone)"
    r"|(?:(?:40[13])\W*)?(?:forbidden|unauthorized|access (?:to this page has been )?denied)"
    r"|(?:50[0-4]\W*)?"
    r"(?:internal server error|bad gateway|service (?:temporarily )?unavailable|gateway time-?out)"
    r"|(?:.{0,20}\b)?(?:(?:this|the) )?page (?:you .{0,30})?(?:(?:was|could|can|is|does) )?no(?:t| longer) "
    r"(?:be )?(?:found|available|exist)"
    r"|just a moment|attention required.{0,16}|are you (?:a )?(?:robot|human)"
    r"|(?:please )?verify(?:ing)? you are (?:a )?human"
    r"|(?:404\W*)?(?:seite nicht gefunden|page (?:introuvable|non trouvée)|página no encontrada"
    r"|pagina non trovata|pagina niet gevonden|siden ble ikke funnet|siden findes ikke|sidan kunde inte hittas)",
    re.IGNORECASE,
)
"""The whole of a title, or of its first or last part. Of words inside a title a short report may be made: 500
jobs, a boy not found."""

_PARTS = re.compile(r"\s+[-–—|·•:»]\s+|\s*\|\s*")


@dataclass(frozen=True, slots=True)
class Build:
    """How a page is built. ``prose``: characters in paragraphs outside of links. ``headlines``: those that
    lead elsewhere."""

    prose: int
    headlines: int


def kind_of(tree: etree._Element, head: Head, address: str | None) -> str | None:
    """One of :data:`KINDS`; None for what may be an article. ``address``: where the page was, where that is
    known."""
    things = jsonld.things_of(tree)
    types = frozenset(name for thing in things for name in jsonld.types_of(thing))
    article = jsonld.article_among(things)
    build = build_of(tree)
    body = len(head.body)
    little = max(build.prose, body) < _LITTLE
    if little and any(map(_is_error, head.titles)):
        return "error_page"
    if _is_live(article):
        return "live_blog"
    if little and types & {"ImageGallery", "MediaGallery"}:
        return "gallery"
    if str(article.get("isAccessibleForFree")).lower() == "false" and max(build.prose, body) < _STUB:
        return "paywall"
    return "list" if _is_list(tree, article, types, build, address) else None


def _is_error(title: str) -> bool:
    parts = _PARTS.split(title)
    return any(_ERROR.fullmatch(part.strip(" .!?…")) for part in (parts[0], parts[-1]))


def build_of(tree: etree._Element) -> Build:
    """How the page is built. Changes nothing in the tree."""
    prose = 0
    for node in tree.xpath(_PROSE):
        # of others than p only what stands in them directly: what is inside them is counted there
        words = node.itertext() if node.tag == "p" else node.xpath("text()")
        linked = sum(len("".join(link.itertext())) for link in node.iter("a")) if node.tag == "p" else 0
        own = len(" ".join("".join(words).split())) - linked
        prose += own if own >= _PARAGRAPH else 0
    return Build(prose, len(tree.xpath(_HEADLINES)))


def _is_live(article: jsonld.Thing) -> bool:
    updates = article.get("liveBlogUpdate")
    return (
        "LiveBlogPosting" in jsonld.types_of(article)
        and isinstance(updates, list)
        and len(updates) >= _LIVE_ENTRIES
    )


def _is_list(
    tree: etree._Element, article: jsonld.Thing, types: frozenset[str], build: Build, address: str | None
) -> bool:
    if article:
        return False
    sparse = build.headlines >= _LINKED and build.prose < _PROSE_PER_HEADLINE * build.headlines
    if types & {"CollectionPage", "SearchResultsPage"} or (address is not None and is_home(address)):
        return sparse or build.prose < _LITTLE
    return sparse and not _says_article(tree)


def _says_article(tree: etree._Element) -> bool:
    """Whether the page's head says that it is an article, or when it was published."""
    for node in tree.iter("meta"):
        name = (node.get("property") or node.get("name") or "").lower()
        value = (node.get("content") or "").lower()
        if (name == "og:type" and "article" in value) or name in (
            "article:published_time",
            "datepublished",
            "pubdate",
            "parsely-pub-date",
        ):
            return True
    return bool(tree.xpath("boolean(//*[@itemprop='articleBody' or @itemprop='datePublished'])"))
