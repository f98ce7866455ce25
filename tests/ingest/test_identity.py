from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.identity import (
    URL_CHARS,
    article_id,
    content_key,
    fingerprint,
    host_of,
    url_key,
    web_address,
)
from tests.support.arrivals import offer

SAME = [
    "https://example.org/a/b",
    "http://example.org/a/b",
    "https://www.example.org/a/b/",
    "HTTPS://EXAMPLE.org:443/a/b#part",
    "https://example.org/a/b?utm_source=x&fbclid=1",
    "https://example.org/a/%62",
    "https://m.example.org/a/b",
    "https://amp.example.org/a/b",
    "https://example.org/amp/a/b",
    "https://example.org/a/b/amp/",
    "https://example.org/a/b/amp.html",
    "https://example.org/a/b.amp",
    "https://example.org/a/b/print",
    "https://example.org/a/b?outputType=amp",
    "https://example.org/a/b?amp=1&print",
]
OTHERS = [
    "https://example.org/a",
    "https://example.org/a/b?id=1",
    "https://example.org:8080/a/b",
    "https://example.org/A/b",
    "https://example.org/a/b-amp",
    "https://news.example.org/a/b",
    "https://example.org/a/b?output=2",
]


def test_one_page_by_many_addresses() -> None:
    assert len({url_key(url) for url in SAME}) == 1
    assert url_key("https://e.org/?b=2&a=1&utm_medium=m") == url_key("https://e.org/?a=1&b=2")


@pytest.mark.parametrize("other", OTHERS)
def test_other_pages(other: str) -> None:
    assert url_key(other) != url_key(SAME[0])


@pytest.mark.parametrize(
    "text",
    [
        "",
        None,
        "example.org",
        "ftp://e.org",
        "http://",
        "https://[::1",
        "https://e.org:99999/",
        "https://e.org/a b",
        "https://e.org/" + "a" * URL_CHARS,
    ],
)
def test_no_web_address(text: str | None) -> None:
    assert web_address(text) is None
    assert host_of(text) is None


def test_content_is_compared_as_it_reads() -> None:
    assert content_key("The  bridge\r\nreopens. ", "text/plain") == content_key(
        "The bridge reopens.", "text/plain"
    )
    plain = content_key("The bridge reopens.", "text/plain")
    assert content_key("<p>The bridge</p>\n<script>1</script><p>reopens.</p>", "text/html") == plain
    assert content_key("<p>A</p><!-- 1 -->tail", "text/html") == content_key(
        "<p>A</p><!-- 2 -->tail", "text/html"
    )
    assert content_key("<p>A</p>", "text/html") != content_key("<p>B</p>", "text/html")
    assert content_key("<!-- a -->", "text/html") != content_key("<!-- b -->", "text/html")


def test_the_address_names_the_article_else_its_text() -> None:
    assert article_id(SAME[0], "x", "text/plain") == article_id(SAME[1], "y", "text/html")
    assert article_id(None, "The bridge", "text/plain") == article_id(
        "not an address", "The  bridge\n", "text/plain"
    )
    assert article_id(None, "x", "text/plain") != article_id(SAME[0], "x", "text/plain")


@given(url=st.text(max_size=60).map("https://e.org/".__add__))
def test_an_address_is_its_own_key_again(url: str) -> None:
    if web_address(url):
        key = url_key(url)
        again = web_address(f"https://{key}")
        assert again is None or url_key(again) == key


def test_addresses_in_utf_8_keep_their_keys() -> None:
    # ids of articles on the log hang on these
    assert (
        url_key("https://e.org/stra\u00dfe/%C3%BC?q=\u00e4+b&r=%E2%82%AC")
        == "e.org/stra%C3%9Fe/%C3%BC?q=%C3%A4+b&r=%E2%82%AC"
    )


def test_bytes_that_are_no_utf_8_tell_pages_apart() -> None:
    keys = {
        url_key(f"https://x.org/{rest}")
        for rest in ("%E4", "%F6", "%EF%BF%BD", "?q=%E4", "?q=%F6", "?q=%EF%BF%BD", "?%E4=q", "?%F6=q")
    }
    assert len(keys) == 8


def escaped(raw: bytes, ways: list[int]) -> str:
    """The bytes as part of an address: unreserved ones bare or escaped, the digits of escapes in either
    case."""
    return "".join(
        chr(byte) if way == 0 and chr(byte) in UNRESERVED else f"%{byte:02X}" if way < 2 else f"%{byte:02x}"
        for byte, way in zip(raw, ways, strict=True)
    )


UNRESERVED = string.ascii_letters + string.digits + "-._~"
PLACES = st.sampled_from(["https://x.org/a{}b", "https://x.org/?q={}", "https://x.org/?{}=1"])
# some parameters' names are dropped, and all of these begin otherwise
RAW = st.binary(max_size=12).map(b"x".__add__)


def ways_of(raw: bytes) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(0, 2), min_size=len(raw), max_size=len(raw))


@given(data=st.data(), place=PLACES, raw=RAW)
def test_one_address_however_it_is_escaped(data: st.DataObject, place: str, raw: bytes) -> None:
    one, other = (url_key(place.format(escaped(raw, data.draw(ways_of(raw))))) for _ in range(2))
    assert one == other
    assert url_key(f"https://{one}") == one


@given(place=PLACES, one=RAW, other=RAW)
def test_other_bytes_are_another_address(place: str, one: bytes, other: bytes) -> None:
    keys = [url_key(place.format(escaped(raw, [2] * len(raw)))) for raw in (one, other)]
    assert (keys[0] == keys[1]) == (one == other)


@pytest.mark.parametrize(
    "change",
    [
        {"title": "New"},
        {"outlet": "New"},
        {"authors": ("A",)},
        {"language": "de"},
        {"published_at": "2026-05-01T00:00:00Z"},
    ],
)
def test_fingerprint_tells_changes_apart(change: dict[str, object]) -> None:
    assert fingerprint(offer().article, "k") != fingerprint(offer(**change).article, "k")


@pytest.mark.parametrize(
    "change", [{"revision": 4}, {"origin": "push"}, {"fetched_at": "2026-05-01T00:00:00Z"}]
)
def test_fingerprint_ignores_how_it_came(change: dict[str, object]) -> None:
    assert fingerprint(offer().article, "k") == fingerprint(offer(**change).article, "k")
