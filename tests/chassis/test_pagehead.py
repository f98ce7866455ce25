from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from lxml import etree

from services.chassis.bylines import separate
from services.chassis.pagehead import Head, read_head

SUMMER = timezone(timedelta(hours=2))


def head(inside: str, body: str = "<p>Text</p>", script: str = "") -> Head:
    linked = f'<script type="application/ld+json">{script}</script>' if script else ""
    tree = etree.fromstring(
        f"<html><head>{inside}{linked}</head><body>{body}</body></html>", etree.HTMLParser(encoding="utf-8")
    )
    return read_head(tree)


def meta(**values: str) -> str:
    return "".join(
        f'<meta property="{name.replace("__", ":")}" content="{value}">' for name, value in values.items()
    )


@pytest.mark.parametrize(
    "inside",
    [
        "<title>Harbour closed after storm - The Courier</title>" + meta(og__site_name="The Courier"),
        meta(og__title="The Courier | Harbour closed after storm", og__site_name="The Courier"),
        "<title>Harbour closed after storm — News — courier.example</title>"
        + meta(og__title="Harbour closed after storm", og__url="https://courier.example/a"),
        "<title>Harbour closed after storm – courier</title>" + meta(og__url="https://www.courier.example/a"),
        meta(og__title="Harbour closed after storm • Kurier", publisher="Kurier"),
    ],
)
def test_the_sites_name_is_no_part_of_a_title(inside: str) -> None:
    assert head(inside).title == "Harbour closed after storm"


def test_a_dash_in_a_title_is_left_alone() -> None:
    assert head("<title>Harbour closed - for how long?</title>").title == "Harbour closed - for how long?"


def test_the_title_that_most_agree_on_stands_and_the_heading_where_as_many_say_another() -> None:
    inside = "<title>Shares fall | Courier</title>" + meta(og__title="You won't believe what shares did")
    assert head(inside, script='{"@type": "NewsArticle", "headline": "Shares fall"}').title == "Shares fall"
    inside = "<title>Shares fall</title>" + meta(og__title="Shares fall")
    tied = head(inside, "<h1>Shares tumble</h1>", '{"@type": "NewsArticle", "headline": "Shares tumble"}')
    assert tied.title == "Shares tumble"
    assert head(meta(og__title="Markets"), "<h1>Shares tumble</h1>").title == "Shares tumble"


def test_escaped_titles_are_read() -> None:
    assert (
        head("", script='{"@type": "NewsArticle", "headline": "K&uuml;hl &amp; nass"}').title == "Kühl & nass"
    )


@pytest.mark.parametrize(
    ("inside", "script", "names"),
    [
        (
            meta(author="The Courier", og__site_name="The Courier"),
            '{"@type":"NewsArticle","author":{"name":"Ann Lee"}}',
            ("Ann Lee",),
        ),
        (
            meta(author="Ann Lee"),
            '{"@type":"NewsArticle","author":{"name":"Courier"},"publisher":{"name":"Courier"}}',
            ("Ann Lee",),
        ),
        (
            "",
            '{"@type":"NewsArticle","author":{"name":"Courier"},"publisher":{"name":"Courier"}}',
            ("Courier",),
        ),
        (meta(author="The Courier", og__site_name="The Courier"), "", ()),
        (
            "",
            (
                '[{"@type":"NewsArticle","author":{"@id":"#p1"}},{"@type":"Person","@id":"#p1","name":"Ann'
                ' Lee"}]'
            ),
            ("Ann Lee",),
        ),
        (
            "",
            '{"@type":"NewsArticle","author":[{"name":"Ann Lee (ale)"},[{"name":"Bo Chen"}]]}',
            ("Ann Lee", "Bo Chen"),
        ),
        ("", '{"@type":"NewsArticle","author":{"@type":"Person","byline":"Ann Lee"}}', ("Ann Lee",)),
        (meta(article__author="https://social.example/ann", author="105092"), "", ()),
        (meta(author="Ann Lee") + meta(article__author="ann lee"), "", ("Ann Lee",)),
    ],
)
def test_people_are_named_and_the_publisher_only_where_nobody_else_is(
    inside: str, script: str, names: tuple[str, ...]
) -> None:
    assert head(inside, script=script).authors == names


