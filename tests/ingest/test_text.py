from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from services.ingest.readers.text import Head, head_of, parse_date
from tests.support.arrivals import one_article, one_refusal

SAMPLES = Path("services/ingest/samples")
URL = "https://news.example.org/2026/05/bridge"


def test_head_gives_title_address_date_and_byline() -> None:
    text = f"Bridge to reopen in May\n{URL}\n2026-05-01\nBy Jane Doe and John Roe\n\nThe minister said so.\n"
    article = one_article("a.txt", text.encode())
    assert article.title == "Bridge to reopen in May"
    assert article.url == URL
    assert article.outlet == "news.example.org"
    assert article.published_at == datetime(2026, 5, 1, tzinfo=UTC)
    assert article.authors == ("Jane Doe", "John Roe")
    assert article.content == text
    assert article.content_type == "text/plain"
    assert article.origin == "file:a.txt"


@pytest.mark.parametrize(
    ("text", "head"),
    [
        ("The minister said the bridge\nwill reopen in May.", Head()),
        ("The bridge will reopen in May.\n\nMore.", Head()),
        ("“We will reopen it.”\n\nMore.", Head()),
        ("Bridge “to reopen”\n\nThe minister said.", Head(title="Bridge “to reopen”")),
        (f"Source: {URL}\nBridge to reopen\n\nThe minister", Head(url=URL)),
        (f"The minister said.\n\n{URL}\n", Head()),
        (f"\n\n  Bridge to reopen?  \n\n{URL}\n", Head(title="Bridge to reopen?", url=URL)),
        ("x" * 201 + "\n\nText", Head()),
        ("Only a title", Head(title="Only a title")),
        ("2026-05-01\n\nThe minister said.", Head(published_at=datetime(2026, 5, 1, tzinfo=UTC))),
    ],
)
def test_heuristics(text: str, head: Head) -> None:
    assert head_of(text) == head


def test_an_address_inside_the_text_is_not_the_articles() -> None:
    article = one_article("lavrov.txt", (SAMPLES / "lavrov.txt").read_bytes())
    assert "https://www.nbcnews.com/" in article.content
    assert article.url is None
    assert article.content == (SAMPLES / "lavrov.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.txt")), ids=lambda path: path.stem)
def test_every_sample_has_a_title_and_a_date(path: Path) -> None:
    article = one_article(path.name, path.read_bytes())
    assert article.title
    assert not article.title.endswith("…")
    assert article.published_at is not None
    assert article.outlet == (None if path.stem == "lavrov" else "en.wikinews.org")


@pytest.mark.parametrize(
    ("text", "title"),
    [
        (
            "The minister said the bridge\nwill reopen in May.",
            "The minister said the bridge will reopen in May…",
        ),
        ("word " * 60, "word " * 15 + "word…"),
        ("x" * 300, "x" * 80 + "…"),
        (f"2026-05-01\n{URL}\n\n“We will,” she said.", "“We will,” she said…"),
        ("2026-05-01", "2026-05-01…"),
        (" \n\n\tYes.\n", "Yes…"),
    ],
)
def test_a_text_without_a_title_is_known_by_its_first_words(text: str, title: str) -> None:
    assert one_article("a.txt", text.encode()).title == title


@pytest.mark.parametrize(
    ("line", "moment"),
    [
        ("2017-07-18", datetime(2017, 7, 18, tzinfo=UTC)),
        (
            "Date: 2017-07-18T09:30:00+02:00",
            datetime(2017, 7, 18, 9, 30, tzinfo=timezone(timedelta(hours=2))),
        ),
        ("Published 2017-07-18 09:30 Z", datetime(2017, 7, 18, 9, 30, tzinfo=UTC)),
        ("Friday, July 21, 2017", datetime(2017, 7, 21, tzinfo=UTC)),
        ("21 July 2017", datetime(2017, 7, 21, tzinfo=UTC)),
        ("2017-13-18", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("Friday", None),
        ("July 21, 2017 was a day", None),
    ],
)
def test_dates(line: str, moment: datetime | None) -> None:
    assert parse_date(line) == moment


@pytest.mark.parametrize(
    "data",
    [
        "„Ja“, sagte sie.".encode(),
        "„Ja“, sagte sie.".encode("utf-8-sig"),
        "„Ja“, sagte sie.".encode("utf-16"),
        "„Ja“, sagte sie.".encode("cp1252"),
    ],
    ids=["utf-8", "utf-8-sig", "utf-16", "cp1252"],
)
def test_encodings(data: bytes) -> None:
    assert one_article("a.txt", data).content == "„Ja“, sagte sie."


def test_line_ends_and_spaces_are_kept() -> None:
    assert one_article("a.txt", b" a\r\n\tb  \n").content == " a\r\n\tb  \n"


@pytest.mark.parametrize(
    ("data", "reason", "words"),
    [
        (b"\x00\x01\x02PNG", "binary", "NUL"),
        (b"\x01\x02\x03\x04 few words", "binary", "control characters"),
        ("“Ja” ".encode() + b"\xff", "encoding", "byte 9"),
        (b"caf\x81", "encoding", "convert it to UTF-8"),
        (b" \n\t", "empty", "no text"),
        (b"", "empty", "no text"),
        ("a\ufeff".encode("utf-16-le")[:-1] + b"", "binary", "NUL"),
        (b"word " * 20_001, "too_large", "100,000 bytes"),
    ],
)
def test_what_is_no_text_is_refused_by_name_with_a_cure(data: bytes, reason: str, words: str) -> None:
    refusal = one_refusal("folder/bad.txt", data)
    assert refusal.reason == reason
    assert words in refusal.message
    assert str(refusal).startswith("folder/bad.txt: ")
    assert refusal.original == data
