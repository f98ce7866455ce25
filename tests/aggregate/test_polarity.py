"""What an actor did not say, on record: kept and shown, and counted as nothing that was said."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest

from schemas.events import Claim, Document, Quote
from tests.support.record import dump, feed, open_store, published, rows
from tests.support.statements import Event, actor, make

ANA, BO = actor("Ana Lee"), actor("Bo Diaz")


def with_denied(events: list[Event], *, proposition: bool | None = None) -> list[Event]:
    """The same events, in which nothing of it was said."""
    told = [
        event if isinstance(event, Document) else event.model_copy(update={"negated": True})
        for event in events
    ]
    return [
        event.model_copy(update={"proposition_negated": proposition}) if isinstance(event, Claim) else event
        for event in told
    ]


@pytest.fixture
def events() -> list[Event]:
    said = make("art-1", speakers=(ANA,), claimants=(ANA,)).events
    return [
        *said,
        *with_denied(
            make("art-2", outlet="Herald", speakers=(ANA, BO), claimants=(ANA,)).events, proposition=True
        ),
    ]


def test_what_is_denied_is_on_record_and_counts_apart(tmp_path: Path, events: list[Event]) -> None:
    store = open_store(tmp_path)
    feed(store, [events])
    counted = {
        row["name"]: [row[name] for name in ("quotes", "claims", "denied", "articles", "outlets")]
        for row in rows(store, "actors")
    }
    assert counted == {"Ana Lee": [1, 1, 2, 1, 1], "Bo Diaz": [0, 0, 1, 0, 0]}
    kept = [
        (row["kind"], row["denied"], row["proposition_negated"])
        for row in rows(store, "statements")
        if row["on_record"]
    ]
    assert sorted(kept, key=str) == sorted(
        [
            ("quote", False, None),
            ("claim", False, None),
            ("quote", True, None),
            ("quote", True, None),
            ("claim", True, True),
        ],
        key=str,
    )
    record = published(store)[ANA.actor_id]
    assert record is not None
    assert (record.counts.quotes, record.counts.claims, record.counts.denied) == (1, 1, 2)
    assert [(share.value, share.statements) for share in record.cues] == [("deny", 1), ("say", 1)]
    assert [outlet.value for outlet in record.outlets] == ["Gazette"]
    assert [(day.quotes, day.claims) for day in record.days] == [(1, 1)]
    assert sorted(statement.negated for statement in record.latest) == [False, False, True, True]
    store.close()


def test_any_order_gives_the_same_record(tmp_path: Path, events: list[Event]) -> None:
    seen = []
    for number, order in enumerate(list(permutations(events))[:: 5040 // 12]):
        (tmp_path / str(number)).mkdir()
        store = open_store(tmp_path / str(number))
        feed(store, [[event] for event in order])
        seen.append(dump(store))
        store.close()
    assert len(seen) > 3
    assert all(state == seen[0] for state in seen)


def test_whoever_only_did_not_say_goes_when_the_article_does(tmp_path: Path, events: list[Event]) -> None:
    store = open_store(tmp_path)
    feed(store, [events, make("art-2", revision=2, withdrawn=True).events])
    assert [(row["name"], row["denied"]) for row in rows(store, "actors")] == [("Ana Lee", 0)]
    assert all(row["quotes"] + row["claims"] > 0 for row in rows(store, "tallies"))
    store.close()


def test_what_is_denied_in_one_extraction_and_not_in_the_next_is_counted_right(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    feed(store, [with_denied(make("art-1", speakers=(ANA,), claimants=(ANA,)).events)])
    feed(store, [make("art-1", version="1.1.0", speakers=(ANA,), claimants=(ANA,)).events])
    [row] = rows(store, "actors")
    assert (row["quotes"], row["claims"], row["denied"]) == (1, 1, 0)
    store.close()


def test_statements_of_before_stay_as_they_were_read() -> None:
    [_, quote, claim] = make("art-1", speakers=(ANA,), claimants=(ANA,)).events
    assert isinstance(quote, Quote)
    assert isinstance(claim, Claim)
    assert b"negated" not in quote.encode()
    assert b"proposition_negated" not in claim.encode()
    assert Quote.read(quote.encode()).negated is False
    assert Claim.read(claim.encode()).proposition_negated is None
