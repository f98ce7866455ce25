"""Polls feeds and puts their articles on the log.

Each entry's page is fetched under the same rules as the feed. Where that is not possible, the entry's
``content`` element stands in when it is long enough to be the article
(:data:`services.ingest.feeds.entries.FULL_CONTENT_CHARS`); a summary never does.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

import structlog

from services.chassis.errors import OnrecordError, TransientError
from services.chassis.service import Context
from services.ingest.account import Outcome
from services.ingest.feeds.entries import Entry, NotAFeed
from services.ingest.feeds.fetch import FEED_TYPES, PAGE_TYPES, Fetched, Fetcher, FetchError
from services.ingest.feeds.memory import FeedMemory, FeedState, Pending
from services.ingest.feeds.parser import FeedParser
from services.ingest.publish import HOPELESS, Publisher
from services.ingest.readers import Arrival, Item, Limits, Offer, Refusal, Skip
from services.ingest.readers.html import read_html
from services.ingest.readers.items import Unreadable, language_tag, offer, person_names

logger = structlog.get_logger()

WORKERS = 4
"""Feeds polled at once: mostly they wait for their hosts' turns."""
MAX_BACKOFF_S = 86_400.0
JITTER = 0.1
"""Spreads feeds that were added together."""
TURN_S = 1.0

Report = Callable[[Outcome], None]


