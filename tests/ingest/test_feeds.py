from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.events import Article
from services.chassis.log.types import Record
from services.chassis.service import Context
from services.ingest.account import Outcome
from services.ingest.feeds import memory
from services.ingest.feeds.entries import NotAFeed, parse
from services.ingest.feeds.poller import FeedPoller
from services.ingest.files import Summary, ingest_feeds
from services.ingest.progress import Lines
from services.ingest.publish import Publisher
from tests.ingest.conftest import MakeSettings
from tests.support.patience import PATIENCE_S
from tests.support.web import Answer, Request, Site

Articles = Callable[[], list[Article]]
XML = {"Content-Type": "application/rss+xml"}
LONG = "<p>" + "The minister said the bridge will reopen. " * 40 + "</p>"


def rss(*items: str) -> bytes:
    head = (
        '<?xml version="1.0"?><rss version="2.0"'
        ' xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>News</title>'
    )
    return f"{head}<language>en-gb</language>{''.join(items)}</channel></rss>".encode()


def item(link: str, title: str = "Bridge", extra: str = "") -> str:
    date = "<pubDate>Fri, 01 May 2026 09:00:00 GMT</pubDate>"
    return f"<item><title>{title}</title><link>{link}</link><guid>{link}</guid>{date}<description>Short.</description>{extra}</item>"


def page(text: str, head: str = "") -> Answer:
    return (
        200,
        {"Content-Type": "text/html"},
        f"<html><head>{head}</head><body><p>{text}</p></body></html>".encode(),
    )


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


@pytest.fixture
def open_context(context: Context, make_settings: MakeSettings) -> Context:
    return replace(context, settings=make_settings(allow_private_addresses=True, fetch_timeout_s=PATIENCE_S))


@pytest.fixture
def poll(open_context: Context, site: Site) -> Iterator[Callable[[], list[Outcome]]]:
    outcomes: list[Outcome] = []
    with Publisher(open_context, "test") as publisher:
        poller = FeedPoller(open_context, publisher, (f"{site.url}/feed",), outcomes.append)

        def run() -> list[Outcome]:
            outcomes.clear()
            poller.poll_all()
            return list(outcomes)

        yield run
        poller.close()


Poll = Callable[[], list[Outcome]]


def polls(context: Context, outcome: str) -> float:
    return context.metrics.registry.get_sample_value("onrecord_feed_polls_total", {"outcome": outcome}) or 0


def test_entries_pages_become_articles(site: Site, poll: Poll, articles: Articles) -> None:
    site.answers |= {
        "/feed": (200, XML, rss(item("/1"), item("/2"))),
        "/1": page("One."),
        "/2": page("Two.", "<title>Tunnel</title>"),
    }
    assert [outcome.kind for outcome in poll()] == ["published", "published"]
    by_url = {article.url: article for article in articles()}
    first = by_url[f"{site.url}/1"]
    assert (first.title, first.language, first.origin) == ("Bridge", "en-gb", f"{site.url}/feed")
    assert first.published_at == datetime(2026, 5, 1, 9, tzinfo=UTC)
    assert first.content_type == "text/html"
    assert by_url[f"{site.url}/2"].title == "Tunnel"


def test_validators_are_sent_and_304_costs_nothing(site: Site, poll: Poll, open_context: Context) -> None:
    def feed(request: Request) -> Answer:
        if (
            request.headers.get("if-none-match") == '"v1"'
            and request.headers.get("if-modified-since") == "Fri, 01 May 2026 09:00:00 GMT"
        ):
            return 304, {}, b""
        return 200, XML | {"ETag": '"v1"', "Last-Modified": "Fri, 01 May 2026 09:00:00 GMT"}, rss(item("/1"))

    site.answers |= {"/feed": feed, "/1": page("One.")}
    assert len(poll()) == 1
    assert poll() == []
    assert site.paths() == ["/feed", "/1", "/feed"]
    assert (polls(open_context, "changed"), polls(open_context, "unchanged")) == (1, 1)


