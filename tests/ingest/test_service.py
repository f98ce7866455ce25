from __future__ import annotations

import json
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from schemas.events import Article
from services.chassis.errors import OnrecordError, SettingsError, TopicMissing, TransientError
from services.chassis.log.sqlite import SqliteLog
from services.chassis.log.types import EventLog, TopicState
from services.chassis.service import Context
from services.ingest.feeds.poller import FeedPoller
from services.ingest.publish import Publisher
from services.ingest.service import IngestService, build
from tests.ingest.conftest import MakeSettings
from tests.support.patience import PATIENCE_S, until
from tests.support.web import Site


def push(address: str, content: str) -> int:
    request = urllib.request.Request(
        f"{address}/v1/articles",
        json.dumps({"content": content}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
        return int(answer.status)


def test_pushes_and_feeds_until_stopped(
    context: Context, make_settings: MakeSettings, articles: Callable[[], list[Article]]
) -> None:
    with Site() as site:
        feed = (
            "<rss"
            f" version='2.0'><channel><item><title>T</title><link>{site.url}/1</link></item></channel></rss>"
        )
        site.answers |= {
            "/feed": (200, {"Content-Type": "text/xml"}, feed.encode()),
            "/1": (200, {"Content-Type": "text/html"}, b"<html><body>From the feed.</body></html>"),
        }
        settings = make_settings(feeds=f"{site.url}/feed", allow_private_addresses=True)
        service = build(replace(context, settings=settings))
        assert isinstance(service, IngestService)
        assert service.ready() == ["push server is starting"]
        thread = threading.Thread(target=service.run)
        thread.start()
        try:
            assert service.wait_until_ready(PATIENCE_S)
            address = service.address
            assert push(address, "Pushed.") == 202
            until(lambda: len(articles()) == 2, "both articles")
            assert service.ready() == []
            assert service.live() == []
        finally:
            context.stop.set()
            thread.join(PATIENCE_S)
    assert not thread.is_alive()
    assert sorted(article.origin for article in articles()) == sorted([f"{site.url}/feed", "push"])
    with pytest.raises(OSError, match="refused"):
        push(address, "Too late.")


def test_a_taken_port_is_a_settings_error(context: Context, make_settings: MakeSettings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings = make_settings(push_port=taken.getsockname()[1])
        with pytest.raises(SettingsError, match="ONRECORD_INGEST__PUSH_PORT"):
            build(replace(context, settings=settings))


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])  # noqa: S104 - that is what is refused
def test_without_a_token_only_this_machine_may_send(
    context: Context, make_settings: MakeSettings, tmp_path: Path, host: str
) -> None:
    needed = (
        r"ONRECORD_INGEST__PUSH_TOKEN: not set, and others can reach"
        r" ONRECORD_INGEST__PUSH_HOST.*PUSH_TOKEN_FILE"
    )
    with pytest.raises(SettingsError, match=needed):
        IngestService(replace(context, settings=make_settings(push_host=host)))
    secret = tmp_path / "token"
    secret.write_text("of-a-file\n")
    for token in ({"push_token": "given"}, {"push_token_file": secret}):
        service = IngestService(replace(context, settings=make_settings(push_host=host, **token)))
        with running(service, context.stop), pytest.raises(urllib.error.HTTPError, match="401"):
            push(f"http://localhost:{service.address.rpartition(':')[2]}", "Without.")
        context.stop.clear()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "localhost", "::1"])
def test_this_machine_needs_no_token(context: Context, make_settings: MakeSettings, host: str) -> None:
    service = IngestService(replace(context, settings=make_settings(push_host=host)))
    with running(service, context.stop):
        assert push(service.address, "Without.") == 202


def test_an_empty_token_is_no_token_at_all(context: Context, make_settings: MakeSettings) -> None:
    """Anybody's empty one would be the right one."""
    with pytest.raises(SettingsError, match="ONRECORD_INGEST__PUSH_TOKEN: is empty"):
        IngestService(replace(context, settings=make_settings(push_token=" ")))


def ask_for_ever(client: socket.socket) -> None:
    while True:
        client.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 100)