class FeedPoller:
    """Polls a fixed set of feeds."""

    def __init__(
        self, context: Context, publisher: Publisher, feeds: tuple[str, ...], report: Report | None = None
    ) -> None:
        """``report`` is told the outcome of every article."""
        settings = context.settings.ingest
        self._context = context
        self._settings = settings
        self._publisher = publisher
        self._feeds = feeds
        self._report = report or _ignore
        self._limits = Limits(settings.max_article_bytes, kinds=frozenset(settings.take_kinds))
        self._memory = FeedMemory(settings.index_path)
        self._fetcher = Fetcher(settings, context.stop)
        self._parser = FeedParser(settings)
        self._put_off: dict[str, float] = {}
        """Feeds whose next poll (Unix seconds) could not be noted in the file."""
        self.turned_at = time.monotonic()
        """When the loop last turned."""

    def close(self) -> None:
        """Release the file and the process that reads feeds."""
        self._parser.close()
        self._memory.close()

    def run(self) -> None:
        """Poll each feed when it is due, until the context is stopped.

        Raises:
            TopicMissing, LogUnreadable: waiting will not help. A log that cannot be written just now is tried
                again with the next poll.
        """
        running: dict[str, Future[None]] = {}
        with ThreadPoolExecutor(max(1, min(WORKERS, len(self._feeds))), thread_name_prefix="feed") as pool:
            while not self._context.stop.is_set():
                self.turned_at = time.monotonic()
                for url in self._feeds:
                    if url in running and running[url].done():
                        running.pop(url).result()
                    if url not in running and self._due(url):
                        running[url] = pool.submit(self._poll_safely, url)
                self._context.stop.wait(TURN_S)

    def poll_all(self) -> list[tuple[str, str]]:
        """Poll every feed once, due or not; returns each feed that could not be polled, and why.

        Raises:
            OnrecordError: the log cannot be written.
        """
        with ThreadPoolExecutor(max(1, min(WORKERS, len(self._feeds))), thread_name_prefix="feed") as pool:
            return [
                (url, problem)
                for url, problem in zip(self._feeds, pool.map(self.poll, self._feeds), strict=True)
                if problem
            ]

    def _poll_safely(self, url: str) -> None:
        try:
            self.poll(url)
        except HOPELESS:
            raise
        except OnrecordError as error:
            # the log or the index is out of reach: nothing was marked as done, so the next poll begins anew
            logger.error("feed poll could not be published", feed=url, error=str(error))
            self._put_off[url] = time.time() + self._settings.poll_interval_s
            with suppress(TransientError):
                self._fail(url, self._memory.state(url))
                del self._put_off[url]

    def _due(self, url: str) -> bool:
        try:
            return max(self._memory.state(url).next_poll_at, self._put_off.get(url, 0.0)) <= time.time()
        except TransientError as error:
            logger.debug("the feeds' memory cannot be read", feed=url, error=str(error))
            return False

    def poll(self, url: str) -> str | None:
        """Poll one feed now; returns what went wrong, None when nothing did.

        Raises:
            OnrecordError: the log cannot be written.
        """
        state = self._memory.state(url)
        conditions = {"If-None-Match": state.etag, "If-Modified-Since": state.last_modified}
        try:
            fetched = self._fetcher.get(
                url, FEED_TYPES, {name: value for name, value in conditions.items() if value}
            )
            entries = [] if fetched.status == 304 else self._entries(fetched)
        except (FetchError, NotAFeed, TransientError) as error:
            return self._not_polled(url, state, error)
        if fetched.status == 304:
            self._polled(url, state, "unchanged")
            return None
        finished = [self._take(url, pending) for pending in self._memory.pending(url, entries)]
        # with validators kept, the next answer would be 304 and the entries still missing would not be seen
        # again
        validators = (
            {"etag": fetched.headers.get("etag"), "last_modified": fetched.headers.get("last-modified")}
            if all(finished)
            else {}
        )
        self._polled(url, FeedState.model_validate(validators), "changed")
        return None

    def _entries(self, fetched: Fetched) -> list[Entry]:
        return self._parser.entries(
            fetched.body, fetched.url, fetched.headers.get("content-type", ""), self._look_up
        )

    def _look_up(self) -> None:
        if self._context.stop.is_set():
            raise FetchError("put_off", "stopped before it was read")

    def _take(self, feed: str, pending: Pending) -> bool:
        """Put one entry's article on the log; whether the entry is finished with."""
        if self._context.stop.is_set():
            return False
        item = self._item(feed, pending.entry)
        if isinstance(item, FetchError):
            if item.kind == "put_off":
                return False
            given_up = item.kind in ("refused", "gone") or self._memory.failed(feed, pending)
            if not given_up:
                return False
            arrival = self._arrival(feed, pending.entry)
            item = Refusal(
                arrival,
                "not_fetched",
                f"its page cannot be had ({item}) and the feed carries no full text",
                b"",
                stage="open",
            )
        for outcome in self._publisher.publish([item]):
            self._report(outcome)
        self._memory.done(feed, pending.entry)
        return True

    def _item(self, feed: str, entry: Entry) -> Item | FetchError:
        arrival = self._arrival(feed, entry)
        try:
            page = self._fetcher.get(entry.link, PAGE_TYPES)
        except FetchError as error:
            if entry.content is None or error.kind == "put_off":
                return error
            return self._stand_in(arrival, entry)
        read = self._read(arrival, entry, page)
        if isinstance(read, Skip) and entry.content is not None:
            return self._stand_in(arrival, entry)
        return read

    def _stand_in(self, arrival: Arrival, entry: Entry) -> Item:
        """The article in the feed's own words."""
        page = Fetched(entry.link, 200, "text/html", "utf-8", entry.as_page())
        read = self._read(arrival, entry, page)
        return read if isinstance(read, Skip) else replace(read, reencoded=True)

    def _read(self, arrival: Arrival, entry: Entry, page: Fetched) -> Item:
        try:
            read = read_html(arrival, page.body, self._limits, charset=page.charset, fetched_from=page.url)
            return read if isinstance(read, Skip) else self._completed(read, entry)
        except Unreadable as error:
            return Refusal(arrival, error.reason, error.message, page.body, stage=error.stage)

    def _completed(self, read: Offer, entry: Entry) -> Offer:
        """The offer with what the feed knows and the page does not say."""
        article = read.article
        return offer(
            read.arrival,
            read.original,
            self._limits,
            content=article.content,
            content_type=article.content_type,
            url=article.url,
            outlet=article.outlet,
            title=article.title or entry.title,
            authors=list(article.authors or person_names(list(entry.authors))),
            language=article.language if article.language != "und" else language_tag(entry.language),
            published_at=article.published_at or entry.published_at,
        )

    def _arrival(self, feed: str, entry: Entry) -> Arrival:
        return Arrival(entry.link, feed, "feed", datetime.now(UTC))

    def _not_polled(self, url: str, state: FeedState, error: FetchError | NotAFeed | TransientError) -> str:
        kind = error.kind if isinstance(error, FetchError) else "failed"
        if kind == "put_off":
            # the host asked for time, or another feed's pages did: no fault of this feed
            self._polled(url, state, "failed")
            return str(error)
        self._count("refused" if kind == "refused" else "failed")
        self._fail(url, state)
        logger.warning("feed could not be polled", feed=url, error=str(error))
        return str(error)

    def _polled(self, url: str, state: FeedState, outcome: str) -> None:
        self._count(outcome)
        due = time.time() + self._settings.poll_interval_s * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - no secret
        self._memory.keep(url, state.model_copy(update={"failures": 0, "next_poll_at": due}))

    def _fail(self, url: str, state: FeedState) -> None:
        wait = min(self._settings.poll_interval_s * 2 ** min(state.failures, 16), MAX_BACKOFF_S)
        self._memory.keep(
            url, state.model_copy(update={"failures": state.failures + 1, "next_poll_at": time.time() + wait})
        )

    def _count(self, outcome: str) -> None:
        self._context.metrics.counter("feed_polls", outcome=outcome).inc()


def _ignore(outcome: Outcome) -> None:
    return
