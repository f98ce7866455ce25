"""The newest statements in a real browser: they come by themselves, under the strict policy, and stay put
when asked to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.aggregate.store import Store
from services.chassis.log.sqlite import SqliteLog
from services.chassis.metrics import Metrics
from services.chassis.service import Context
from services.chassis.settings import load
from services.query.service import build
from tests.browser.test_pages_in_chromium import FLAGS
from tests.support.chromium import CHROMIUM, Page, browser
from tests.support.patience import until
from tests.support.reading import at, fill, sample
from tests.support.record import feed
from tests.support.serving import serving
from tests.support.stories import Said, story

WORDS = "[...document.querySelectorAll('#newest blockquote')].map(one => one.textContent.trim())"
STATUS = "document.querySelector('[data-live] [role=status]').textContent"
CLICK = "document.querySelector('[data-live] button').click()"


@pytest.fixture
def url(tmp_path: Path) -> str:
    found = f"sqlite:///{tmp_path / 'record.db'}"
    fill(found, sample())
    return found


@pytest.fixture
def address(url: str, tmp_path: Path) -> Iterator[str]:
    with SqliteLog(tmp_path / "log.db") as log:
        given = Context(load(store={"url": url}, query={"port": 0}), log, Metrics())
        with serving(build(given), given.stop) as found:
            yield found


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    if CHROMIUM is None:
        pytest.skip("no browser: install Debian's package `chromium` to see the pages in one")
    with browser(tmp_path / "profile", FLAGS) as found:
        yield found


def tell(store: Store, number: int, *, withdrawn: bool = False) -> None:
    words = f"It is news {number}."
    said = [] if withdrawn else [Said("Ana Lee", words)]
    revision = 2 if withdrawn else 1
    feed(
        store,
        [
            story(
                f"new-{number}",
                f"“{words}” Ana Lee said.",
                said,
                revision=revision,
                withdrawn=withdrawn,
                published_at=at(2020, 1, 1),
            )
        ],
    )


def test_what_comes_on_record_shows_by_itself(url: str, address: str, page: Page) -> None:
    store = Store(url, "test")
    page.open(f"{address}/newest?q=news")
    assert page.run(WORDS) == []
    assert page.run("document.querySelector('[data-live]').hidden") is False
    tell(store, 1)
    until(lambda: page.run(WORDS) == ["“It is news 1.”"], "the statement shows")
    assert page.run(STATUS) == "1 change, just now."
    assert page.run("document.title") == "Newest · onrecord"

    page.run(CLICK)
    assert page.run(STATUS) == "Paused."
    tell(store, 2)
    until(lambda: page.run(STATUS) == "1 change to show.", "the news of it")
    assert page.run(WORDS) == ["“It is news 1.”"], "nothing moves while it is paused"
    page.run(CLICK)
    until(lambda: page.run(WORDS) == ["“It is news 2.”", "“It is news 1.”"], "what came meanwhile")

    tell(store, 1, withdrawn=True)
    until(lambda: page.run(WORDS) == ["“It is news 2.”"], "the withdrawal")
    page.run("document.querySelector('#newest a').focus()")
    tell(store, 3)
    until(lambda: page.run(STATUS) == "1 change to show.", "the news of it")
    assert page.run(WORDS) == ["“It is news 2.”"], "nothing is taken away from under who reads"
    store.close()