def test_an_entry_is_fetched_again_only_when_it_changed(site: Site, poll: Poll, articles: Articles) -> None:
    site.answers |= {"/feed": (200, XML, rss(item("/1"))), "/1": page("One.")}
    poll()
    assert poll() == []
    site.answers |= {"/feed": (200, XML, rss(item("/1", "Bridge, corrected"))), "/1": page("One, corrected.")}
    assert [outcome.kind for outcome in poll()] == ["revised"]
    assert [article.revision for article in articles()] == [1, 2]


def test_a_missing_page_is_tried_again_and_the_validator_not_kept(site: Site, poll: Poll) -> None:
    site.answers |= {
        "/feed": (200, XML | {"ETag": '"v1"'}, rss(item("/1"), item("/2"))),
        "/1": (500, {}, b""),
        "/2": page("Two."),
    }
    assert [outcome.kind for outcome in poll()] == ["published"]
    site.answers["/1"] = page("One.")
    assert [outcome.kind for outcome in poll()] == ["published"]
    poll()
    sent = [request.headers.get("if-none-match") for request in site.requests if request.path == "/feed"]
    assert sent == [None, None, '"v1"']


def test_a_page_that_never_comes_is_given_up(site: Site, poll: Poll, articles: Articles) -> None:
    site.answers |= {"/feed": (200, XML, rss(item("/1"))), "/1": (500, {}, b"")}
    kinds = [[outcome.kind for outcome in poll()] for _ in range(memory.MAX_TRIES + 1)]
    assert kinds == [[]] * (memory.MAX_TRIES - 1) + [["rejected"], []]
    assert articles() == []


def test_full_content_stands_in_for_a_page_and_a_summary_never_does(
    site: Site, poll: Poll, articles: Articles
) -> None:
    full = f"<content:encoded><![CDATA[{LONG}]]></content:encoded>"
    teaser = "<content:encoded><![CDATA[<p>Read on.</p>]]></content:encoded>"
    site.answers["/feed"] = (
        200,
        XML,
        rss(item("/1", "A &lt;b&gt;bold&lt;/b&gt; bridge", full), item("/2", extra=teaser), item("/3")),
    )
    assert [outcome.kind for outcome in poll()] == ["published", "rejected", "rejected"]
    (article,) = articles()
    assert article.title == "A bold bridge"
    assert LONG in article.content


def test_a_dead_letter_says_whether_its_bytes_are_the_pages_or_the_feeds(
    site: Site, open_context: Context, make_settings: MakeSettings, dead_letters: Callable[[], list[Record]]
) -> None:
    full = f"<content:encoded><![CDATA[{LONG}]]></content:encoded>"
    site.answers |= {"/feed": (200, XML, rss(item("/1", extra=full), item("/2"))), "/2": page(LONG)}
    small = make_settings(allow_private_addresses=True, max_article_bytes=1_000)
    with Publisher(open_context, "test") as publisher:
        poller = FeedPoller(replace(open_context, settings=small), publisher, (f"{site.url}/feed",))
        assert poller.poll_all() == []
        poller.close()
    found = {
        (record.key or b"")[-2:]: (record.value, dict(record.headers)["ingest-original"])
        for record in dead_letters()
    }
    assert found[b"/2"] == (page(LONG)[2], b"verbatim")
    assert found[b"/1"][1] == b"re-encoded"
    assert LONG.encode() in (found[b"/1"][0] or b"")


def test_a_page_names_its_own_address_only_within_its_site(
    site: Site, poll: Poll, articles: Articles
) -> None:
    canonical = '<link rel="canonical" href="{}">'
    site.answers |= {
        "/feed": (200, XML, rss(item("/1"), item("/2"))),
        "/1": page("One.", canonical.format("https://another.example/story")),
        "/2": page("Two.", canonical.format("/story-2")),
    }
    poll()
    assert {article.url for article in articles()} == {f"{site.url}/1", f"{site.url}/story-2"}
    assert {article.outlet for article in articles()} == {"127.0.0.1"}


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ((404, {}, b""), "failed"),
        ((200, XML, b"no feed"), "failed"),
        ((200, {"Content-Type": "image/png"}, b"x"), "refused"),
        ((200, XML, b'<!DOCTYPE rss [<!ENTITY a "b">]>' + rss(item("/1"))), "failed"),
    ],
)
def test_feeds_that_cannot_be_polled(
    site: Site, poll: Poll, open_context: Context, answer: Answer, outcome: str
) -> None:
    site.answers["/feed"] = answer
    assert poll() == []
    assert polls(open_context, outcome) == 1


