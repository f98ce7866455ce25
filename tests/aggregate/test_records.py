"""What a published record shows of a much quoted actor."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.events import ActorRecord
from services.aggregate import records
from services.aggregate.service import SOURCE, fitting
from services.aggregate.store import Store, outbox
from services.chassis import cloudevents
from services.chassis.log.limits import message_bytes
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
    made = [
        make(f"art-{n:03}", speakers=(ANA,), published_at=NOON + dt.timedelta(hours=n * 7 % articles))
        for n in range(articles)
    ]
    feed(store, [[event for one in made for event in one.events]])
    record = published(store)[ANA.actor_id]
    assert record is not None
    newest = sorted(made, key=lambda one: one.document.published_at or NOON, reverse=True)[: records.LATEST]
    assert [summary.article_id for summary in record.latest] == [one.document.article_id for one in newest]
    assert (record.counts.quotes, sum(day.quotes for day in record.days)) == (articles, articles)
    assert (record.first_seen, record.last_seen) == (NOON, NOON + dt.timedelta(hours=articles - 1))


def largest() -> ActorRecord:
    wide = "\U0001f5e3"
    row = {
        "actor_id": wide * 128, "name": wide * 256, "kind": "person", "wikidata": None, "aliases": [wide * 256] * 50, "quotes": 10**6,
        "claims": 10**6, "articles": 10**6, "outlets": 10**6, "first_seen": NOON, "last_seen": NOON,
        "article_id": wide * 128, "denied": 10**6,
    }  # fmt: skip
    days = [((dt.date(1950, 1, 1) + dt.timedelta(days=n)).isoformat(), 10**6, 10**6) for n in range(20_000)]
    shares = {dimension: [(wide * 256, 10**6)] * 1_000 for dimension in ("outlet", "cue", "stance")}
    statement = {
        "statement_id": wide * 128, "kind": "quote", "text": "\x01" * 10_000, "article_id": wide * 128, "outlet": wide * 256,
        "published_at": NOON, "confidence": 0.123456789012345, "within": wide * 128, "denied": True,
    }  # fmt: skip
    return records.record_of(row, days, shares, [statement] * records.LATEST)


def test_the_largest_record_fits_its_topic() -> None:
    record = largest()
    assert record.days[-1].date == dt.date(1950, 1, 1) + dt.timedelta(days=19_999), "the latest days are kept"
    assert len(record.latest[0].text) == records.SUMMARY_CHARS
    assert len(record.encode()) < EVENT_BYTES


@pytest.mark.parametrize(
    ("most", "parts"),
    [
        (540_000, ["latest"]),
        (400_000, ["latest", "days"]),
        (200_000, ["latest", "days", "cues"]),
        (100_000, ["latest", "days", "cues", "outlets"]),
        (30_000, ["latest", "days", "cues", "outlets", "aliases"]),
        (7_000, ["latest", "days", "cues", "outlets", "aliases", "name"]),
    ],
)
def test_a_record_is_shortened_in_a_fixed_order_and_no_more_than_it_must(most: int, parts: list[str]) -> None:
    whole = largest()
    whole = whole.model_copy(update={"stances": whole.stances[:3]})
    message, size = fitting(whole.actor_id, whole, most)
    assert size == message_bytes(cloudevents.encode(whole, source=SOURCE)) > most
    assert message is not None
    assert message_bytes(message) <= most
    record = ActorRecord.read(message.value or b"")
    assert [part.value for part in record.shortened] == parts
    assert (record.actor_id, record.counts, record.stances) == (whole.actor_id, whole.counts, whole.stances)
    # what stays of a list is its better part
    assert whole.days[len(whole.days) - len(record.days) :] == record.days
    assert whole.cues[: len(record.cues)] == record.cues
    assert whole.aliases[: len(record.aliases)] == record.aliases
    if parts[-1] != "name":
        assert most - message_bytes(message) < 6_000, "one item more would not fit"


def test_a_whole_record_says_nothing_of_shortening() -> None:
    assert b"shortened" not in largest().encode()


def test_the_name_most_often_used_leads_and_the_others_are_aliases(store: Store) -> None:
    formal, short = (
        actor("Ana Lee").model_copy(update={"name": "Ana Maria Lee"}),
        actor("Ana Lee", mention="Ms. Lee"),
    )
    feed(
        store,
        [
            [
                event
                for n in range(3)
                for event in make(f"art-{n}", speakers=(formal,), claimants=(short,) * (n + 1)).events
            ]
        ],
    )
    record = published(store)[ANA.actor_id]
    assert record is not None
    assert (record.name, record.aliases) == ("Ana Lee", ("Ms. Lee", "Ana Maria Lee"))
