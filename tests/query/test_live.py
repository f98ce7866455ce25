"""The live stream over a real connection."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.aggregate.store import Store
from services.chassis.log.sqlite import SqliteLog
from services.chassis.metrics import Metrics
from services.chassis.service import Context
from services.chassis.settings import load
from services.query import live
from services.query.service import build
from tests.support.patience import PATIENCE_S, until
from tests.support.reading import LEE, at, fill, sample
from tests.support.record import feed
from tests.support.serving import serving
from tests.support.stories import Said, story

Event = dict[str, Any]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "LOOK_S", 0.05)


@pytest.fixture
def url(tmp_path: Path) -> str:
    found = f"sqlite:///{tmp_path / 'record.db'}"
    fill(found, sample())
    return found


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    opened = Store(url, "test")
    yield opened
    opened.close()


@contextmanager
def service(url: str, folder: Path, **query: Any) -> Iterator[tuple[str, Metrics]]:
    with SqliteLog(folder / "log.db") as log:
        given = Context(load(store={"url": url}, query={"port": 0, **query}), log, Metrics())
        with serving(build(given), given.stop) as address:
            yield address, given.metrics


class Reader:
    """One that follows: reads lines as they come."""

    def __init__(self, answer: httpx.Response) -> None:
        self._lines = answer.iter_lines()
        self.last = ""

    def fields(self) -> Event:
        """The next block of lines, comments under ``:``."""
        found: Event = {}
        for line in self._lines:
            if not line:
                break
            name, _, value = line.partition(": ")
            found[name] = value
        self.last = found.get("id", self.last)
        return found

    def event(self) -> tuple[str, Event]:
        """The next event."""
        while True:
            found = self.fields()
            if "data" in found:
                return found["event"], json.loads(found["data"])


@pytest.fixture
def follow() -> Iterator[Callable[..., Reader]]:
    with ExitStack() as stack:
        client = stack.enter_context(httpx.Client(timeout=PATIENCE_S))

        def begin(address: str, last: str | None = None, **query: Any) -> Reader:
            headers = {"last-event-id": last} if last is not None else {}
            answer = stack.enter_context(
                client.stream("GET", f"{address}/v1/live", params=query, headers=headers)
            )
            assert answer.status_code == 200, answer.read()
            assert answer.headers["content-type"].startswith("text/event-stream")
            reader = Reader(answer)
            first = reader.fields()
            assert first.keys() == {"retry", "id"}
            return reader

        yield begin


def news(number: int, who: str = "Ana Lee") -> list[Any]:
    return story(
        f"art-new-{number}",
        f"“It is news {number},” {who} said.",
        [Said(who, f"It is news {number},")],
        published_at=at(2026, 4, 1),
    )


def test_statements_come_as_they_come_on_record(
    url: str, store: Store, tmp_path: Path, follow: Callable[..., Reader]
) -> None:
    with service(url, tmp_path) as (address, _):
        reader = follow(address)
        feed(store, [news(1)])
        name, data = reader.event()
        assert (name, data["text"], data["actor_on_record"]["actor_id"]) == (
            "statement",
            "It is news 1,",
            LEE,
        )
        assert (
            data
            == httpx.get(f"{address}/v1/actors/{LEE}/statements?limit=1", timeout=PATIENCE_S).json()["items"][
                0
            ]
        )
        feed(store, [story("art-new-1", "", revision=2, withdrawn=True, published_at=at(2026, 4, 1))])
        name, gone = reader.event()
        assert (name, gone["statement_id"], gone["reason"]) == (
            "withdrawn",
            data["statement_id"],
            "withdrawn",
        )


def test_a_reader_goes_on_where_it_was_after_a_restart(
    url: str, store: Store, tmp_path: Path, follow: Callable[..., Reader]
) -> None:
    with service(url, tmp_path) as (address, _):
        reader = follow(address, last="0")
        known = {reader.event()[1]["statement_id"] for _ in range(8)}
        assert len(known) == 8
        seen = reader.last
        # another place is told by a parameter, as the page does, and the header is newer than it
        assert follow(address, after=0).event()[1]["statement_id"] in known
    feed(store, [news(1), news(2)])
    with service(url, tmp_path) as (address, _):
        again = follow(address, last=seen, after=0)
        assert [again.event()[1]["text"] for _ in range(2)] == ["It is news 1,", "It is news 2,"]


def test_filters_hold(url: str, store: Store, tmp_path: Path, follow: Callable[..., Reader]) -> None:
    with service(url, tmp_path) as (address, _):
        reader = follow(address, actor="person:owen-brandt", q="news")
        feed(store, [news(1), news(2, "Owen Brandt"), news(3)])
        assert reader.event()[1]["text"] == "It is news 2,"
        past = follow(address, last="0", q="bridge", kind="claim")
        assert {past.event()[1]["subkind"] for _ in range(2)} == {"quoted", "indirect"}


def test_silence_is_filled_and_moves_the_place_on(
    url: str, store: Store, tmp_path: Path, follow: Callable[..., Reader], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "HEARTBEAT_S", 0.1)
    with service(url, tmp_path) as (address, _):
        reader = follow(address, q="nothing of the sort")
        begun = int(reader.last)
        feed(store, [news(1)])
        beats = 0
        while int(reader.last) == begun:
            assert reader.fields()[""] == "still here"
            beats += 1
        assert beats


def test_there_is_a_bound_and_places_are_given_back(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "HEARTBEAT_S", 0.1)
    with service(url, tmp_path, max_live=1) as (address, metrics), httpx.Client(timeout=PATIENCE_S) as client:
        with client.stream("GET", f"{address}/v1/live") as first:
            assert first.status_code == 200
            refused = client.get(f"{address}/v1/live")
            assert refused.status_code == 503
            assert "1 readers follow the live stream" in refused.json()["detail"]
            assert refused.headers["retry-after"] == "60"
            assert metrics.registry.get_sample_value("onrecord_live_readers") == 1
        until(
            lambda: metrics.registry.get_sample_value("onrecord_live_readers") == 0, "the place is given back"
        )
        for path in ("/v1/live?actor=person:nobody", "/v1/live?limit=3", "/v1/live?stance=none"):
            assert client.get(address + path).status_code in (404, 422)
        wrong = client.get(f"{address}/v1/live", headers={"last-event-id": "evt-1"})
        assert "Last-Event-ID: it is not an id of this stream" in wrong.json()["detail"]
        head = client.head(f"{address}/v1/live")
        assert (head.status_code, head.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        until(
            lambda: metrics.registry.get_sample_value("onrecord_live_readers") == 0, "the place is given back"
        )


def test_a_reader_that_waits_takes_no_thread(
    url: str, tmp_path: Path, store: Store, follow: Callable[..., Reader]
) -> None:
    with service(url, tmp_path) as (address, _):
        readers = [follow(address, q=f"news {number % 3}") for number in range(40)]
        assert threading.active_count() < 30
        feed(store, [news(number) for number in range(3)])
        for number, reader in enumerate(readers):
            assert reader.event()[1]["text"] == f"It is news {number % 3},"


def test_a_stop_lets_readers_go(url: str, tmp_path: Path, follow: Callable[..., Reader]) -> None:
    with service(url, tmp_path) as (address, _):
        reader = follow(address)
    assert reader.fields() == {}, "the stream has an end, and is not torn"
