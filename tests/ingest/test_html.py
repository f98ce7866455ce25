from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from schemas.events import Article
from services.ingest.readers import Offer
from services.ingest.readers.html import read_html
from tests.support.arrivals import LIMITS, arrival, one_article, one_refusal

PAGE = """<!DOCTYPE html>
<html lang="en_GB"><head><meta charset="utf-8">
<title>Bridge | Example</title>
<link rel="canonical" href="https://example.org/news/bridge?utm_source=x">
<meta property="og:title" content="Bridge &quot;to reopen&quot;">
<meta property="og:site_name" content="The Example">
<meta property="article:published_time" content="2026-05-01T09:30:00+01:00">
<meta name="author" content="Jane  Doe"><meta property="article:author" content="https://example.org/people/jane">
</head><body><p>“We will,” she said.</p></body></html>"""


def page_article(data: bytes, **given: str | None) -> Article:
    read = read_html(arrival("a.html"), data, LIMITS, **given)
    assert isinstance(read, Offer), str(read)
    return read.article


def test_what_the_page_says_about_itself() -> None:
    article = one_article("a.html", PAGE.encode())
    assert article.url == "https://example.org/news/bridge?utm_source=x"
    assert article.title == 'Bridge "to reopen"'
    assert article.outlet == "The Example"
    assert article.published_at == datetime(2026, 5, 1, 8, 30, tzinfo=UTC)
    assert article.authors == ("Jane Doe",)
    assert article.language == "en-GB"
    assert article.content == PAGE
    assert article.content_type == "text/html"


def test_json_ld_fills_in() -> None:
    data = """<html><head><script type="application/ld+json">{"@graph": [{"@type": "Organization", "name": "No"},
    {"@type": ["NewsArticle"], "headline": "Bridge", "datePublished": "2026-05-01", "inLanguage": "de",
     "author": [{"name": "Jane Doe"}, "John Roe"], "publisher": {"name": "Example"}}]}</script></head><body>Text</body></html>"""
    article = one_article("a.htm", data.encode())
    assert (article.title, article.outlet, article.language) == ("Bridge", "Example", "de")
    assert article.authors == ("Jane Doe", "John Roe")
    assert article.published_at == datetime(2026, 5, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "script",
    [
        "{",
        "[" * 50_000,
        '{"@type": {"a": 1}, "headline": 3}',
        '{"@type": "NewsArticle", "headline": 7, "author": 4}',
        "null",
    ],
)
def test_broken_json_ld_is_passed_over(script: str) -> None:
    data = (
        "<html><head><title>T</title><script"
        f' type="application/ld+json">{script}</script></head><body>Text</body></html>'
    )
    assert one_article("a.html", data.encode()).title == "T"


@pytest.mark.parametrize(
    ("data", "charset"),
    [
        ('<html><head><meta charset="iso-8859-1"></head><body>“Grüße”</body></html>'.encode("cp1252"), None),
        ("<html><body>“Grüße”</body></html>".encode("cp1252"), None),
        ("<html><body>“Grüße”</body></html>".encode("utf-16"), None),
        ('<html><head><meta charset="utf-16"></head><body>“Grüße”</body></html>'.encode(), None),
        ('<html><head><meta charset="latin-1"></head><body>“Grüße”</body></html>'.encode(), "utf-8"),
        ('<html><head><meta charset="unicode_escape"></head><body>“Grüße”</body></html>'.encode(), None),
    ],
)
def test_charset_from_mark_header_page_or_guess(data: bytes, charset: str | None) -> None:
    assert "“Grüße”" in page_article(data, charset=charset).content


def test_one_broken_byte_does_not_garble_a_page() -> None:
    data = "<html><body>“Grüße” ".encode() + b"\xff</body></html>"
    assert "“Grüße” \ufffd" in one_article("a.html", data).content


def test_addresses_are_resolved_against_where_the_page_came_from() -> None:
    page = b'<html><head><link rel="canonical" href="/a"></head><body>x</body></html>'
    article = page_article(page, fetched_from="https://example.org/b")
    assert article.url == "https://example.org/a"
    assert one_article("a.html", page).url is None


@pytest.mark.parametrize(
    ("canonical", "og"),
    [
        ("https://echo.example/", None),
        ("/", None),
        ("https://echo.example/news", None),
        ("https://echo.example/news/", "https://echo.example/news/2026/bridge"),
        ("https://echo.example/news/2026/tunnel", "https://echo.example/news/2026/bridge"),
    ],
)
def test_a_canonical_address_that_is_not_the_articles_own_merges_nothing(
    canonical: str, og: str | None
) -> None:
    also = f'<meta property="og:url" content="{og}">' if og else ""
    page = f'<html><head><link rel="canonical" href="{canonical}">{also}</head><body>x</body></html>'.encode()
    fetched = "https://echo.example/news/2026/bridge"
    assert page_article(page, fetched_from=fetched).url == fetched
    ids = {
        one_article("a.html", page.replace(b"<body>x", b"<body>" + words)).article_id
        for words in (b"Rain.", b"Sun.")
    }
    assert len(ids) == (2 if canonical in ("/", "https://echo.example/") else 1)


