"""No feed holds up the rest: what it may cost is bounded, and the next one is read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from services.chassis.settings import IngestSettings
from services.ingest.feeds.entries import NotAFeed, parse
from services.ingest.feeds.fetch import FetchError
from services.ingest.feeds.parser import FeedParser
from tests.support.patience import PATIENCE_S

GOOD = b"""<?xml version="1.0"?><rss version="2.0"><channel><title>News</title><item><title>Bridge</title>
<link>https://example.org/bridge</link><pubDate>Fri, 01 May 2026 09:00:00 GMT</pubDate></item></channel></rss>"""
SLOW = b"<rss version='2.0'><channel>&broken;<item>" + b"<a>" * 2_000_000
"""Six megabytes that no well-formed reading can measure beforehand: a minute of the parser's time and
more."""


def nothing() -> None:
    """A parent that waits."""


@pytest.fixture
def parser() -> Iterator[FeedParser]:
    made = FeedParser(IngestSettings(feed_timeout_s=PATIENCE_S))
    yield made
    made.close()


def refusal(parser: FeedParser, data: bytes) -> str:
    with pytest.raises(NotAFeed) as caught:
        parser.entries(data, "https://example.org/feed", "application/rss+xml", nothing)
    return str(caught.value)


def test_in_another_process_the_same_entries_come_out(parser: FeedParser) -> None:
    arguments = (GOOD, "https://example.org/feed", "application/rss+xml")
    assert parser.entries(*arguments, nothing) == parse(*arguments)


def test_six_megabytes_of_nested_elements_are_refused_and_the_next_feed_read(parser: FeedParser) -> None:
    assert (
        refusal(parser, b"<rss>" + b"<a>" * 860_000 + b"</a>" * 860_000 + b"</rss>")
        == "nests deeper than 200 elements"
    )
    assert refusal(parser, b"words") == "is not an RSS or Atom feed"
    assert len(parser.entries(GOOD, "https://example.org/feed", "", nothing)) == 1


def test_a_feed_that_takes_too_long_is_ended_and_the_next_one_read() -> None:
    hasty = FeedParser(IngestSettings(feed_timeout_s=1.0))
    try:
        assert refusal(hasty, SLOW) == "takes longer than 1 s to read"
        assert hasty._worker.pid is None
    finally:
        hasty.close()


def test_a_stop_is_obeyed_while_a_feed_is_read(parser: FeedParser) -> None:
    def stop() -> None:
        raise FetchError("put_off", "stopped")

    with pytest.raises(FetchError):
        parser.entries(SLOW, "https://example.org/feed", "", stop)
    assert parser._worker.pid is None
