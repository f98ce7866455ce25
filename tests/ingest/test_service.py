from __future__ import annotations

import json
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from schemas.events import Article
from services.chassis.errors import SettingsError
from services.chassis.log.sqlite import SqliteLog
from services.chassis.log.topics import declared
from services.chassis.service import Context
from services.ingest.service import IngestService, build
from tests.ingest.conftest import MakeSettings
from tests.support.web import Site


def push(address: str, content: str) -> int:
    request = urllib.request.Request(
        f"{address}/v1/articles", json.dumps({"content": content}).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return int(answer.status)


def test_pushes_and_feeds_until_stopped(context: Context, make_settings: MakeSettings, articles: Callable[[], list[Article]]) -> None:
    with Site() as site:
        feed = f"<rss version='2.0'><channel><item><title>T</title><link>{site.url}/1</link></item></channel></rss>"
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
            assert service.wait_until_ready(20)
            address = service.address
            assert push(address, "Pushed.") == 202
            deadline = time.monotonic() + 20
            while len(articles()) < 2 and time.monotonic() < deadline:
                threading.Event().wait(0.02)
            assert service.ready() == []
            assert service.live() == []
        finally:
            context.stop.set()
            thread.join(20)
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


def test_a_body_that_does_not_come_is_408(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.ingest.push.BODY_TIMEOUT_S", 0.1)
    service = IngestService(context)
    thread = threading.Thread(target=service.run)
    thread.start()
    try:
        assert service.wait_until_ready(20)
        host, _, port = service.address.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port)), timeout=20) as client:
            client.sendall(b"POST /v1/articles HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
            assert client.recv(1000).startswith(b"HTTP/1.1 408")
    finally:
        context.stop.set()
        thread.join(20)
    assert not thread.is_alive()


def test_not_ready_until_the_topics_exist(tmp_path: Path, context: Context) -> None:
    with SqliteLog(tmp_path / "empty.db") as log:
        service = IngestService(replace(context, log=log))
        thread = threading.Thread(target=service.run)
        thread.start()
        try:
            assert service.wait_until_ready(20)
            assert service.ready() == ["log: topic onrecord.articles does not exist; create it with `onrecord topics create`"]
            with pytest.raises(urllib.error.HTTPError, match="503"):
                push(service.address, "Too early.")
            log.create_topics(declared(1))
            assert service.ready() == []
            assert push(service.address, "In time.") == 202
        finally:
            context.stop.set()
            thread.join(20)
    assert not thread.is_alive()
