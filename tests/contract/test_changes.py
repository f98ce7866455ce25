"""The order in which statements come on record and leave it, on both databases."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from schemas.relational import microseconds
from services.aggregate.changes import change_of
from services.aggregate.store import Store
from services.aggregate.store.migrate import configuration
from services.chassis.log.types import TopicPartition
from services.query.database import Database
from services.query.models import Statement, Withdrawal
from services.query.params import StatementSelection
from services.query.records import changes
from tests.support.reading import LEE, at, sample
from tests.support.record import clear, feed, rows
from tests.support.statements import Event
from tests.support.stories import FETCHED, Said, story

EVERYTHING = StatementSelection()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'record.db'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def store(address: str) -> Iterator[Store]:
    opened = Store(address, "onrecord-aggregate")
    opened.migrate()
    yield opened
    opened.close()


@pytest.fixture
def database(store: Store, address: str) -> Iterator[Database]:
    opened = Database(address)
    yield opened
    opened.close()


def since(database: Database, after: int, query: StatementSelection = EVERYTHING, limit: int = 100) -> tuple[list[changes.Change], int]:
    with database.reading() as connection:
        return changes.since(connection, after, query, limit)


def numbered(store: Store) -> dict[str, tuple[int, bool]]:
    return {row["statement_id"]: (row["seq"], row["on_record"]) for row in rows(store, "changes")}


def said(article: str, *words: str, revision: int = 1, who: str = "Ana Lee", withdrawn: bool = False) -> list[Event]:
    text = " ".join(f"“{part}” {who} said." for part in words)
    marked = [Said(who, part) for part in words]
    return [*story(article, text, marked, revision=revision, withdrawn=withdrawn, published_at=at(2026, 3, 1))]


def test_what_comes_is_told_once_and_in_order(store: Store, database: Database) -> None:
    feed(store, [said("a", "One thing."), said("b", "Another thing.")])
    found, place = since(database, 0)
    assert [change.what.article.article_id for change in found if isinstance(change.what, Statement)] == ["a", "b"]
    assert found[0].seq < found[1].seq == place
    before = numbered(store)
    feed(store, [said("a", "One thing.")])
    assert numbered(store) == before, "a repeated event is no change"
    assert since(database, place) == ([], place)


def test_a_correction_withdraws_and_brings(store: Store, database: Database) -> None:
    feed(store, [said("a", "It costs nothing.", "It is safe.")])
    _, place = since(database, 0)
    feed(store, [said("a", "It costs something.", revision=2)])
    found, place = since(database, place)
    gone, come = [c.what for c in found if isinstance(c.what, Withdrawal)], [c.what for c in found if isinstance(c.what, Statement)]
    assert [statement.text for statement in come] == ["It costs something."]
    assert [(one.reason, one.actor_id, one.article_id) for one in gone] == [("revised", LEE, "a")] * 2
    feed(store, [said("a", revision=3, withdrawn=True)])
    found, _ = since(database, place)
    assert [change.what.reason for change in found if isinstance(change.what, Withdrawal)] == ["withdrawn"]
    assert [change.seq for change in found] == sorted({change.seq for change in found})


def test_filters_hold_for_what_comes_and_as_far_as_they_can_for_what_leaves(store: Store, database: Database) -> None:
    feed(store, [said("a", "The bridge is closed."), said("b", "The road is open.", who="Owen Brandt")])
    query = StatementSelection(q="bridge", actor=LEE)
    found, place = since(database, 0, query)
    assert len(found) == 1
    feed(store, [said("a", revision=2, withdrawn=True), said("b", revision=2, withdrawn=True)])
    found, _ = since(database, place, query)
    assert [change.what.actor_id for change in found if isinstance(change.what, Withdrawal)] == [LEE]
    assert len(since(database, place, StatementSelection(kind="claim"))[0]) == 0


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_reading_in_parts_misses_nothing(store: Store, database: Database, limit: int) -> None:
    feed(store, [said("a", "One thing."), sample(), said("a", "Another thing.", "A third one.", revision=2)])
    whole, end = since(database, 0)
    assert {type(change.what) for change in whole} == {Statement, Withdrawal}
    parts, place = [], 0
    while place < end:
        found, place = since(database, place, limit=limit)
        parts += found
    assert [change.seq for change in parts] == [change.seq for change in whole]


@pytest.mark.parametrize("seed", range(4))
def test_in_any_order_the_changes_are_those_of_the_record(store: Store, seed: int) -> None:
    events = [*sample(), *said("a", "One thing."), *said("a", "Another thing.", revision=2)]
    shuffled = random.Random(seed)
    clear(store)
    mixed = [*events, *shuffled.sample(events, 5)]
    shuffled.shuffle(mixed)
    feed(store, [mixed[start : start + 3] for start in range(0, len(mixed), 3)])
    known = numbered(store)
    assert {name for name, (_, on_record) in known.items() if on_record} == {
        row["statement_id"] for row in rows(store, "statements") if row["on_record"]
    }
    places = [place for place, _ in known.values()]
    assert len(set(places)) == len(places)


def test_a_reader_misses_nothing_while_replicas_write(store: Store, database: Database, address: str) -> None:
    """A place that is seen has all before it behind it, however many write."""

    def write(number: int) -> None:
        own, partition = Store(address, f"group-{number}"), TopicPartition("onrecord.documents", number)
        for turn in range(20):
            events = said(f"art-{number}-{turn}", f"Thing {turn} of {number}.", "And another one.")
            before = {partition: turn} if turn else {}
            own.apply([change_of(event) for event in events], before, {partition: turn + 1})
        own.close()

    writers = [threading.Thread(target=write, args=(number,)) for number in range(3)]
    for writer in writers:
        writer.start()
    seen: list[str] = []
    place, alive = 0, True
    while alive:
        alive = any(writer.is_alive() for writer in writers)
        found, place = since(database, place)
        seen += [change.what.statement_id for change in found]
        alive = alive or bool(found)
    assert len(seen) == len(set(seen)) == 3 * 20 * 2
    assert set(seen) == numbered(store).keys()


def test_what_is_on_record_already_is_in_the_order_in_which_it_was_fetched(store: Store) -> None:
    before = ScriptDirectory.from_config(configuration()).get_revision("0010").down_revision
    feed(store, [sample()])
    # as the release before left it
    with store.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE changes")
        connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{before}'")
    store.migrate()
    found = rows(store, "changes")
    assert {row["statement_id"] for row in found} == {row["statement_id"] for row in rows(store, "statements") if row["on_record"]}
    assert {row["seq"] for row in found} == {microseconds(FETCHED) + number for number in range(1, len(found) + 1)}
