from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.events import Article, ArticleStatus
from services.ingest.readers import Item, Limits, Offer, Refusal, Skip
from tests.support.arrivals import NOW, items, one_article, one_refusal

MINIMAL = {"content": "The bridge reopens.", "url": "https://example.org/1"}


def line(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


def test_server_fields_are_filled_in() -> None:
    (item,) = items("a.jsonl", line(**MINIMAL))
    assert isinstance(item, Offer)
    assert not item.revision_given
    article = item.article
    assert article.article_id.startswith("art-")
    assert (article.revision, article.fetched_at, article.origin) == (1, NOW, "file:a.jsonl")
    assert (article.content_type, article.outlet) == ("text/plain", "example.org")


def test_a_dump_reads_back_as_it_was() -> None:
    given = Article.model_validate(
        MINIMAL
        | {
            "article_id": "x",
            "revision": 7,
            "fetched_at": "2025-01-01T00:00:00Z",
            "content_type": "text/html",
            "origin": "push",
            "outlet": "E",
        }
    )
    (item,) = items("a.jsonl", given.encode())
    assert isinstance(item, Offer)
    assert item.article == given
    assert item.revision_given


def test_a_bad_line_does_not_stop_the_others() -> None:
    data = (
        b"\xef\xbb\xbf"
        + line(**MINIMAL)
        + b"\n{broken\n\n[1]\r\n"
        + line(content="x", revision=0)
        + b"\n"
        + line(content="Last.")
    )
    found = items("feed.jsonl", data)
    assert [type(item).__name__ for item in found] == ["Offer", "Refusal", "Refusal", "Refusal", "Offer"]
    refusals = [item for item in found if isinstance(item, Refusal)]
    assert [refusal.arrival.name for refusal in refusals] == [
        "feed.jsonl line 2",
        "feed.jsonl line 4",
        "feed.jsonl line 5",
    ]
    assert [refusal.reason for refusal in refusals] == ["not_json", "not_object", "schema"]
    assert refusals[0].original == b"{broken"
    assert "revision: " in refusals[2].message


def test_items_say_whether_their_bytes_are_the_ones_that_came() -> None:
    def kinds(found: list[Item]) -> list[tuple[str, bool]]:
        return [(type(item).__name__, item.reencoded) for item in found if not isinstance(item, Skip)]

    assert kinds(items("a.json", b'[ {"content":"x", "revision":0}, {"content":"y"} ]')) == [
        ("Refusal", True),
        ("Offer", True),
    ]
    whole = items("a.json", b'{ "content":"x", "revision":0}') + items(
        "a.jsonl", b'{"content":"y"}\n{broken\n'
    )
    assert kinds(whole) == [("Refusal", False), ("Offer", False), ("Refusal", False)]


def test_a_line_too_long_is_skipped_to_its_end() -> None:
    data = line(content="x" * 5000) + b"\n" + line(content="short") + b"\n"
    first, second = items("a.jsonl", data, Limits(1000))
    assert isinstance(first, Refusal)
    assert (first.reason, first.cut) == ("too_large", True)
    assert isinstance(second, Offer)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"content": "x", "published_at": "in May"}, "published_at: "),
        ({"content": "x", "revision": 0}, "revision: "),
        ({"content": "x", "revision": 2**64}, "revision: "),
        ({"content": "x", "revision": 10**400}, "revision: "),
        ({"content": "x", "url": "ftp://example.org/1"}, "url: "),
        ({"content": "x", "url": "javascript:alert(1)"}, "url: "),
        ({"content": "x", "content_type": "application/pdf"}, "content_type: "),
        ({"content": 5}, "content: "),
        ({"content": "x", "language": "not a tag"}, "language: "),
        ({"url": "https://example.org/1"}, "content: field required"),
        ({"content": ""}, "has no text"),
        ({"content": "a\u0000b"}, "NUL"),
        ({"content": "x", "title": "a\u0000b"}, "title: "),
        ({"status": "withdrawn"}, "must name the article"),
        ({"content": "word " * 20_001}, "larger than"),
    ],
)
def test_schema_errors_name_the_field(fields: dict[str, Any], words: str) -> None:
    refusal = one_refusal("a.jsonl", line(**fields))
    assert words in refusal.message
    assert refusal.stage == "validate"


@pytest.mark.parametrize(
    "data",
    [b'{"content": NaN}', b'{"content": "\\ud800"}', b"\xff\xfe{}", b"[" * 100_000, b'{"content": "a" "b"}'],
)
def test_what_is_not_json_is_refused(data: bytes) -> None:
    assert one_refusal("a.jsonl", data).reason == "not_json"


