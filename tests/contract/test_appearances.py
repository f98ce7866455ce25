"""What was said once counts once, on both engines: whatever order its appearances come in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas import relational
from schemas.events import Document
from services.aggregate import grouping
from services.aggregate.grouping import Wording, crowds_of, grouped, standings, wording_of
from services.aggregate.store import Store, adopting, appearances, locks
from services.chassis import wording
from services.chassis.errors import CommitFailed
from tests.support.appearances import TUNNEL, UNIVERSE, around, count_one_by_one, told
from tests.support.patience import PATIENCE_S, until
from tests.support.record import clear, dump, feed, published, rows
from tests.support.statements import Event
from tests.support.stories import story

WAITING = sa.text(
    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    sqlite = request.param == "sqlite"
    opened = Store(
        f"sqlite:///{tmp_path / 'record.db'}" if sqlite else str(request.getfixturevalue("postgres_url")),
        "onrecord-aggregate",
    )
    opened.migrate()
    yield opened
    opened.close()


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Event], list[list[Event]]]:
    """Most of the events in plain order, and the same in any order, some repeated, in batches of any size."""
    missing: set[int] = draw(st.sets(st.integers(0, len(UNIVERSE) - 1), max_size=5))
    plain = [event for place, events in enumerate(UNIVERSE) if place not in missing for event in events]
    again: list[Event] = draw(st.lists(st.sampled_from(plain), max_size=6))
    stream: list[Event] = draw(st.permutations(plain + again))
    cuts: list[int] = draw(st.lists(st.integers(0, len(stream)), max_size=8))
    edges = [0, *sorted(cuts), len(stream)]
    return plain, [stream[start:end] for start, end in pairwise(edges) if start < end]


def wordings(store: Store) -> list[Wording]:
    """What is compared of all that is on record."""
    raw = sa.type_coerce(relational.statements.c.published_at, sa.BigInteger).label("published_at")
    query = sa.select(*(column for column in relational.statements.c if column.name != "published_at"), raw)
    with store.engine.connect() as connection:
        found = [row._asdict() for row in connection.execute(query.where(relational.statements.c.on_record))]
    return [wording_of(row, row["actor_id"]) for row in found]


def by_definition(found: Sequence[Wording]) -> dict[str, tuple[str, int]]:
    """The leading appearance and the standing of each statement, worked out from all of them at once."""
    made: dict[str, tuple[str, int]] = {}
    for group in grouped(found, crowds_of(found)):
        made |= {
            identity: (group[0].statement_id, int(standing))
            for identity, standing in standings(group).items()
        }
    return made


def kept(store: Store) -> dict[str, tuple[str, int]]:
    return {
        row["statement_id"]: (row["appearance_of"], row["standing"])
        for row in rows(store, "statements")
        if row["on_record"]
    }


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories(), crowd=st.sampled_from([1, 2, 64]))
def test_any_order_duplication_and_batching_ends_in_the_same_statements(
    store: Store, history: tuple[list[Event], list[list[Event]]], crowd: int
) -> None:
    plain, batches = history
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(grouping, "CROWD", crowd)
        patched.setattr(appearances, "CROWD", crowd)
        clear(store)
        feed(store, [plain])
        in_plain_order, records = dump(store), published(store)
        assert kept(store) == by_definition(wordings(store))
        assert counts(store) == counted(wordings(store))
        clear(store)
        feed(store, batches)
        assert dump(store) == in_plain_order
        assert published(store) == records


def counts(store: Store) -> dict[str, tuple[int, int]]:
    return {row["actor_id"]: (row["quotes"], row["claims"]) for row in rows(store, "actors")}


def counted(found: Sequence[Wording]) -> dict[str, tuple[int, int]]:
    leads = {lead for lead, _ in by_definition(found).values()}
    tally = Counter((wording.actor_id, wording.kind) for wording in found if wording.statement_id in leads)
    return {actor: (tally[actor, "quote"], tally[actor, "claim"]) for actor, _ in tally}


def groups(store: Store) -> list[set[str]]:
    """The articles of each statement that has several."""
    found: dict[str, set[str]] = {}
    for row in rows(store, "statements"):
        if row["on_record"]:
            found.setdefault(row["appearance_of"], set()).add(row["article_id"])
    return sorted((articles for articles in found.values() if len(articles) > 1), key=sorted)


def test_one_statement_has_many_appearances(store: Store) -> None:
    feed(store, UNIVERSE[:9])
    assert groups(store) == [{"art-1", "art-2", "art-3"}, {"art-7", "art-8"}]
    holm = next(row for row in rows(store, "actors") if row["actor_id"] == "person:ida-holm")
    assert (holm["quotes"], holm["articles"], holm["outlets"]) == (5, 8, 2)


def test_words_that_become_a_turn_of_speech_link_nothing_any_more(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grouping, "CROWD", 2)
    monkeypatch.setattr(appearances, "CROWD", 2)
    whole, cut = told("art-1", TUNNEL), told("art-2", TUNNEL.removeprefix("The "), outlet="Herald")
    feed(store, [whole, cut])
    assert groups(store) == [{"art-1", "art-2"}]
    feed(store, [told("art-3", TUNNEL.removeprefix("The tunnel "), outlet="Tribune")])
    assert kept(store) == by_definition(wordings(store))
    assert groups(store) == [{"art-1", "art-2"}], "what two share alone still links them"
    feed(store, [told("art-4", f"Again: {TUNNEL.removeprefix('The ')}", outlet="Courier")])
    assert kept(store) == by_definition(wordings(store))
    assert groups(store) == []
    feed(store, [story("art-4", "", revision=2, withdrawn=True)])
    assert groups(store) == [{"art-1", "art-2"}]


def test_a_quote_inside_a_claim_counts_once_and_a_shred_does_not_lead(store: Store) -> None:
    whole, part = (
        around("art-1", f"that {TUNNEL}", TUNNEL),
        around("art-2", "that the budget is so great", "so great"),
    )
    feed(store, [whole, part])
    leads = [
        (row["article_id"], row["kind"])
        for row in rows(store, "statements")
        if row["standing"] == relational.Standing.FIRST
    ]
    assert sorted(leads) == [("art-1", "quote"), ("art-2", "claim")]
    assert counts(store) == {"person:ida-holm": (1, 1)}


def test_statements_follow_their_actor(store: Store) -> None:
    """The second spelling is linked to the first, and the words of both are one statement from then on."""
    feed(store, [told("art-13", TUNNEL, who="Volodymyr Zelensky")])
    before = groups(store)
    feed(store, [told("art-14", TUNNEL, who="Volodymyr Zelenskyy", outlet="Herald")])
    assert (before, groups(store)) == ([], [{"art-13", "art-14"}])
    assert [quotes for quotes, _ in counts(store).values()] == [1]


def test_a_record_of_an_earlier_release_is_grouped_when_the_service_starts(store: Store) -> None:
    events = [event for part in UNIVERSE for event in part]
    feed(store, [events])
    expected, records = dump(store), published(store)
    clear(store)
    feed(store, [events])
    count_one_by_one(store)
    store.migrate()
    assert dump(store) == expected
    assert {actor: record for actor, record in published(store).items() if record} == {
        a: r for a, r in records.items() if r
    }


def test_a_record_that_an_earlier_release_went_on_with_is_put_right(store: Store) -> None:
    feed(store, UNIVERSE)
    right = dump(store)
    with store.engine.begin() as connection:
        table = relational.statements
        new = {"wording": None, "appearance_of": None, "standing": None, "shred": None}
        connection.execute(sa.update(table).where(table.c.article_id == "art-1").values(**new))
        connection.execute(sa.update(relational.tallies).values(quotes=7))
    store.migrate()
    assert dump(store) == right


def test_a_record_that_other_rules_grouped_is_grouped_anew(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = [event for part in UNIVERSE for event in part]
    waiting = [
        event for event in told("art-99", "Never again", outlet="Herald") if not isinstance(event, Document)
    ]
    feed(store, [[*events, *waiting]])
    expected, records = dump(store), published(store)
    clear(store)
    with monkeypatch.context() as patched:
        patched.setattr(grouping, "SHRED_WORDS", 1)
        patched.setattr(wording, "SHINGLE", 3)
        patched.setattr(grouping, "rules", lambda: 0)
        store.migrate()
        feed(store, [[*events, *waiting]])
        assert dump(store) != expected
        published(store)
    with pytest.raises(CommitFailed, match="other rules") as refused:
        feed(store, [events])
    assert refused.value.cause == "rules"
    store.migrate()
    assert dump(store) == expected
    assert published(store).items() <= records.items()
    feed(store, [events])
    assert dump(store) == expected


@pytest.mark.postgres
def test_two_replicas_that_start_at_once_group_an_older_record_once(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = (Store(postgres_url, "onrecord-aggregate") for _ in range(2))
    one.migrate()
    feed(one, UNIVERSE)
    right = dump(one)
    count_one_by_one(one)
    lock, starting = locks.lock, []

    def locking(*arguments: Any) -> None:
        """The first step of one waits where it has read what it will change, until the other is done or has
        to wait for it."""
        monkeypatch.setattr(adopting, "lock", lock)
        starting.append(Thread(target=other.migrate))
        starting[0].start()
        until(lambda: not starting[0].is_alive() or waits(one), "the other replica to wait")
        lock(*arguments)

    group = adopting.group

    def grouping_slowly(connection: sa.Connection) -> int:
        if not starting:
            monkeypatch.setattr(adopting, "lock", locking)
        return group(connection)

    monkeypatch.setattr(adopting, "STEPS", (grouping_slowly,))
    one.migrate()
    starting[0].join(PATIENCE_S)
    assert dump(one) == right
    one.close()
    other.close()


def waits(store: Store) -> bool:
    """Whether somebody waits for a lock in this database, as it is now: a transaction goes on seeing what it
    saw first."""
    with store.engine.connect() as connection:
        return bool(connection.execute(WAITING).scalar_one())