@pytest.mark.parametrize(
    "canonical",
    [
        "https://echo.example/?utm_source=template",
        "https://echo.example/en/",
        "https://echo.example/en-gb/home.html",
        "https://echo.example/index.aspx",
        "https://m.echo.example/",
        "https://echo.example/politics",
        "https://echo.example/topics/the-economy/",
        "https://echo.example/politics/2026/tunnel-closed-after-flood",
    ],
)
def test_pages_of_one_template_whose_canonical_address_is_not_theirs_are_two_articles(canonical: str) -> None:
    def article(slug: str, title: str) -> Article:
        page = (
            f'<html><head><title>{title} | Echo</title><link rel="canonical"'
            f' href="{canonical}"></head><body>{title}.</body></html>'
        )
        return page_article(page.encode(), fetched_from=f"https://echo.example/news/{slug}.html")

    bridge, harbour = (
        article("bridge-reopens-in-may", "Bridge reopens in May"),
        article("harbour-to-grow", "Harbour is to grow"),
    )
    assert bridge.url == "https://echo.example/news/bridge-reopens-in-may.html"
    assert bridge.article_id != harbour.article_id


@pytest.mark.parametrize(
    ("fetched", "canonical"),
    [
        ("https://echo.example/?p=12", "https://echo.example/news/bridge-reopens-in-may"),
        ("https://echo.example/old-slug-of-it", "https://echo.example/news/bridge-reopens-in-may"),
        ("https://echo.example/news/bridge-reopens-in-may", "https://echo.example/article/12345"),
        (
            "https://echo.example/news/bridge-reopens",
            "https://echo.example/news/bridge-reopens-in-may-minister-says",
        ),
        ("https://echo.example/12", "https://echo.example/xinwen/daqiao-wuyue-kaifang"),
    ],
)
def test_a_canonical_address_that_may_be_the_articles_own_is_taken(fetched: str, canonical: str) -> None:
    page = (
        '<html><head><title>Bridge reopens in May</title><link rel="canonical"'
        f' href="{canonical}"></head><body>x</body></html>'
    )
    assert page_article(page.encode(), fetched_from=fetched).url == canonical


def test_an_article_in_another_dress_is_the_same() -> None:
    page = (
        b'<html><head><link rel="canonical"'
        b' href="https://echo.example/news/bridge"></head><body>x</body></html>'
    )
    ways = (
        "https://echo.example/news/bridge/amp",
        "https://m.echo.example/news/bridge?fbclid=1",
        "https://echo.example/news/bridge",
    )
    assert len({page_article(page, fetched_from=way).article_id for way in ways}) == 1


def test_script_addresses_are_not_taken() -> None:
    page = b'<html><head><link rel="canonical" href="javascript:alert(1)"></head><body>x</body></html>'
    assert one_article("a.html", page).url is None


@pytest.mark.parametrize("data", [b"<!-- only a comment -->", b"<html><head></head></html>\x00", b"   "])
def test_no_page_is_refused(data: bytes) -> None:
    assert one_refusal("a.html", data).reason in ("not_html", "binary", "empty")


@pytest.mark.parametrize("depth", [300, 600, 5_000])
def test_words_deeper_than_the_parser_goes_are_part_of_what_makes_an_article(depth: int) -> None:
    ids = {
        one_article("a.html", b"<html><body>" + b"<div>" * depth + words).article_id
        for words in (b"Rain.", b"Sun.")
    }
    assert len(ids) == 2


def test_hostile_depth_is_read_as_far_as_the_parser_goes() -> None:
    started = time.process_time()
    assert (
        one_article("a.html", b"<html><body>" + b"<a>" * 9_000 + b"</b>" * 9_000).content_type == "text/html"
    )
    assert time.process_time() - started < 20.0


def test_deep_nesting_and_entities_are_harmless() -> None:
    deep = b"<html><body>" + b"<div>" * 15_000 + b"text"
    assert one_article("a.html", deep).content_type == "text/html"
    bomb = (
        b'<!DOCTYPE html [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><html><body>&b;'
        b" <p>text</p></body></html>"
    )
    assert len(one_article("a.html", bomb).content) == len(bomb)
