"""Pages that are no articles, and articles that look a little like them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.ingest.readers import Limits, Offer, Skip
from services.ingest.readers.html import read_html
from tests.support.arrivals import LIMITS, arrival

WORDS = (
    "The minister said on Tuesday that the tunnel would open in March, after two years of work and a cost"
    " twice as high as planned. "
)
TEASERS = "".join(
    f"<div><h3><a href='/2026/story-{n}'>Story number {n} and what came of it</a></h3><p>A few"
    " words.</p></div>"
    for n in range(30)
)
ADDRESS = "https://gazette.example/2026/03/01/tunnel"


def ld(kind: str, **more: Any) -> str:
    thing = {"@context": "https://schema.org", "@type": kind, "headline": "Tunnel opens", **more}
    return f'<script type="application/ld+json">{json.dumps(thing)}</script>'


def page(body: str, head: str = "", title: str = "Tunnel opens") -> bytes:
    return (
        f"<html lang=en><head><title>{title} |"
        f" Gazette</title>{head}</head><body><nav>Menu</nav>{body}</body></html>".encode()
    )


def paragraphs(count: int) -> str:
    return f"<p>{WORDS}</p>" * count


LIVE = [{"@type": "BlogPosting", "headline": f"Entry {n}", "articleBody": "Words."} for n in range(8)]
FREE = '<meta property="og:type" content="article">'

NO_ARTICLES = [
    ("list", page(TEASERS, ld("WebSite")), "https://gazette.example/"),
    ("list", page(TEASERS, title="Politics"), "https://gazette.example/politics/"),
    ("list", page(TEASERS, ld("CollectionPage") + FREE), "https://gazette.example/tag/tunnel"),
    ("list", page("<h1>Results for tunnel</h1>", ld("SearchResultsPage")), "https://gazette.example/search?q=tunnel"),
    ("list", page(TEASERS + paragraphs(3)), ADDRESS),
    ("live_blog", page(paragraphs(20), ld("LiveBlogPosting", liveBlogUpdate=LIVE)), ADDRESS),
    ("paywall", page(paragraphs(2) + "<p>Subscribe to read on.</p>", ld("NewsArticle", isAccessibleForFree=False)), ADDRESS),
    ("paywall", page(paragraphs(1), ld("NewsArticle", isAccessibleForFree="False") + FREE), ADDRESS),
    ("gallery", page("<figure><img><figcaption>The tunnel</figcaption></figure>" * 20, ld("ImageGallery")), ADDRESS),
    ("gallery", page("<figure><img></figure>" * 20, ld("NewsArticle") + ld("ImageGallery")), ADDRESS),
    ("error_page", page("<h1>404</h1><p>There is nothing here.</p>", title="Page not found"), ADDRESS),
    ("error_page", page("<h1>Seite nicht gefunden</h1>", title="Hoppla"), ADDRESS),
    ("error_page", page("<h1>Just a moment…</h1>", title="Just a moment..."), ADDRESS),
    ("error_page", page("<h1>Access denied</h1>", title="Access Denied"), ADDRESS),
    *(("error_page", page("<p>Sorry.</p>", title=title), ADDRESS) for title in (
        "404", "Error 404", "404 Not Found", "403 Forbidden", "The page could not be found", "404 - Page not found",
        "Oops! Page not found.",
        "503 Service Temporarily Unavailable", "Attention Required! Cloudflare", "This page is no longer available", "Page does not exist",
    )),
    ("error_page", page(TEASERS, FREE, title="404 – Gazette"), ADDRESS),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "data", "address"), NO_ARTICLES, ids=[f"{kind}-{n}" for n, (kind, *_) in enumerate(NO_ARTICLES)]
)
def test_what_is_no_article_is_passed_over_and_taken_on_request(kind: str, data: bytes, address: str) -> None:
    read = read_html(arrival("a.html"), data, LIMITS, fetched_from=address)
    assert isinstance(read, Skip)
    assert read.reason == kind
    assert f"ONRECORD_INGEST__TAKE_KINDS={kind}" in read.message
    assert isinstance(
        read_html(arrival("a.html"), data, Limits(100_000, kinds=frozenset((kind,))), fetched_from=address),
        Offer,
    )


ARTICLES = [
    page(paragraphs(6)),
    page(paragraphs(6) + TEASERS, FREE),
    page(paragraphs(1) + TEASERS, ld("NewsArticle")),
    page("<p>Short and true.</p>"),
    page("<p>Short and true.</p>", ld("NewsArticle")),
    page(paragraphs(12), ld("NewsArticle", isAccessibleForFree=False)),
    page(f"<div>{WORDS}<br>{WORDS * 8}</div>", ld("NewsArticle", isAccessibleForFree=False)),
    page("", ld("NewsArticle", isAccessibleForFree=False, articleBody=WORDS * 9)),
    page(paragraphs(6), ld("LiveBlogPosting")),
    page(paragraphs(6) + "<figure><img></figure>" * 20, ld("NewsArticle") + ld("ImageGallery")),
    page(paragraphs(6), title="Man not found after flood"),
    page(paragraphs(6), title="404 people rescued from the lake"),
    *(
        page("<p>Short and true.</p>", title=title)
        for title in (
            "404 people rescued from the lake",
            "Missing boy not found",
            "Carmaker cuts 500 jobs",
            "Just a moment of peace",
            "Access denied to reporters",
            "500: what the number means",
            "Der Fehler 404",
            "Not found guilty",
            "Gone with the wind",
        )
    ),
    page(paragraphs(6), ld("CollectionPage")),
]


@pytest.mark.parametrize("data", ARTICLES, ids=range(len(ARTICLES)))
def test_articles_stay_articles(data: bytes) -> None:
    read = read_html(arrival("a.html"), data, LIMITS, fetched_from=ADDRESS)
    assert isinstance(read, Offer), str(read)


def test_a_page_without_an_address_is_judged_by_the_rest() -> None:
    assert isinstance(read_html(arrival("a.html"), page(paragraphs(6)), LIMITS), Offer)
    assert isinstance(read_html(arrival("a.html"), page(TEASERS), LIMITS), Skip)
