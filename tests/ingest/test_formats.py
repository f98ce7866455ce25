"""Articles as agencies' standards and other programs write them down; the examples are made after the standards' own and the programs'
output.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from schemas.events import ArticleStatus
from services.ingest.readers import Limits, Offer, Refusal
from tests.support.arrivals import LIMITS, NOW, items, one_article, one_refusal

EXAMPLES = Path(__file__).parent / "examples"
MORNING = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
DAY = datetime(2026, 3, 1, tzinfo=UTC)
ADDRESS = "https://gazette.example/2026/tunnel"


def example(name: str) -> bytes:
    return (EXAMPLES / name).read_bytes()


@pytest.mark.parametrize(
    ("name", "published_at", "outlet", "content_type"),
    [
        ("ninjs-1.5.json", MORNING, "Gazette", "text/plain"),
        ("ninjs-2.1.json", MORNING, "Gazette", "text/html"),
        ("ninjs-3.1.json", MORNING, "Gazette", "text/html"),
        ("newsml-g2.xml", MORNING, "Gazette", "text/html"),
        ("feed-1.1.json", MORNING, "gazette.example", "text/html"),
        ("trafilatura.json", DAY, "Gazette", "text/plain"),
        ("fundus.json", MORNING, "Gazette", "text/plain"),
        ("news-please.jsonl", MORNING, "gazette.example", "text/plain"),
        ("table.csv", MORNING, "Gazette", "text/plain"),
    ],
)
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_one_article_as_each_writes_it(name: str, published_at: datetime, outlet: str, content_type: str, mark: bytes) -> None:
    article = one_article(name, mark + example(name))
    assert article.url == ADDRESS
    assert article.title == "Tunnel opens after two years"
    assert article.authors == ("Ida Holm", "Jan Berg")
    assert (article.published_at, article.outlet, article.language) == (published_at, outlet, "en")
    assert article.content_type == content_type
    assert "“The tunnel will open in March,” Transport Minister Eva Lind said." in article.content
    assert "Work began two years ago" in article.content


def test_ninjs_of_every_version_carries_identity_and_status() -> None:
    for name in ("ninjs-1.5.json", "ninjs-2.1.json", "ninjs-3.1.json"):
        (item,) = items(name, example(name))
        assert isinstance(item, Offer)
        assert (item.article.revision, item.revision_given) == (2, True)
        fields = json.loads(example(name))
        key = "pubStatus" if "pubStatus" in fields else "pubstatus"
        withdrawn = one_article("a.json", json.dumps(fields | {key: "canceled", "version": "3"}).encode())
        assert (withdrawn.status, withdrawn.article_id, withdrawn.revision) == (ArticleStatus.WITHDRAWN, item.article.article_id, 3)


def test_ninjs_1_knows_an_embargo() -> None:
    fields = json.loads(example("ninjs-1.5.json")) | {"embargoed": "2027-01-01T00:00:00Z"}
    assert one_refusal("a.json", json.dumps(fields).encode()).reason == "embargoed"


@pytest.mark.parametrize("moment", ["2026-03-01", "2026-03-01T00:00:00"])
def test_ninjs_takes_a_day_and_a_moment_without_a_zone(moment: str) -> None:
    fields = json.loads(example("ninjs-3.1.json")) | {"firstCreated": moment, "headlines": None, "organisations": None}
    article = one_article("a.json", json.dumps(fields).encode())
    assert (article.published_at, article.title) == (DAY, None)


def test_newsml_withdrawals_embargoes_pictures_and_messages() -> None:
    text = example("newsml-g2.xml").decode()
    withdrawn = one_article("a.xml", text.replace("stat:usable", "stat:withheld").encode())
    assert withdrawn.status is ArticleStatus.WITHDRAWN
    assert one_refusal("a.xml", text.replace("ninat:text", "ninat:picture").encode()).reason == "not_text"
    embargo = text.replace("<pubStatus", "<embargoed>2027-01-01T00:00:00Z</embargoed><pubStatus")
    assert one_refusal("a.xml", embargo.encode()).reason == "embargoed"
    item = text.partition("?>")[2]
    inside = item + item.replace("/tunnel", "/bridge")
    message = f"<newsMessage xmlns='http://iptc.org/std/nar/2006-10-01/'><itemSet>{inside}</itemSet></newsMessage>"
    both = items("a.xml", message.encode())
    assert [one.article.url for one in both if isinstance(one, Offer)] == [ADDRESS, "https://gazette.example/2026/bridge"]
    assert all(isinstance(one, Offer) and one.reencoded for one in both)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"<rss><channel/></rss>", "is rss, and holds no newsItem"),
        (b"not XML", "not well-formed"),
        (b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>", "entities"),
        (b"<a>" * 5_000, "not well-formed"),
        (b"", "not well-formed"),
    ],
)
def test_other_xml_is_refused(data: bytes, words: str) -> None:
    refusal = one_refusal("a.xml", data)
    assert refusal.reason == "not_xml"
    assert words in refusal.message


def test_a_json_feed_is_its_items_and_a_bad_one_does_not_stop_the_others() -> None:
    feed = json.loads(example("feed-1.1.json"))
    feed["items"] += [
        7,
        {"id": "x", "content_text": ""},
        {"id": "https://gazette.example/2", "content_text": "Second.", "date_published": "2026-03-02"},
    ]
    found = items("a.json", json.dumps(feed).encode())
    assert [type(item).__name__ for item in found] == ["Offer", "Refusal", "Refusal", "Offer"]
    last = found[3]
    assert isinstance(last, Offer)
    assert last.article.authors == ("Gazette Newsroom",)
    assert last.article.published_at == datetime(2026, 3, 2, tzinfo=UTC)


def test_fundus_sections_are_paragraphs() -> None:
    assert one_article("a.json", example("fundus.json")).content.split("\n\n") == [
        "The minister names a month.",
        "“The tunnel will open in March,” Transport Minister Eva Lind said.",
        "Delays",
        "Work began two years ago and cost twice what was planned.",
    ]


def test_what_news_please_does_not_know_is_not_known() -> None:
    fields = json.loads(example("news-please.jsonl")) | {"date_publish": "None", "authors": [], "title": None}
    article = one_article("a.jsonl", json.dumps(fields).encode())
    assert (article.published_at, article.authors, article.title) == (None, (), "Tunnel opens after two years")


def notes(name: str, data: bytes, limits: Limits = LIMITS) -> tuple[str, ...]:
    (item,) = items(name, data, limits)
    assert isinstance(item, Offer), str(item)
    return item.notes


@pytest.mark.parametrize(
    ("fields", "noted"),
    [
        ({}, ()),
        ({"authors": None, "title": None, "language": None, "published_at": None, "revision": None}, ()),
        ({"colour": 1, "views": 7}, ("left out what is no field of article.v1: colour, views",)),
        ({"published_at": "2026-03-01"}, ("published_at names no time zone, taken as UTC",)),
        ({"published_at": "2026-03-01T09:30:00Z"}, ()),
        ({"fetched_at": "2026-03-01"}, ()),
    ],
)
def test_our_own_articles_are_read_forgivingly_and_it_is_said(fields: dict[str, Any], noted: tuple[str, ...]) -> None:
    assert notes("a.jsonl", json.dumps({"content": "The bridge reopens."} | fields).encode()) == noted


def test_a_table_with_columns_named_by_the_settings() -> None:
    data = "Nr;Beitrag;Wann;Verweis;text\n1;Die Brücke öffnet.;01.03.2026;https://a.example/1;Vorspann\n".encode()
    limits = Limits(100_000, (("content", "beitrag"), ("url", "Verweis")))
    (item,) = items("a.csv", data, limits)
    assert isinstance(item, Offer)
    assert (item.article.content, item.article.url, item.article.published_at) == ("Die Brücke öffnet.", "https://a.example/1", None)
    assert item.notes == ("left out what is no field of article.v1: Nr, Wann, text",)
    assert item.original == data.splitlines()[1]


def test_rows_stand_for_themselves() -> None:
    data = b'url,text,date\nhttps://a.example/1,"One, with\na line break and ""marks"".",2026-03-01\n\nhttps://a.example/2,,\nhttps://a.example/3,Three.,soon\nhttps://a.example/4,Four.\n'
    found = items("a.csv", data)
    assert [type(item).__name__ for item in found] == ["Offer", "Refusal", "Refusal", "Offer"]
    first = found[0]
    assert isinstance(first, Offer)
    assert first.article.content == 'One, with\na line break and "marks".'
    assert first.original == b'https://a.example/1,"One, with\na line break and ""marks"".",2026-03-01'
    assert [item.reason for item in found if isinstance(item, Refusal)] == ["empty", "schema"]
    assert found[3].arrival.name == "a.csv row 5"


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separators_are_told_from_the_first_row(separator: str) -> None:
    data = separator.join(("Title", "Body")) + "\n" + separator.join(("Tunnel", "It opens.")) + "\n"
    assert one_article("a.tsv", data.encode()).title == "Tunnel"


@pytest.mark.parametrize(
    ("data", "reason", "words"),
    [
        (b"", "empty", "first row"),
        (b"a,b\n1,2\n", "not_table", "no column that holds the articles' text among a, b"),
        (b'text\n"never closed' + b"x\n" * 200_000, "too_large", "never closed"),
        (b"text\n\xff\x00\n", "binary", "NUL"),
    ],
)
def test_tables_that_cannot_be_read(data: bytes, reason: str, words: str) -> None:
    found = items("a.csv", data)
    refusal = found[-1]
    assert isinstance(refusal, Refusal)
    assert refusal.reason == reason
    assert words in refusal.message


def test_examples_that_were_fetched_say_when() -> None:
    assert one_article("a.jsonl", example("news-please.jsonl")).fetched_at == datetime(2026, 3, 1, 10, 0, 5, tzinfo=UTC)
    assert one_article("a.json", example("trafilatura.json")).fetched_at == NOW