def test_answers_that_nobody_reads_are_given_up(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.chassis.web.UNREAD_S", 0.2)
    service = IngestService(context)
    with running(service, context.stop):
        host, _, port = service.address.removeprefix("http://").partition(":")
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            client.settimeout(PATIENCE_S)
            client.connect((host, int(port)))
            with pytest.raises(ConnectionError):  # reset: the server has dropped what was not read
                ask_for_ever(client)
        until(lambda: not service._server.server_state.connections, "the connection is gone")
        assert push(service.address, "Served.") == 202


def test_a_body_that_does_not_come_is_408(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.ingest.push.BODY_TIMEOUT_S", 0.1)
    service = IngestService(context)
    thread = threading.Thread(target=service.run)
    thread.start()
    try:
        assert service.wait_until_ready(PATIENCE_S)
        host, _, port = service.address.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port)), timeout=PATIENCE_S) as client:
            client.sendall(
                b"POST /v1/articles HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length:"
                b" 100\r\n\r\n{"
            )
            assert client.recv(1000).startswith(b"HTTP/1.1 408")
    finally:
        context.stop.set()
        thread.join(PATIENCE_S)
    assert not thread.is_alive()


def test_a_log_without_topics_ends_the_service_at_once(tmp_path: Path, context: Context) -> None:
    with SqliteLog(tmp_path / "empty.db") as log:
        service = IngestService(replace(context, log=log))
        address = service.address
        with pytest.raises(TopicMissing, match="onrecord topics create"):
            service.run()
        with pytest.raises(OSError, match="refused"):
            push(address, "Too early.")


class Moody:
    """A log whose topics cannot be told for a while, as Kafka's while its brokers are away."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self.error: OnrecordError | None = None

    def topics(self) -> dict[str, TopicState]:
        if self.error:
            raise self.error
        return self._log.topics()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)


@contextmanager
def running(service: IngestService, stop: threading.Event) -> Iterator[list[BaseException]]:
    errors: list[BaseException] = []

    def run() -> None:
        try:
            service.run()
        except OnrecordError as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert service.wait_until_ready(PATIENCE_S)
        yield errors
    finally:
        stop.set()
        thread.join(PATIENCE_S)
    assert not thread.is_alive()


def test_a_log_out_of_reach_is_waited_for(context: Context) -> None:
    log = Moody(context.log)
    log.error = TransientError("brokers cannot be reached")
    service = IngestService(replace(context, log=cast(EventLog, log)))
    with running(service, context.stop) as errors:
        assert service.ready() == ["log: brokers cannot be reached"]
        with pytest.raises(urllib.error.HTTPError, match="503"):
            push(service.address, "Too early.")
        log.error = None
        assert service.ready() == []
        assert push(service.address, "In time.") == 202
    assert errors == []


def ask(service: IngestService) -> None:
    with pytest.raises(urllib.error.HTTPError, match="503") as refused:
        push(service.address, "Too late.")
    assert "onrecord topics create" in json.load(refused.value)["detail"]


def look(service: IngestService) -> None:
    assert "onrecord topics create" in service.ready()[0]


@pytest.mark.parametrize("notice", [ask, look])
def test_topics_that_turn_out_missing_end_the_service(
    context: Context, notice: Callable[[IngestService], None]
) -> None:
    log = Moody(context.log)
    log.error = TransientError("brokers cannot be reached")
    service = IngestService(replace(context, log=cast(EventLog, log)))
    with running(service, context.stop) as errors:
        log.error = TopicMissing(
            "topic onrecord.articles does not exist; create it with `onrecord topics create`"
        )
        notice(service)
        assert context.stop.wait(PATIENCE_S)
    assert errors == [log.error]


def test_topics_missing_for_a_feed_end_the_service(context: Context, make_settings: MakeSettings) -> None:
    with Site() as site:
        feed = (
            "<rss"
            f" version='2.0'><channel><item><title>T</title><link>{site.url}/1</link></item></channel></rss>"
        )
        site.answers |= {
            "/feed": (200, {"Content-Type": "text/xml"}, feed.encode()),
            "/1": (200, {"Content-Type": "text/html"}, b"<html><body>From the feed.</body></html>"),
        }
        log = Moody(context.log)
        without = replace(
            context,
            settings=make_settings(feeds=f"{site.url}/feed", allow_private_addresses=True),
            log=cast(EventLog, log),
        )
        with closing(Publisher(without, "test")) as publisher:
            log.error = TopicMissing(
                "topic onrecord.articles does not exist; create it with `onrecord topics create`"
            )
            poller = FeedPoller(without, publisher, (f"{site.url}/feed",))
            with closing(poller), pytest.raises(TopicMissing):
                poller.run()
