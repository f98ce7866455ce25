"""How sure a source is, on record: kept as the event gave it, null in events and records from before."""

from __future__ import annotations

from pathlib import Path

from schemas.events import Quote
from tests.support.golden import GOLDEN
from tests.support.record import dump, feed, open_store, rows
from tests.support.statements import Event, actor, make

ANA = actor("Ana Lee")


def surer(events: tuple[Event, ...], confidence: float) -> list[Event]:
    """The same events as an extractor writes them that tells how sure the source is."""
    document, *statements = events
    return [
        document,
        *(statement.model_copy(update={"source_confidence": confidence}) for statement in statements),
    ]


def test_a_newer_extraction_brings_it_whatever_order_they_come_in(tmp_path: Path) -> None:
    old = make("art-1", speakers=(ANA,), claimants=(ANA,)).events
    new = surer(tuple(make("art-1", version="1.1.0", speakers=(ANA,), claimants=(ANA,)).events), 0.875)
    seen = []
    for number, order in enumerate(([*old, *new], [*reversed(new), *old])):
        (tmp_path / str(number)).mkdir()
        store = open_store(tmp_path / str(number))
        feed(store, [[event] for event in order])
        assert [row["source_confidence"] for row in rows(store, "statements") if row["on_record"]] == [
            0.875,
            0.875,
        ]
        seen.append(dump(store))
        store.close()
    assert seen[0] == seen[1]


def test_frozen_events_without_it_are_taken(tmp_path: Path) -> None:
    written = [golden.event.read(golden.wire) for golden in GOLDEN if golden.event is Quote]
    assert {getattr(event, "source_confidence", 0) for event in written} >= {None, 0.96875}
    store = open_store(tmp_path)
    feed(store, [[event for event in written if isinstance(event, Quote)]])
    kept = {row["statement_id"]: row["source_confidence"] for row in rows(store, "statements")}
    assert kept == {event.event_id: event.source_confidence for event in written if isinstance(event, Quote)}
    store.close()
