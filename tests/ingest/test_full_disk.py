"""The disk of ingest's index is full: said as it is, nothing lost, nothing twice, and ingest goes on when
there is room again."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from schemas.events import Article
from services.chassis.errors import TransientError
from services.chassis.log.types import EventLog, Message, TopicPartition
from services.chassis.service import Context
from services.ingest.publish import Publisher
from services.ingest.service import IngestService
from tests.ingest.conftest import MakeSettings
from tests.support.arrivals import offer
from tests.support.disk import SmallDisk, small_disk
from tests.support.patience import PATIENCE_S, until
from tests.support.web import Site

Articles = Callable[[], list[Article]]
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "small") as disk:
        yield disk


@pytest.fixture
def small(disk: SmallDisk, context: Context, make_settings: MakeSettings) -> Context:
    """The log has room, the index has none once the disk is filled."""
    return replace(context, settings=make_settings(index_path=disk.path / "ingest.db"))


def test_a_full_disk_is_named_and_heals(disk: SmallDisk, small: Context, articles: Articles) -> None:
    batch = [offer(article_id=f"art-{n}", content=f"Word {n}.") for n in range(2, 50)]
    with Publisher(small, "test") as publisher:
        assert [outcome.kind for outcome in publisher.publish([offer()])] == ["published"]
        disk.fill()
        index = str(small.settings.ingest.index_path)
        for _ in range(2):
            with pytest.raises(
                TransientError, match=r"ingest\.db cannot be used just now.*full.*make room"
            ) as raised:
                publisher.publish(batch, attempts=1)
            assert index in str(raised.value)
            assert publisher.problem == str(raised.value)
        disk.make_room()
        publisher.publish(batch)
        assert publisher.problem is None
    assert sorted(article.article_id for article in articles()) == sorted(f"art-{n}" for n in range(1, 50)), (
        "none lost, none twice"
    )
    assert {article.revision for article in articles()} == {1}


def test_an_append_whose_index_could_not_follow_is_on_the_log_once(
    disk: SmallDisk, small: Context, articles: Articles
) -> None:
    """The log has taken the article, the index cannot: what is offered again is a duplicate by then."""
    filling = replace(small, log=FillingLog(small.log, disk))  # type: ignore[arg-type]
    with Publisher(filling, "test") as publisher:
        with pytest.raises(TransientError, match="full"):
            publisher.publish(
                [offer(article_id=f"art-{n}", content=f"Word {n}.") for n in range(50)], attempts=1
            )
        disk.make_room()
        again = publisher.publish(
            [offer(article_id=f"art-{n}", content=f"Word {n}.") for n in range(50)], attempts=1
        )
    assert {outcome.kind for outcome in again} == {"duplicate"}
    assert len(articles()) == 50


class FillingLog:
    """The real log; the index's disk is full once a producer has appended."""

    def __init__(self, inner: EventLog, disk: SmallDisk) -> None:
        self._inner = inner
        self._disk = disk
        self._filled = False

    def producer(self, client_id: str) -> FillingLog:
        self._producer = self._inner.producer(client_id)
        return self

    def append(self, messages: Sequence[Message]) -> list[tuple[TopicPartition, int]]:
        places = self._producer.append(messages)
        if not self._filled:
            self._filled = True
            self._disk.fill()
        return places

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    def close(self) -> None:
        self._producer.close()


def test_the_service_answers_503_polls_on_and_takes_all_when_there_is_room(
    disk: SmallDisk, context: Context, make_settings: MakeSettings, articles: Articles
) -> None:
    with Site() as site:
        items = "".join(f"<item><title>T</title><link>{site.url}/{n}</link></item>" for n in range(20))
        site.answers["/feed"] = (
            200,
            {"Content-Type": "text/xml"},
            f"<rss version='2.0'><channel>{items}</channel></rss>".encode(),
        )
        for n in range(20):
            site.answers[f"/{n}"] = (
                200,
                {"Content-Type": "text/html"},
                f"<html><body>Page {n}.</body></html>".encode(),
            )
        settings = make_settings(
            index_path=disk.path / "ingest.db",
            feeds=f"{site.url}/feed",
            poll_interval_s=0.05,
            allow_private_addresses=True,
        )
        service = IngestService(replace(context, settings=settings))
        disk.fill()
        thread = threading.Thread(target=service.run)
        thread.start()
        try:
            assert service.wait_until_ready(PATIENCE_S)
            until(lambda: push(service.address, "Pushed.") == 503, "the disk is full", thread.is_alive)
            until(
                lambda: [request.path for request in site.requests].count("/feed") > 3,
                "the feed is polled on",
                thread.is_alive,
            )
            assert any("make room" in reason for reason in service.ready())
            disk.make_room()
            until(lambda: push(service.address, "Pushed.") == 202, "pushes are taken", thread.is_alive)
            until(lambda: len(articles()) == 21, "all are on the log", thread.is_alive)
        finally:
            context.stop.set()
            thread.join(PATIENCE_S)
    assert not thread.is_alive()
    contents = [article.content for article in articles()]
    assert len(set(contents)) == len(contents) == 21


def push(address: str, content: str) -> int:
    request = urllib.request.Request(
        f"{address}/v1/articles", json.dumps({"content": content}).encode(), JSON
    )
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
