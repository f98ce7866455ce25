"""Targets: what ingest reads. Readers never raise for what they read, and lose no byte without a word."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from protego import Protego  # noqa: F401 - loaded before memory is measured

from services.chassis import cloudevents, decoding
from services.chassis.log.types import Record
from services.chassis.metric_values import SKIPPED
from services.ingest.feeds.entries import MAX_ENTRIES, NotAFeed, parse
from services.ingest.feeds.fetch import MAX_RETRY_AFTER_S, retry_after
from services.ingest.feeds.robots import MAX_CRAWL_DELAY_S, Robots
from services.ingest.identity import (
    URL_CHARS,
    article_id,
    fingerprint,
    host_of,
    joined,
    publisher_key,
    url_key,
    web_address,
)
from services.ingest.readers import Arrival, Item, Limits, Offer, Refusal, Skip, format_of, read
from services.ingest.readers.dispatch import Format
from services.ingest.readers.text import parse_date
from services.ingest.readers.warc import Resume, never
from tests.fuzz.given import Given
from tests.fuzz.target import Target
from tests.support.archives import Packing, answer, packed
from tests.support.golden import GOLDEN

_AT = datetime(2026, 1, 1, tzinfo=UTC)
_LIMITS = Limits(article_bytes=600)
"""Small, so that inputs of every kind go beyond them."""
_LABELS = frozenset({
    "too_large", "not_html", "empty", "binary", "schema", "not_object", "not_json", "gzip", "not_text", "embargoed", "partial", "encoding",
    "archive", "not_table", "not_xml",
})  # fmt: skip
_SAMPLE = Path(__file__).parents[2] / "services" / "ingest" / "samples" / "lavrov.txt"
NINJS = {
    "uri": "https://example.org/n/1", "type": "text", "version": "2", "firstCreated": "2026-05-01T09:30:00Z", "pubstatus": "usable",
    "headlines": [{"role": "main", "value": "Tunnel opens"}], "by": "By Ida Holm", "language": "en-GB",
    "bodies": [{"role": "main", "contentType": "text/html", "value": "<p>“It opens in March,” Ida Holm said.</p>"}],
    "infoSources": [{"name": "Example", "rel": "source"}],
}  # fmt: skip
ARTICLE = {"url": "https://example.org/a?utm_source=x", "title": "Tunnel", "authors": ["Ida Holm"], "language": "en", "revision": 3,
           "published_at": "2026-05-01T09:30:00Z", "content": "“It opens in March,” Ida Holm said."}  # fmt: skip


def _arrival(source: str = "files") -> Arrival:
    return Arrival("input", "file:input", source, _AT)


def _read(data: bytes, form: Format | None, source: str = "files") -> list[Item]:
    stream = io.BufferedReader(io.BytesIO(data))
    items = list(read(_arrival(source), stream, _LIMITS, form))
    for item in items:
        _check_item(item)
    return items


def _check_item(item: Item) -> None:
    if isinstance(item, Refusal):
        assert item.reason in _LABELS
        assert item.stage in ("decode", "validate")
        assert len(str(item)) < 4_000
        return
    if isinstance(item, Skip):
        assert item.reason in SKIPPED
        return
    article = item.article
    message = cloudevents.encode(article, source="/fuzz")
    back = cloudevents.decode(
        Record(message.topic, 0, 0, 0, message.key, message.value, message.headers), type(article)
    )
    assert back.event == article
    publisher_key(article)
    fingerprint(article, "key")


def check_text(data: bytes) -> None:
    """A plain text keeps every character."""
    (item,) = _read(data, "text")
    _keeps(item, data)
    if isinstance(item, Offer):
        assert item.article.content == decoding.decode(data)


def check_page(data: bytes) -> None:
    """A page keeps its source."""
    (item,) = _read(data, "html")
    _keeps(item, data)
    if isinstance(item, Offer):
        assert item.article.content == decoding.decode(data, decoding.declared_in_html(data), forgiving=True)


def _keeps(item: Item, data: bytes) -> None:
    packed = data.startswith(b"\x1f\x8b")
    assert (
        packed
        or item.original == data
        or (isinstance(item, Refusal) and item.cut and data.startswith(item.original))
    )


def check_lines(data: bytes) -> None:
    """Each line that is not blank is one item, with its bytes."""
    given = Given(data)
    source = given.one_of(("files", "push"))
    content = given.rest()
    items = _read(content, "jsonl", source)
    if content.startswith(b"\x1f\x8b"):
        return
    lines = [line for line in content.split(b"\n") if line and not (line + b"\n").isspace()]
    assert len(items) == len(lines)
    for item, line in zip(items, lines, strict=True):
        kept = line.removeprefix(b"\xef\xbb\xbf").rstrip(b"\r")
        assert item.original == kept or (
            isinstance(item, Refusal) and item.cut and line.startswith(item.original.rstrip(b"\r\n"))
        )


def check_document(data: bytes) -> None:
    """One JSON document gives one item, or one for each element of its array."""
    items = _read(data, "json")
    try:
        value = json.loads(data.decode("utf-8-sig"), parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return
    if (
        isinstance(value, list)
        and len(data) <= _LIMITS.line_bytes
        and not any(isinstance(item, Refusal) and item.cut for item in items)
    ):
        refused_whole = len(items) == 1 and isinstance(items[0], Refusal) and not items[0].reencoded
        assert refused_whole or len(items) == len(value)


def check_gzip(data: bytes) -> None:
    """A packed input gives what the plain one gives; a damaged one is refused in one item more at most."""
    given = Given(data)
    form: Format = given.one_of(("text", "html", "jsonl", "json"))
    damage, at, by = given.flag(), given.number(2**16), given.number(256)
    content = given.rest()
    packed = bytearray(gzip.compress(content, 1, mtime=0))
    if damage:
        packed[at % len(packed)] ^= by
        _read(bytes(packed[: len(packed) - by % 3]), form)
        _read(b"\x1f\x8b" + content, None)
        return
    if content.startswith(b"\x1f\x8b"):
        return  # packed twice: only the outer wrapping is taken off
    plain = _read(content, form)
    assert [item.original for item in _read(bytes(packed), form)] == [item.original for item in plain]


def check_archive(data: bytes) -> None:
    """Each capture of a whole archive is one item, and reading goes on behind every mark with exactly what is
    left. Damage of one byte costs the other members nothing."""
    given = Given(data)
    packing: Packing = given.one_of(("plain", "members", "one"))
    damage, at = given.flag(), given.number(2**16)
    content = given.rest()
    addresses = [f"https://example.org/{n}" for n in range(3)]
    whole = bytearray(packed([answer(address, b"<html><body>" + content) for address in addresses], packing))
    if damage:
        whole[at % len(whole)] ^= 1 + at % 255
    items = _read(bytes(whole), "warc")
    names = [item.arrival.name.rpartition(" ")[2] for item in items]
    if not damage:
        assert names == addresses
    elif packing == "members":
        assert len(set(names) & set(addresses)) >= 2
    for number, item in enumerate(items, start=1):
        mark = item.arrival.mark
        mark_of: Resume = {mark.archive: mark}.get if mark else never
        again = list(read(_arrival(), io.BufferedReader(io.BytesIO(bytes(whole))), _LIMITS, "warc", mark_of))
        # the last one says that all has been read: the next time it is read from its beginning
        assert damage or [other.arrival.name for other in again] == [
            other.arrival.name for other in items[number % len(items) :]
        ]


def check_table(data: bytes) -> None:
    """Each row of a table that was written as such is one item, with all of its text; any other bytes are
    read or refused."""
    given = Given(data)
    separator = given.one_of((",", ";", "\t", "|"))
    # a file with control characters is no text, and a byte order mark may begin any line of one that was put
    # together from several
    texts = ["".join(filter(_kept, given.piece().decode("utf-8", "ignore"))) for _ in range(3)]
    _read(given.rest(), "table")
    made = io.StringIO(newline="")
    writer = csv.writer(made, delimiter=separator, quoting=csv.QUOTE_ALL)
    writer.writerows([["Title", "Text"], *([f"Row {n}", text] for n, text in enumerate(texts))])
    items = _read(made.getvalue().encode(), "table")
    assert len(items) == len(texts)
    for item, text in zip(items, texts, strict=True):
        assert not isinstance(item, Offer) or item.article.content == text
        assert isinstance(item, Offer) or not text.strip() or len(text.encode()) > _LIMITS.article_bytes


def _kept(character: str) -> bool:
    return character.isprintable() or character in "\r\n\t\u2028\x85\xa0"


def check_newsml(data: bytes) -> None:
    """All words of a body are in the article; any other bytes are read or refused."""
    given = Given(data)
    words, tags = (
        given.piece().decode("utf-8", "replace"),
        [given.one_of(("p", "div", "b", "li", "x", "section")) for _ in range(4)],
    )
    _read(given.rest(), "newsml")
    words = " ".join(
        "".join(character for character in words if character.isalnum() or character == " ").split()
    )
    markup = words
    for tag in tags:
        markup = f"{words}<{tag}>{markup}</{tag}>{words}"
    made = (
        "<newsItem"
        f' guid="urn:x:1"><contentSet><inlineXML><body>{markup}</body></inlineXML></contentSet></newsItem>'
    )
    (item,) = _read(made.encode(), "newsml")
    if isinstance(item, Offer):
        assert sorted(re.sub("<[^>]*>| ", "", item.article.content)) == sorted(words.replace(" ", "") * 9)
    else:
        assert not words or item.reason == "too_large"


def check_guess(data: bytes) -> None:
    """Whatever comes over standard input, and whatever a file is called."""
    given = Given(data)
    name = given.piece().decode("utf-8", "replace")
    format_of(name.replace("\0", ""))
    _read(given.rest(), None)


def check_feed(data: bytes) -> None:
    """A feed is entries or none; entries are what is asked for next, and make pages that decode."""
    given = Given(data)
    kind = given.one_of(
        (
            "application/rss+xml",
            "application/atom+xml; charset=utf-8",
            "text/html; charset=gb2312",
            "text/plain",
            "",
            "x",
        )
    )
    try:
        entries = parse(given.rest(), "https://example.org/feed", kind)
    except NotAFeed:
        return
    assert len(entries) <= MAX_ENTRIES
    for entry in entries:
        assert web_address(entry.link) is not None
        assert entry.key
        assert entry.published_at is None or entry.published_at.tzinfo is not None
        decoding.decode(entry.as_page(), "utf-8")


def check_robots(data: bytes) -> None:
    """Robots rules answer for any address."""
    given = Given(data)
    status = given.one_of((200, 200, 200, 404, 500, 0))
    address = "https://example.org/" + given.piece().decode("utf-8", "replace")
    body = given.rest()
    rules = Robots("onrecord/0.1 (test)", lambda _: (status, body)).rules("https://example.org")
    assert isinstance(rules.allow(address), bool)
    assert 0 <= rules.crawl_delay_s <= MAX_CRAWL_DELAY_S


def check_address(data: bytes) -> None:
    """Addresses, dates and what a server asks for: understood or not, never raised for."""
    given = Given(data)
    base = given.piece().decode("utf-8", "surrogateescape")
    text = given.text()
    address = joined(base or "https://example.org/a/", text)
    assert address is None or web_address(address) == address
    own = web_address(text)
    if own is not None:
        key = url_key(own)
        assert url_key("http://" + key) == key
        if len("http://" + key) <= URL_CHARS:  # escapes may make it longer than addresses are taken
            assert article_id(own, "", "text/plain") == article_id("http://" + key, "", "text/plain")
        assert host_of(own)
    moment = parse_date(text[:200])
    assert moment is None or moment.utcoffset() is not None
    asked = retry_after(text[:200])
    assert asked is None or 0 <= asked <= MAX_RETRY_AFTER_S


def _text_seeds() -> Iterator[bytes]:
    yield _SAMPLE.read_bytes()[:1_500]
    yield (
        b"Tunnel to open\n\nBy Ida Holm and Paul Lee\nPublished: 18 July 2017\nhttps://example.org/x\n\nText."
    )
    yield "“Déjà vu”".encode("utf-16")


def _page_seeds() -> Iterator[bytes]:
    linked = json.dumps(
        {
            "@graph": [
                {
                    "@type": ["NewsArticle"],
                    "headline": "H",
                    "author": [{"name": "A"}],
                    "datePublished": "2026-05-01",
                }
            ]
        }
    )
    yield (
        '<html lang="en"><head><meta charset="utf-8"><title>T</title><link rel="canonical" href="/a"><meta'
        ' property="og:url" content="https://example.org/a"><meta name="author" content="Ida Holm"><meta'
        ' property="article:published_time" content="2026-05-01T09:30:00+02:00"><script'
        f' type="application/ld+json">{linked}</script></head><body><p>“It opens,” she said.</p>'
    ).encode()
    yield b"<p>x"


def _line_seeds() -> Iterator[bytes]:
    articles = [golden.wire for golden in GOLDEN if golden.event.schema_name == "article.v1"]
    lines = [json.dumps(ARTICLE).encode(), json.dumps(NINJS).encode(), *articles]
    for line in lines:
        yield b"\0" + line
        yield b"\1" + line
    yield b"\0" + b"\n".join(lines[:2]) + b"\r\n\n" + lines[0]


def _document_seeds() -> Iterator[bytes]:
    yield json.dumps(ARTICLE).encode()
    yield json.dumps([ARTICLE, NINJS, 1, "x", None]).encode()


def _feed_seeds() -> Iterator[bytes]:
    yield b"""\0<?xml version="1.0"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"
 xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>F</title><language>en</language><item><title>T &amp; U</title><link>/a</link>
