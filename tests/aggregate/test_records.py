"""What a published record shows of a much quoted actor."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.aggregate import records
from services.aggregate.store import Store, outbox
from services.chassis.log.topics import EVENT_BYTES
from tests.support.record import feed, published
from tests.support.statements import NOON, actor, make

ANA = actor("Ana Lee")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(f"sqlite:///{tmp_path / 'record.db'}", "onrecord-aggregate")
    opened.migrate()
    yield opened
    opened.close()


@pytest.mark.parametrize("articles", [outbox.FEW, outbox.FEW + 1])
def test_the_latest_statements_are_shown_newest_first(store: Store, articles: int) -> None:
    """However many there are: few and many are read in different ways."""
    made = [make(f"art-{n:03}", speakers=(ANA,), published_at=NOON + dt.timedelta(hours=n * 7 % articles)) for n in range(articles)]
    feed(store, [[event for one in made for event in one.events]])
    record = published(store)[ANA.actor_id]
    assert record is not None
    newest = sorted(made, key=lambda one: one.document.published_at or NOON, reverse=True)[: records.LATEST]
    assert [summary.article_id for summary in record.latest] == [one.document.article_id for one in newest]
    assert (record.counts.quotes, sum(day.quotes for day in record.days)) == (articles, articles)
    assert (record.first_seen, record.last_seen) == (NOON, NOON + dt.timedelta(hours=articles - 1))


def test_the_largest_record_fits_its_topic() -> None:
    wide = "\U0001f5e3"
    row = {
        "actor_id": wide * 128, "name": wide * 256, "kind": "person", "wikidata": None, "aliases": [wide * 256] * 50, "quotes": 10**6,
        "claims": 10**6, "articles": 10**6, "outlets": 10**6, "first_seen": NOON, "last_seen": NOON,
    }  # fmt: skip
    days = [((dt.date(1950, 1, 1) + dt.timedelta(days=n)).isoformat(), 10**6, 10**6) for n in range(20_000)]
    shares = {dimension: [(wide * 256, 10**6)] * 1_000 for dimension in ("outlet", "cue", "stance")}
    statement = {
        "statement_id": wide * 128, "kind": "quote", "text": "\x01" * 10_000, "article_id": wide * 128, "outlet": wide * 256,
        "published_at": NOON, "confidence": 0.123456789012345, "within": wide * 128,
    }  # fmt: skip
    record = records.record_of(row, days, shares, [statement] * records.LATEST)
    assert record.days[-1].date == dt.date(1950, 1, 1) + dt.timedelta(days=19_999), "the latest days are kept"
    assert len(record.latest[0].text) == records.SUMMARY_CHARS
    assert len(record.encode()) < EVENT_BYTES


def test_the_name_most_often_used_leads_and_the_others_are_aliases(store: Store) -> None:
    formal, short = actor("Ana Lee").model_copy(update={"name": "Ana Maria Lee"}), actor("Ana Lee", mention="Ms. Lee")
    feed(store, [[event for n in range(3) for event in make(f"art-{n}", speakers=(formal,), claimants=(short,) * (n + 1)).events]])
    record = published(store)[ANA.actor_id]
    assert record is not None
    assert (record.name, record.aliases) == ("Ana Lee", ("Ms. Lee", "Ana Maria Lee"))