def test_once_for_the_command_line(site: Site, open_context: Context) -> None:
    site.answers |= {"/feed": (200, XML, rss(item("/1"))), "/1": page("One.")}
    summary = ingest_feeds(open_context, [f"{site.url}/feed", f"{site.url}/none"], Lines("reading"))
    assert isinstance(summary, Summary)
    assert (summary.published, summary.rejected) == (1, 1)
    assert str(summary.failures[0]).startswith(f"{site.url}/none: 127.0.0.1 answered 404")


def test_private_feeds_are_refused_unless_allowed(site: Site, context: Context) -> None:
    summary = ingest_feeds(context, [f"{site.url}/feed"], Lines("reading"))
    assert "not fetched" in summary.failures[0].message
    assert site.requests == []


def test_failing_feeds_are_asked_less_and_less(site: Site, open_context: Context) -> None:
    with Publisher(open_context, "test") as publisher:
        poller = FeedPoller(open_context, publisher, (f"{site.url}/feed",))
        states = memory.FeedMemory(open_context.settings.ingest.index_path)
        waits = []
        for _ in range(3):
            poller.poll_all()
            state = states.state(f"{site.url}/feed")
            waits.append(round(state.next_poll_at - datetime.now(UTC).timestamp(), -2))
        poller.close()
        states.close()
    assert waits == [300, 600, 1200]


def test_a_host_that_asks_for_time_is_no_failure_of_the_feed(site: Site, open_context: Context) -> None:
    site.answers["/feed"] = (429, {"Retry-After": "3600"}, b"")
    url = f"{site.url}/feed"
    with Publisher(open_context, "test") as publisher:
        poller = FeedPoller(open_context, publisher, (url,))
        poller.poll_all()
        poller.poll_all()
        poller.close()
    states = memory.FeedMemory(open_context.settings.ingest.index_path)
    assert states.state(url).failures == 0
    states.close()
    assert site.paths() == ["/feed"]


def test_atom() -> None:
    data = f"""<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><title>News</title><entry><id>urn:1</id><title>Bridge</title>
    <link rel="alternate" href="https://example.org/1"/><updated>2026-05-01T09:00:00Z</updated><author><name>Jane Doe</name></author>
    <content type="html">{LONG.replace("<", "&lt;")}</content></entry><entry><id>urn:2</id><title>No link</title></entry></feed>"""
    (entry,) = parse(data.encode(), "https://example.org/feed", "application/atom+xml")
    assert (entry.key, entry.link, entry.title, entry.authors) == (
        "urn:1",
        "https://example.org/1",
        "Bridge",
        ("Jane Doe",),
    )
    assert entry.published_at == datetime(2026, 5, 1, 9, tzinfo=UTC)
    assert entry.content is not None


def test_a_feed_cannot_point_outside_the_web() -> None:
    links = ("javascript:alert(1)", "file:///etc/passwd", "http://[::1", "")
    assert parse(rss(*map(item, links)), "https://example.org/", "text/xml") == []


fragments = st.sampled_from([
    b"<rss>", b"<item>", b"<link>", b"http://a.b/c", b"</link>", b"<content:encoded>", b"&#xD800;", b"<feed xmlns='http://www.w3.org/2005/Atom'>",
    b"<entry>", b"<updated>9999-99-99", b"<!DOCTYPE",
])  # fmt: skip


@given(data=st.lists(fragments | st.binary(max_size=12), max_size=12).map(b"".join))
def test_any_bytes_are_a_feed_or_not(data: bytes) -> None:
    try:
        entries = parse(data, "https://example.org/feed", "text/xml")
    except NotAFeed:
        return
    assert all(entry.link.startswith("http") for entry in entries)
