"""Users' own entries of the registry, on both databases: they reach all that is on record, whenever they come
and go."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.events import ActorKind
from services.aggregate.identity import registry
from services.aggregate.identity.entry import Entry, Term
from services.aggregate.store import Store, known
from services.aggregate.store.known import Changed
from services.chassis.errors import CommitFailed, OnrecordError
from tests.support.record import dump, feed, published, rows
from tests.support.statements import Event, actor, make

IDA = Entry(
    "person:ida-marlowe",
    ("Ida Marlowe", "Ida Beatrice Wrenfield"),
    wikidata="Q999999001",
    alone=("Marlowe",),
    offices=(Term("mayor", "Springfield", "2020-01-05"),),
)
STARMER = Entry(
    "person:keir-starmer", ("Keir Starmer",), offices=(Term("prime minister", "GB", "2025-12-31"),)
)
SPEAKERS = (
    actor("Ida Beatrice Wrenfield"), actor("Marlowe"), actor("the mayor of Springfield", kind=ActorKind.UNNAMED), actor("Bohdan Dolynsky"),
    actor("the UK prime minister", kind=ActorKind.UNNAMED),
)  # fmt: skip


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    sqlite = request.param == "sqlite"
    address = (
        f"sqlite:///{tmp_path / 'record.db'}" if sqlite else str(request.getfixturevalue("postgres_url"))
    )
    opened = Store(address, "onrecord-aggregate")
    opened.migrate()
    yield opened
    opened.close()
    registry.use(())


def events() -> list[list[Event]]:
    return [make(f"art-{number}", speakers=(speaker,)).events for number, speaker in enumerate(SPEAKERS)]


def take_in(store: Store, *entries: Entry, source: str = "mine.csv") -> Changed:
    return store.change_known(lambda connection: known.replace(connection, source, entries))


def counts(store: Store) -> dict[str, int]:
    return {row["actor_id"]: row["statements"] for row in rows(store, "actors")}


def test_imported_entries_reach_what_is_on_record_and_leave_no_trace_when_they_go(store: Store) -> None:
    feed(store, events())
    before = dump(store)
    published(store)
    assert "person:ida-marlowe" not in counts(store)
    assert take_in(store, IDA, STARMER) == Changed(added=2, changed=0, removed=0, same=0)
    assert {name: number for name, number in counts(store).items() if name.startswith("person:")} == {
        "person:ida-marlowe": 3, "person:bohdan-dolynsky": 1, "person:keir-starmer": 1,
    }  # fmt: skip
    record = published(store)["person:ida-marlowe"]
    assert record is not None
    assert (record.wikidata, record.counts.quotes) == ("Q999999001", 3)
    assert registry.wikidata_of("person:keir-starmer") == "Q6383803"  # an entry with a shipped id adds to it
    assert store.change_known(lambda connection: known.remove(connection, ["mine.csv"])) == 2
    assert dump(store) == before


def test_the_record_is_the_same_whether_entries_come_before_between_or_after_the_articles(
    store: Store,
) -> None:
    first, *rest = events()
    feed(store, [first])
    take_in(store, IDA)
    feed(store, rest)
    between = dump(store)
    assert take_in(store, IDA) == Changed(added=0, changed=0, removed=0, same=1)
    assert dump(store) == between
    feed(store, [first, *rest])  # a replay
    assert dump(store) == between
    store.change_known(lambda connection: known.remove(connection, [IDA.id]))
    take_in(store, IDA)
    assert dump(store) == between


def test_what_another_registry_made_is_not_written(store: Store) -> None:
    take_in(store, IDA)
    registry.use(())  # as a process that has not heard of it
    with pytest.raises(CommitFailed, match="registry") as refused:
        feed(store, events())
    assert refused.value.cause == "registry"
    assert counts(store) == {}
    store.follow_registry()
    feed(store, events())
    assert counts(store)["person:ida-marlowe"] == 3


def test_a_process_that_starts_takes_the_entries_up(store: Store) -> None:
    take_in(store, IDA)
    feed(store, events())
    right = dump(store)
    registry.use(())
    store.migrate()
    assert dump(store) == right
    assert registry.known("person:ida-beatrice-wrenfield") is not None


def test_a_list_that_is_imported_again_replaces_its_entries_only(store: Store) -> None:
    take_in(store, IDA)
    other = Entry("person:bohdan-dolynsky", ("Bohdan Dolynsky", "Bohdan Dolynskyj"))
    take_in(store, other, source="other.yaml")
    assert take_in(store, STARMER) == Changed(added=1, changed=0, removed=1, same=0)
    with store.engine.connect() as connection:
        assert known.listed(connection) == [
            known.Known("mine.csv", STARMER),
            known.Known("other.yaml", other),
        ]


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        (Entry("person:bohdan-dolynsky", ("Bohdan Dolynsky",)), "in the list mine.csv already"),
        (
            Entry("person:b-d@own", ("Bo D",), wikidata="Q999999001"),
            "Q999999001 is the Wikidata item of person:bohdan-dolynsky already",
        ),
        (Entry("person:bohdana", ("Bohdan Dolynsky",)), "is a name of person:bohdan-dolynsky too"),
    ],
)
def test_what_contradicts_another_list_is_refused_whole(store: Store, entry: Entry, problem: str) -> None:
    take_in(store, Entry("person:bohdan-dolynsky", ("Bohdan Dolynsky",), wikidata="Q999999001"))
    with pytest.raises(OnrecordError, match=problem):
        take_in(store, IDA, entry, source="other.csv")
    assert [row["source"] for row in rows(store, "known_actors")] == ["mine.csv"]


def test_what_is_not_there_cannot_be_removed(store: Store) -> None:
    take_in(store, IDA)
    with pytest.raises(OnrecordError, match=r"theirs\.csv: no list"):
        store.change_known(lambda connection: known.remove(connection, ["mine.csv", "theirs.csv"]))
    assert len(rows(store, "known_actors")) == 1