<guid isPermaLink="false">1</guid><pubDate>Fri, 01 May 2026 09:30:00 GMT</pubDate><dc:creator>Ida Holm</dc:creator>
<content:encoded><![CDATA[<p>Words</p>]]></content:encoded></item></channel></rss>"""
    yield b"""\1<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><title>F</title><entry><title type="html">T</title><id>urn:x:1</id>
<link rel="alternate" href="https://example.org/a"/><updated>2026-05-01T09:30:00+02:00</updated><author><name>Ida Holm</name></author>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Words</p></div></content></entry></feed>"""


TARGETS = (
    Target("read-text", check_text, _text_seeds),
    Target("read-page", check_page, _page_seeds),
    Target("read-lines", check_lines, _line_seeds, weight=2.0),
    Target("read-json", check_document, _document_seeds),
    Target("read-gzip", check_gzip, lambda: (b"\0\0\0\0\0\0\0Words.", b"\2\1\0\0\0\x21\4" + json.dumps(ARTICLE).encode())),
    Target("read-archive", check_archive, lambda: (b"\0\0\0\0" + content for content in (b"<p>x", b"WARC/1.0\r\n\r\n", b"\x1f\x8b\x08"))),
    Target("read-table", check_table, lambda: (b"\0\3One\4\"Two\5a,b\nc\"text\"\none",)),
    Target("read-newsml", check_newsml, lambda: (b"\3One\0\1\2\3<newsItem/>",)),
    Target("read-guess", check_guess, lambda: (b"\5a.txtWords.", b"\0" + json.dumps(ARTICLE).encode(), b"\0<html><p>x")),
    Target("feed", check_feed, _feed_seeds, weight=2.0),
    Target("robots", check_robots, weight=0.3, seeds=lambda: (b"\0\5a?b=cUser-agent: *\nDisallow: /a*$\nCrawl-delay: 3\n",)),
    Target("address", check_address, weight=0.7, seeds=lambda: (
        b"\0\0https://www.Example.org:443/%C3%a4/?utm_source=x&b=2&a=%E4#f", b"\0\0Fri, 01 May 2026 09:30:00 GMT", b"\0\0May 1, 2026",
        b"\0\x002026-05-01T09:30:00 +02:00", b"\0\x00120",
    )),
)  # fmt: skip
