"""The order in which statements come on record and leave it, on both databases."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory

from schemas import relational
from schemas.events import Document, Quote
from schemas.relational import microseconds
from services.aggregate.changes import Change, change_of
from services.aggregate.store import Store
from services.aggregate.store.migrate import configuration
from services.chassis.errors import CommitFailed
from services.chassis.log.types import TopicPartition
from services.query.database import Database
from services.query.models import Statement, Withdrawal
from services.query.params import StatementSelection
from services.query.records import changes
from tests.support.appearances import TUNNEL
from tests.support.appearances import told as appears
from tests.support.decisions import merge, reassign, undo
from tests.support.patience import until
from tests.support.reading import LEE, at, sample
from tests.support.record import clear, feed, rows
from tests.support.statements import Event
from tests.support.stories import FETCHED, Said, story

EVERYTHING = StatementSelection()
BRANDT, HOLM = "person:owen-brandt", "person:ida-holm"


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


def since(
    database: Database, after: int, query: StatementSelection = EVERYTHING, limit: int = 100
) -> tuple[list[changes.Change], int]:
    with database.reading() as connection:
        return changes.since(connection, after, query, limit)


def numbered(store: Store) -> dict[str, tuple[int, bool]]:
    found = {
        row["statement_id"]: (row["seq"], row["on_record"])
        for row in sorted(rows(store, "changes"), key=lambda row: row["seq"])
    }
    return dict(sorted(found.items()))


def told(found: list[changes.Change]) -> list[tuple[str, str]]:
    """What is told, in order: the article, and whose statement came, or why it left."""
    return [
        (one.what.article.article_id, one.what.actor_on_record.actor_id)
        if isinstance(one.what, Statement)
        else (one.what.article_id, one.what.reason)
        for one in found
    ]


def said(
    article: str, *words: str, revision: int = 1, who: str = "Ana Lee", withdrawn: bool = False
) -> list[Event]:
    text = " ".join(f"“{part}” {who} said." for part in words)
    marked = [Said(who, part) for part in words]
    return [
        *story(article, text, marked, revision=revision, withdrawn=withdrawn, published_at=at(2026, 3, 1))
    ]


def test_what_comes_is_told_once_and_in_order(store: Store, database: Database) -> None:
    feed(store, [said("a", "One thing."), said("b", "Another thing.")])
    found, place = since(database, 0)
    assert [change.what.article.article_id for change in found if isinstance(change.what, Statement)] == [
        "a",
        "b",
    ]
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
    gone, come = (
        [c.what for c in found if isinstance(c.what, Withdrawal)],
        [c.what for c in found if isinstance(c.what, Statement)],
    )
    assert [statement.text for statement in come] == ["It costs something."]
    assert [(one.reason, one.actor_id, one.article_id) for one in gone] == [("revised", LEE, "a")] * 2
    feed(store, [said("a", revision=3, withdrawn=True)])
    found, _ = since(database, place)
    assert [change.what.reason for change in found if isinstance(change.what, Withdrawal)] == ["withdrawn"]
    assert [change.seq for change in found] == sorted({change.seq for change in found})


def test_filters_hold_for_what_comes_and_as_far_as_they_can_for_what_leaves(
    store: Store, database: Database
) -> None:
    feed(store, [said("a", "The bridge is closed."), said("b", "The road is open.", who="Owen Brandt")])
    query = StatementSelection(q="bridge", actor=LEE)
    found, place = since(database, 0, query)
    assert len(found) == 1
    feed(store, [said("a", revision=2, withdrawn=True), said("b", revision=2, withdrawn=True)])
    found, _ = since(database, place, query)
    assert [change.what.actor_id for change in found if isinstance(change.what, Withdrawal)] == [LEE]
    assert len(since(database, place, StatementSelection(kind="claim"))[0]) == 0


def test_a_statement_that_gets_another_actor_is_told_again_and_to_who_follows_the_one_before(
    store: Store, database: Database
) -> None:
    feed(store, [said("a", "One thing and another."), said("b", "The road is open now.", who="Owen Brandt")])
    _, place = since(database, 0)
    both = merge(LEE, BRANDT)
    feed(store, [[both]])
    found, after = since(database, place)
    assert told(found) == [("a", BRANDT)], "the statement that moved, not those that were there"
    assert told(since(database, place, StatementSelection(actor=BRANDT))[0]) == [("a", BRANDT)]
    feed(store, [[undo(both, 1)]])
    assert told(since(database, after)[0]) == [("a", LEE)]
    assert told(since(database, after, StatementSelection(actor=BRANDT))[0]) == [("a", "moved")]
    assert told(since(database, after, StatementSelection(actor=LEE))[0]) == [("a", LEE)]


def test_a_reassigned_statement_is_told(store: Store, database: Database) -> None:
    events = said("a", "One thing and another.")
    feed(store, [events, said("b", "The road is open now.", who="Owen Brandt")])
    _, place = since(database, 0)
    (quote,) = (event for event in events if isinstance(event, Quote))
    (document,) = (event for event in events if isinstance(event, Document))
    feed(store, [[reassign(quote, document.text, BRANDT)]])
    (change,) = since(database, place)[0]
    assert isinstance(change.what, Statement)
    assert (change.what.actor_on_record.actor_id, change.what.reassigned_by is not None) == (BRANDT, True)
    assert told(since(database, place, StatementSelection(actor=LEE))[0]) == [("a", "moved")]


def test_what_was_said_once_is_told_once(store: Store, database: Database) -> None:
    everywhere, herald = StatementSelection(appearances="all"), StatementSelection(outlet="herald")
    feed(store, [appears("second", TUNNEL, on=2)])
    _, place = since(database, 0)
    feed(store, [appears("copy", TUNNEL, on=3, outlet="Herald")])
    assert told(since(database, place)[0]) == []
    assert told(since(database, place, everywhere)[0]) == [("copy", HOLM)]
    assert told(since(database, place, herald)[0]) == [("copy", HOLM)], "of an outlet the first there"
    _, place = since(database, place)
    feed(store, [appears("first", TUNNEL, on=1)])
    assert told(since(database, place)[0]) == [("first", HOLM), ("second", "copy")]
    assert told(since(database, place, StatementSelection(q="tunnel march"))[0]) == [
        ("first", HOLM),
        ("second", "copy"),
    ]
    _, place = since(database, place)
    feed(store, [story("first", "", revision=2, withdrawn=True)])
    assert told(since(database, place)[0]) == [("first", "withdrawn"), ("second", HOLM)]


def test_by_words_an_appearance_that_has_them_is_told(store: Store, database: Database) -> None:
    words = StatementSelection(q="safe")
    feed(store, [appears("first", TUNNEL, on=1)])
    _, place = since(database, 0)
    feed(store, [appears("long", f"It is safe, and {TUNNEL}, as I have said before", on=2)])
    assert told(since(database, place)[0]) == []
    assert told(since(database, place, words)[0]) == [("long", HOLM)]
    with database.reading() as connection:
        assert told(changes.latest(connection, words, 10)) == [("long", HOLM)]
        assert told(changes.latest(connection, EVERYTHING, 10)) == [("first", HOLM)]
        assert changes.withdrawals(connection, words, 10) == []


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
            changed, after = [change_of(event) for event in events], {partition: turn + 1}
            until(partial(applied, own, changed, before, after), "the others to let it write")
        own.close()

    def applied(
        own: Store,
        changed: Sequence[Change],
        before: dict[TopicPartition, int],
        after: dict[TopicPartition, int],
    ) -> bool:
        try:
            own.apply(changed, before, after)
        except CommitFailed as failed:
            if failed.cause != "database":
                raise
            return False  # SQLite has one writer, and on a busy machine this one waited too long
        return True

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
    fill = ScriptDirectory.from_config(configuration()).get_revision("0016").module.FILL
    feed(store, [sample()])
    with store.engine.begin() as connection:
        connection.execute(sa.delete(relational.changes))
        connection.exec_driver_sql(fill)
    found = rows(store, "changes")
    assert {row["statement_id"] for row in found} == {
        row["statement_id"] for row in rows(store, "statements") if row["on_record"]
    }
    assert {row["seq"] for row in found} == {
        microseconds(FETCHED) + number for number in range(1, len(found) + 1)
    }
