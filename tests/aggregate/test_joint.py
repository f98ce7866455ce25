"""Joint statements on record: each speaker's, with the others beside."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

from tests.support.record import clear, dump, feed, open_store, published, rows
from tests.support.statements import Event, actor, make

ANA, BO = actor("Ana Lee"), actor("Bo Chen")


def jointly() -> list[Event]:
    """A quote of Ana's and Bo's: one of each."""
    made = make("art-1", speakers=(ANA, BO))
    first, second = made.statements
    return [
        made.document,
        first.model_copy(update={"jointly_with": (BO,)}),
        second.model_copy(update={"jointly_with": (ANA,)}),
    ]


def test_each_of_them_has_it_and_the_row_names_the_other(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    feed(store, [jointly()])
    records = published(store)
    for speaker in (ANA, BO):
        record = records[speaker.actor_id]
        assert record is not None
        assert record.counts.quotes == record.counts.articles == 1
    beside = {
        row["actor_id"]: [other["name"] for other in row["jointly_with"]] for row in rows(store, "statements")
    }
    assert beside == {ANA.actor_id: ["Bo Chen"], BO.actor_id: ["Ana Lee"]}
    store.close()


def test_every_order_of_arrival_gives_the_same_record(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    wanted = None
    for order in permutations(jointly()):
        clear(store)
        feed(store, [[event] for event in order])
        wanted = wanted or dump(store)
        assert dump(store) == wanted
    store.close()