def test_withdrawal_needs_no_content() -> None:
    article = one_article("a.jsonl", line(status="withdrawn", url="https://example.org/1"))
    assert (article.status, article.content) == (ArticleStatus.WITHDRAWN, "")
    assert article.article_id == one_article("a.jsonl", line(**MINIMAL)).article_id


def test_json_documents() -> None:
    assert one_article("a.json", line(**MINIMAL)).url == "https://example.org/1"
    both = items("a.json", b"[" + line(**MINIMAL) + b", 7]")
    assert [type(item).__name__ for item in both] == ["Offer", "Refusal"]
    assert both[1].arrival.name == "a.json item 2"
    assert one_refusal("a.json", b'"text"').reason == "not_object"


NINJS: dict[str, Any] = {
    "uri": "urn:newsml:example.org:20260501:1",
    "type": "text",
    "representationType": "full",
    "version": "3",
    "firstCreated": "2026-05-01T08:00:00Z",
    "versionCreated": "2026-05-01T09:00:00Z",
    "pubStatus": "usable",
    "language": "en-GB",
    "headlines": [{"role": "short", "value": "Bridge"}, {"role": "main", "value": "Bridge to reopen"}],
    "bodies": [
        {"role": "main", "contentType": "text/html", "value": "<p>It reopens.</p>"},
        {"role": "main", "contentType": "text/plain", "value": "It reopens."},
    ],
    "by": "By Jane Doe",
    "infoSources": [{"name": "Example Agency", "rel": "source"}],
    "subjects": [{"name": "traffic"}],
}


def test_ninjs_item() -> None:
    (item,) = items("a.jsonl", line(**NINJS))
    assert isinstance(item, Offer)
    article = item.article
    assert item.revision_given
    assert (article.revision, article.status, article.url) == (3, ArticleStatus.USABLE, None)
    assert (article.title, article.outlet, article.authors, article.language) == (
        "Bridge to reopen",
        "Example Agency",
        ("Jane Doe",),
        "en-GB",
    )
    assert (article.content, article.content_type) == ("It reopens.", "text/plain")
    assert article.published_at == datetime(2026, 5, 1, 8, tzinfo=UTC)


def test_ninjs_identity_is_its_uri() -> None:
    changed = NINJS | {"version": "4", "bodies": [{"value": "<p>It stays shut.</p>"}]}
    article = one_article("a.jsonl", line(**changed))
    assert article.article_id == one_article("a.jsonl", line(**NINJS)).article_id
    assert article.content_type == "text/html"
    web = one_article("a.jsonl", line(**NINJS | {"uri": "https://example.org/1"}))
    assert (web.url, web.article_id) == (
        "https://example.org/1",
        one_article("a.jsonl", line(**MINIMAL)).article_id,
    )


@pytest.mark.parametrize("status", ["withheld", "canceled"])
def test_ninjs_withdrawal(status: str) -> None:
    article = one_article(
        "a.jsonl", line(uri=NINJS["uri"], version="4", pubStatus=status, representationType="partial")
    )
    assert (article.status, article.revision, article.content) == (ArticleStatus.WITHDRAWN, 4, "")


@pytest.mark.parametrize("version", ["1.2", "0", "latest", "", None])
def test_ninjs_versions_that_are_no_counts_are_left_to_the_index(version: str | None) -> None:
    (item,) = items("a.jsonl", line(**NINJS | {"version": version}))
    assert isinstance(item, Offer)
    assert not item.revision_given


@pytest.mark.parametrize(
    ("change", "reason", "words"),
    [
        ({"embargoedUntil": "2026-12-01T00:00:00Z"}, "embargoed", "under embargo until 2026-12-01"),
        ({"representationType": "partial"}, "partial", "send the full item"),
        ({"type": "picture"}, "not_text", "picture"),
        ({"pubStatus": "maybe"}, "schema", "withheld"),
        ({"bodies": []}, "empty", "no body"),
        ({"bodies": "text"}, "schema", "bodies"),
        ({"uri": 5}, "schema", "uri"),
        ({"firstCreated": "this morning"}, "schema", "firstcreated"),
    ],
)
def test_ninjs_refusals(change: dict[str, Any], reason: str, words: str) -> None:
    refusal = one_refusal("a.jsonl", line(**NINJS | change))
    assert refusal.reason == reason
    assert words in refusal.message


def test_an_embargo_that_is_over_is_no_embargo() -> None:
    assert (
        one_article("a.jsonl", line(**NINJS | {"embargoedUntil": "2026-11-01T00:00:00Z"})).content
        == "It reopens."
    )