def test_a_byline_in_the_text_is_read_where_nothing_else_names_anybody() -> None:
    body = (
        '<div class="byline">By Ann Lee and Bo van der Chen</div><aside><a rel="author">Cy Other</a></aside>'
    )
    assert head("", body).authors == ("Ann Lee", "Bo van der Chen")
    assert head("", '<div class="author">Read more from our writers</div>').authors == ()


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("Ann Lee, Bo Chen and Cy Diaz", ["Ann Lee", "Bo Chen", "Cy Diaz"]),
        ("Von Ann Lee und Bo Chen", ["Ann Lee", "Bo Chen"]),
        ("Ann Lee/Bo Chen", ["Ann Lee", "Bo Chen"]),
        ("Ann Lee, professor of law at the university, courier.example", ["Ann Lee"]),
        ("Ann Lee, Political Editor", ["Ann Lee"]),
        ("José Ortega y Gasset", ["José Ortega y Gasset"]),
        ("dpa", ["dpa"]),
        ("@courier", []),
    ],
)
def test_a_byline_is_taken_apart(written: str, names: list[str]) -> None:
    assert list(separate(written)) == names


@pytest.mark.parametrize(
    ("inside", "script", "moment"),
    [
        (
            meta(article__published_time="2026-07-04T11:00:00"),
            '"2026-07-04T11:00:00+02:00"',
            datetime(2026, 7, 4, 11, tzinfo=SUMMER),
        ),
        (
            meta(datePublished="2026-07-04T11:00:00+02:00"),
            '"2026-07-04T11:00:00"',
            datetime(2026, 7, 4, 11, tzinfo=SUMMER),
        ),
        (
            meta(article__published_time="2026-07-04T11:00:00Z"),
            '"2026-07-04"',
            datetime(2026, 7, 4, 11, tzinfo=UTC),
        ),
        (
            meta(article__modified_time="2026-07-09T11:00:00Z"),
            '"2026-07-04T09:00:00Z"',
            datetime(2026, 7, 4, 9, tzinfo=UTC),
        ),
        (meta(article__published_time="1783155600000"), "null", datetime(2026, 7, 4, 9, tzinfo=UTC)),
        (meta(pubdate="Sat, 04 Jul 2026 09:00:00 GMT"), "null", datetime(2026, 7, 4, 9, tzinfo=UTC)),
        (
            meta(pubdate="yesterday") + meta(date="2026/07/04 09:00:00 +0200"),
            "null",
            datetime(2026, 7, 4, 9, tzinfo=SUMMER),
        ),
        (
            meta(og__url="https://courier.example/2026/07/04/harbour"),
            "null",
            datetime(2026, 7, 4),  # noqa: DTZ001
        ),
        (meta(article__modified_time="2026-07-09T11:00:00Z"), "null", None),
        (meta(date="0001-01-01T00:00:00"), "null", None),
    ],
)
def test_the_moment_of_publication(inside: str, script: str, moment: datetime | None) -> None:
    found = head(inside, script=f'{{"@type": "NewsArticle", "datePublished": {script}}}').published_at
    assert found == moment
    assert found is None or found.tzinfo == moment.tzinfo or found.utcoffset() == moment.utcoffset()  # type: ignore[union-attr]


def test_a_time_element_is_read_and_one_of_another_article_is_not() -> None:
    body = '<article><time datetime="2026-07-04T09:00:00Z">4 July</time></article>'
    assert head("", body).published_at == datetime(2026, 7, 4, 9, tzinfo=UTC)
    assert head("", '<aside><time datetime="2026-07-04T09:00:00Z">4 July</time></aside>').published_at is None


def test_json_ld_that_is_nearly_json_is_read() -> None:
    assert head("", script='\n<!--\n{"@type": "NewsArticle", "headline": "One\ntwo"}\n-->').title == "One two"
    assert head("", script='{"@type": "NewsArticle", "headline": "One\ttwo"};').title == "One two"


def test_articles_of_a_list_are_not_the_pages_own() -> None:
    script = (
        '{"@type": "ItemList", "itemListElement": [{"@type": "NewsArticle", "headline": "Another", "author":'
        ' {"name": "Bo Chen"}}]}'
    )
    found = head("<title>Home</title>", script=script)
    assert (found.title, found.authors) == ("Home", ())
