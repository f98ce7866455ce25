"""The record's database, on both engines: one behaviour."""

from __future__ import annotations

import datetime as dt
import random
import shutil
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import relational
from schemas.events import ActorKind, ActorRecord, Document
from schemas.sources import hour_of
from services.aggregate.changes import change_of
from services.aggregate.records import Gone
from services.aggregate.store import Store
from services.aggregate.store.locks import Kind
from services.aggregate.store.migrate import configuration
from services.chassis.errors import CommitFailed, LimitExceeded
from services.chassis.log.types import Origin, Position, Record, TopicPartition
from services.chassis.stage import read_dead_letter
from services.chassis.stage.dead_letters import replayed
from tests.support.patience import PATIENCE_S
from tests.support.record import PARTITION, clear, dump, feed, published, rows
from tests.support.statements import NOON, Event, actor, make
from tests.support.trail import article, changes_of, follow, letter, placed, record, steps

ANA, BO = actor("Ana Lee"), actor("Bo Chen")
ANA_AS_LEE = actor("Ana Lee", mention="Ms. Lee")
DAY = dt.timedelta(days=1)
GROUP = "onrecord-aggregate"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'record.db'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def store(address: str) -> Iterator[Store]:
    opened = Store(address, GROUP)
    opened.migrate()
    yield opened
    opened.close()


def another(store: Store) -> Store:
    """The store as another process would open it."""
    return Store(store.engine.url.render_as_string(hide_password=False), GROUP)


def on_record(store: Store) -> set[str]:
    return {row["statement_id"] for row in rows(store, "statements") if row["on_record"]}


# -- what is on record ---------------------------------------------------------------------------------------


def test_a_document_and_its_statements_make_a_record(store: Store) -> None:
    made = make(speakers=(ANA, ANA_AS_LEE), claimants=(BO,))
    feed(store, [made.events])
    ana, bo = rows(store, "actors")
    assert (ana["actor_id"], ana["name"], ana["aliases"]) == ("person:ana-lee", "Ana Lee", ["Ms. Lee"])
    assert (ana["quotes"], ana["claims"], ana["statements"], ana["articles"], ana["outlets"]) == (
        2,
        0,
        2,
        1,
        1,
    )
    assert (bo["quotes"], bo["claims"]) == (0, 1)
    assert ana["first_seen"] == ana["last_seen"] == ana["sort_at"] == NOON
    assert on_record(store) == {event.event_id for event in made.statements}


def test_statements_wait_for_their_document(store: Store) -> None:
    made = make(speakers=(ANA,))
    feed(store, [made.statements])
    assert (on_record(store), rows(store, "actors")) == (set(), [])
    feed(store, [[made.document]])
    assert len(on_record(store)) == 1
    assert rows(store, "actors")[0]["quotes"] == 1


def test_a_revision_replaces_and_a_withdrawal_retracts(store: Store) -> None:
    first, second = make(speakers=(ANA, BO)), make(revision=2, speakers=(ANA,))
    feed(store, [first.events, second.events])
    assert on_record(store) == {second.statements[0].event_id}
    assert [row["statement_id"] for row in rows(store, "statements")] == [second.statements[0].event_id]
    assert [row["actor_id"] for row in rows(store, "actors")] == [ANA.actor_id]
    feed(store, [make(revision=2, withdrawn=True).events])
    assert (rows(store, "statements"), rows(store, "actors"), rows(store, "tallies")) == ([], [], [])
    assert rows(store, "documents")[0]["withdrawn"] is True


def test_a_newer_extractor_replaces_an_older_one_at_the_same_revision(store: Store) -> None:
    older, newer = make(version="1.9.0", speakers=(ANA, BO)), make(version="1.10.0", speakers=(BO,))
    feed(store, [newer.events, older.events])
    assert on_record(store) == {newer.statements[0].event_id}
    assert len(rows(store, "statements")) == 1, "what can never be on record is not kept"


def test_of_two_lists_of_one_document_one_counts_whatever_comes_first(store: Store) -> None:
    one, other = make(speakers=(ANA, BO)), make(speakers=(BO, ANA))
    assert one.document.document_id == other.document.document_id
    states = []
    for batches in (
        [one.events, other.events],
        [other.events, one.events],
        [[*one.statements, *other.statements, other.document, one.document]],
    ):
        clear(store)
        feed(store, batches)
        states.append((on_record(store), dump(store)))
    assert states[0] == states[1] == states[2]
    assert states[0][0] in [{statement.event_id for statement in made.statements} for made in (one, other)]
    assert {row["actor_id"]: row["quotes"] for row in rows(store, "actors")} == {
        ANA.actor_id: 1,
        BO.actor_id: 1,
    }


def test_a_statement_that_its_document_does_not_name_is_off_record(store: Store) -> None:
    made = make(speakers=(ANA, BO))
    named = made.document.model_copy(update={"quote_ids": made.document.quote_ids[:1]})
    feed(store, [[named, made.statements[0]], [made.statements[1]]])
    assert on_record(store) == {made.statements[0].event_id}
    assert [row["actor_id"] for row in rows(store, "actors")] == [ANA.actor_id]


def test_what_an_earlier_release_left_on_record_goes_when_its_document_is_seen_again(store: Store) -> None:
    made = make(speakers=(ANA, BO))
    feed(store, [made.events])
    named = made.document.model_copy(update={"quote_ids": made.document.quote_ids[:1]})
    with store.engine.begin() as connection:  # as if stored by a release that did not look at the lists
        row = change_of(named).row
        change = {"quote_ids": row["quote_ids"], "content_key": row["content_key"]}
        connection.execute(sa.update(relational.documents).values(**change))
    assert len(on_record(store)) == 2
    feed(store, [[named]])
    assert on_record(store) == {made.statements[0].event_id}
    assert [row["actor_id"] for row in rows(store, "actors")] == [ANA.actor_id]


def test_repeating_a_batch_changes_nothing(store: Store) -> None:
    made = make(speakers=(ANA,), claimants=(BO,))
    feed(store, [made.events])
    published(store)
    before = dump(store)
    feed(store, [made.events, made.events[::-1]])
    assert dump(store) == before
    assert published(store) == {}


def test_undated_statements_have_no_day_and_sort_last(store: Store) -> None:
    undated, dated = (
        make("art-1", published_at=None, speakers=(ANA,)),
        make("art-2", published_at=dt.datetime(1, 1, 2, tzinfo=dt.UTC), speakers=(ANA,)),
    )
    feed(store, [undated.events, dated.events])
    row = rows(store, "actors")[0]
    assert row["first_seen"] == row["last_seen"] == dt.datetime(1, 1, 2, tzinfo=dt.UTC)
    record = published(store)[ANA.actor_id]
    assert record is not None
    assert [day.date.isoformat() for day in record.days] == ["0001-01-02"]
    assert [summary.article_id for summary in record.latest] == ["art-2", "art-1"]


def test_the_longest_ids_and_names_are_taken(store: Store) -> None:
    """Index keys are the narrowest place of PostgreSQL."""
    noise = random.Random(3)  # repetition would be compressed away
    wide = "".join(chr(noise.randrange(0x10000, 0x10FFFF)) for _ in range(4_000))
    longest = ANA.model_copy(update={"actor_id": wide[:128], "name": wide, "wikidata": "Q" + "7" * 3_000})
    feed(store, [make(wide[128:256], outlet=wide[:256], speakers=(longest,)).events])
    assert rows(store, "actors")[0]["name"] == wide[:256]
    assert rows(store, "statements")[0]["actor_name"] == wide
    record = published(store)[wide[:128]]
    assert record is not None
    assert record.outlets[0].value == wide[:256]


def test_how_sure_a_source_is_stays_on_record_to_the_last_digit(store: Store) -> None:
    before, after = make(speakers=(ANA,), claimants=(BO,)), make("art-2", speakers=(ANA,), claimants=(BO,))
    feed(store, [before.events, surer(after.events, 0.1 + 0.2)])
    kept = {(row["article_id"], row["source_confidence"]) for row in rows(store, "statements")}
    assert kept == {(before.document.article_id, None), (after.document.article_id, 0.1 + 0.2)}


# -- any order -----------------------------------------------------------------------------------------------


def universe() -> list[list[Event]]:
    """Revisions, re-extractions, withdrawals, shared and local actors, and events of one id with different
    content."""
    source = actor("a senior official", kind=ActorKind.UNNAMED, article="art-2")
    made = [
        make("art-1", speakers=(ANA, BO), claimants=(ANA,)),
        make("art-1", version="1.1.0", speakers=(ANA_AS_LEE,), claimants=(BO,)),
        make("art-1", version="1.0.9", claimants=(ANA, BO)),
        make("art-1", revision=2, speakers=(BO,), published_at=NOON + DAY),
        make("art-1", revision=2, version="1.0.1", speakers=(BO, ANA), published_at=NOON + DAY),
        make("art-2", speakers=(ANA, source), outlet="Herald"),
        make("art-2", speakers=(ANA, source), outlet="Tribune", fetched_at=NOON - DAY, confidence=0.5),
        make("art-3", speakers=(BO,), claimants=(BO,), published_at=None, outlet=None),
        make("art-3", withdrawn=True),
        make("art-4", revision=2, withdrawn=True),
        make("art-4", revision=3, claimants=(ANA,), published_at=NOON - DAY),
        make("art-4", revision=2, claimants=(ANA, BO)),
        # rules that changed without a new version: the same document, other lists
        make(
            "art-1",
            revision=2,
            version="1.0.1",
            speakers=(ANA, BO),
            claimants=(ANA,),
            published_at=NOON + DAY,
        ),
        make("art-5", speakers=(ANA, BO), claimants=(BO,)),
        make("art-5", speakers=(BO, BO), claimants=(BO, ANA)),
        make("art-5", speakers=(ANA,)),
    ]
    unsaid = denying(make("art-6", speakers=(ANA, BO), claimants=(actor("Cy Roe"), ANA)).events)
    return [*(document.events for document in made), surer(made[0].events, 0.8), unsaid]


def surer(events: Sequence[Event], confidence: float) -> list[Event]:
    """The same events, of the same ids, as an extractor writes them that tells how sure the source is."""
    told = {"source_confidence": confidence}
    return [event if isinstance(event, Document) else event.model_copy(update=told) for event in events]


def denying(events: Sequence[Event]) -> list[Event]:
    """The same events, whose words nobody said."""
    return [
        event if isinstance(event, Document) else event.model_copy(update={"negated": True})
        for event in events
    ]


UNIVERSE = universe()
EVENTS = [event for events in UNIVERSE for event in events]


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Event], list[list[Event]]]:
    """Most of the events in plain order, and the same in any order, some repeated, in batches of any size."""
    missing: set[int] = draw(st.sets(st.integers(0, len(UNIVERSE) - 1), max_size=4))
    plain = [event for place, events in enumerate(UNIVERSE) if place not in missing for event in events]
    for _ in range(draw(st.integers(0, 3))):
        plain.pop(draw(st.integers(0, len(plain) - 1)))
    again: list[Event] = draw(st.lists(st.sampled_from(plain), max_size=6))
    stream: list[Event] = draw(st.permutations(plain + again))
    cuts: list[int] = draw(st.lists(st.integers(0, len(stream)), max_size=8))
    edges = [0, *sorted(cuts), len(stream)]
    return plain, [stream[start:end] for start, end in pairwise(edges) if start < end]


def expected_counts(events: Sequence[Event]) -> dict[str, tuple[int, int, int, int]]:
    """Quotes, claims, what is denied and articles per actor, worked out from the definition alone."""
    current: dict[str, Document] = {}
    for event in events:
        if isinstance(event, Document):
            known = current.get(event.article_id)
            current[event.article_id] = event if known is None or rank(event) > rank(known) else known
    found: dict[str, dict[str, Event]] = {}
    for event in events:
        if isinstance(event, Document):
            continue
        document = current.get(event.article.article_id)
        if (
            document is None
            or document.document_id != event.article.document_id
            or document.outcome == "withdrawn"
        ):
            continue
        if event.event_id in document.quote_ids + document.claim_ids:
            found.setdefault(event.partition_key, {})[event.event_id] = event
    return {name: _counts(list(statements.values())) for name, statements in found.items()}


def rank(document: Document) -> tuple[object, ...]:
    """The documents' own order, and what decides between events of one id."""
    return (*document.order, -document.fetched_at.timestamp(), change_of(document).row["content_key"])


def _counts(statements: list[Event]) -> tuple[int, int, int, int]:
    said = [
        statement for statement in statements if not isinstance(statement, Document) and not statement.negated
    ]
    kinds = Counter(type(statement).__name__ for statement in said)
    articles = {statement.article.article_id for statement in said}
    return kinds["Quote"], kinds["Claim"], len(statements) - len(said), len(articles)


@settings(max_examples=25)
@given(history=histories())
def test_any_order_duplication_and_batching_ends_in_the_same_state(
    store: Store, history: tuple[list[Event], list[list[Event]]]
) -> None:
    plain, batches = history
    clear(store)
    feed(store, [plain])
    in_plain_order, records = dump(store), published(store)
    counted = {
        row["actor_id"]: (row["quotes"], row["claims"], row["denied"], row["articles"])
        for row in rows(store, "actors")
    }
    assert counted == expected_counts(plain)
    clear(store)
    latest: dict[str, ActorRecord | None] = {}
    for number, batch in enumerate(batches):
        feed(store, [batch])
        if number % 2:
            latest |= published(store)
    latest |= published(store)
    assert dump(store) == in_plain_order
    assert {actor: record for actor, record in latest.items() if record} == {
        actor: record for actor, record in records.items() if record
    }


def test_both_engines_hold_the_same_rows(tmp_path: Path, postgres_url: str) -> None:
    dumps = []
    for address in (f"sqlite:///{tmp_path / 'record.db'}", postgres_url):
        store = Store(address, GROUP)
        store.migrate()
        feed(store, [EVENTS[place : place + 5] for place in range(0, len(EVENTS), 5)])
        dumps.append((dump(store), published(store)))
        store.close()
    assert dumps[0] == dumps[1]


# -- the trail -----------------------------------------------------------------------------------------------


def journey() -> list[Record]:
    """Two revisions, a withdrawal, poison that is replayed in vain, and an article that made no document
    yet."""
    poison = record(article("art-2"), 1)
    again = placed(replayed(read_dead_letter(letter(poison, 0))), 4)
    return [
        record(article(), 0, at=NOON),
        record(article(revision=2), 2, at=NOON + DAY),
        record(article(revision=3, withdrawn=True), 3, at=NOON + 2 * DAY),
        record(make(speakers=(ANA,)).document, 0, at=NOON),
        record(make(revision=2, speakers=(BO,)).document, 1, at=NOON + DAY),
        record(make(revision=3, withdrawn=True).document, 2, at=NOON + 2 * DAY),
        poison, letter(poison, 0), again, letter(again, 1, now=NOON + DAY),
        record(article("art-3", outlet=None), 5),
    ]  # fmt: skip


JOURNEY = journey()


def test_each_stage_leaves_a_row(store: Store) -> None:
    follow(store, [JOURNEY])
    assert [(revision, stage, outcome) for identity, revision, stage, outcome, *_ in steps(store) if identity == "art-1"] == [
        (1, "aggregate", "recorded"), (1, "extract", "extracted"), (1, "ingest", "accepted"),
        (2, "aggregate", "recorded"), (2, "extract", "extracted"), (2, "ingest", "accepted"),
        (3, "aggregate", "recorded"), (3, "extract", "withdrawn"), (3, "ingest", "withdrawn"),
    ]  # fmt: skip
    assert [(stage, outcome, reason) for identity, _, stage, outcome, reason, *_ in steps(store) if identity == "art-2"] == [
        ("extract", "dead_lettered", "too_deep"), ("extract", "dead_lettered", "too_deep"),
        ("ingest", "accepted", ""), ("ingest", "replayed", ""),
    ]  # fmt: skip


@settings(max_examples=10)
@given(data=st.data())
def test_any_order_and_repetition_leaves_the_same_trail(store: Store, data: st.DataObject) -> None:
    clear(store)
    follow(store, [JOURNEY])
    plain, hours = steps(store), counted(store)
    clear(store)
    stream: list[Record] = data.draw(
        st.permutations(JOURNEY + data.draw(st.lists(st.sampled_from(JOURNEY), max_size=5)))
    )
    size = data.draw(st.integers(1, len(stream)))
    follow(store, [stream[start : start + size] for start in range(0, len(stream), size)])
    assert steps(store) == plain
    assert counted(store) == hours


def counted(store: Store) -> list[tuple[object, ...]]:
    """Articles per outlet, stage and outcome; the hour of a replay is that of the transaction."""
    found: Counter[tuple[str, str, str]] = Counter()
    for row in rows(store, "source_hours"):
        found[row["outlet"], row["stage"], row["outcome"]] += row["articles"]
    return sorted((*key, count) for key, count in found.items())


def test_sources_are_counted_once_however_often_a_record_is_read(store: Store) -> None:
    follow(store, [JOURNEY, JOURNEY[:3], JOURNEY])
    assert counted(store) == [
        ("Gazette", "extract", "dead_lettered", 2), ("Gazette", "extract", "extracted", 2), ("Gazette", "extract", "withdrawn", 1),
        ("Gazette", "ingest", "accepted", 3), ("Gazette", "ingest", "replayed", 1), ("Gazette", "ingest", "withdrawn", 1),
    ]  # fmt: skip
    (noon,) = [
        row for row in rows(store, "source_hours") if row["outcome"] == "accepted" and row["articles"] == 2
    ]
    assert (noon["hour"], noon["latest"]) == (hour_of(NOON), NOON)
    (gazette,) = store.sources(NOON + DAY)
    assert (gazette.outlet, gazette.last_article, gazette.silent_since) == ("Gazette", NOON + DAY, None)


def test_times_of_the_record_are_those_of_the_first_reading(store: Store) -> None:
    follow(store, [JOURNEY])
    before = rows(store, "trail")
    follow(store, [JOURNEY])
    assert rows(store, "trail") == before


def test_a_new_log_takes_the_places_of_the_old_one_over(store: Store) -> None:
    follow(store, [[record(article("old"), 0), record(article("stays"), 1)], [record(article("new"), 0)]])
    assert [identity for identity, *_ in steps(store)] == ["new", "stays"]


def test_the_trail_is_part_of_the_transaction(store: Store) -> None:
    broken = change_of(make("art-2", speakers=(BO,)).document)
    broken.row["text"] = None
    with pytest.raises(LimitExceeded):
        store.apply([*changes_of(JOURNEY), broken], {}, {PARTITION: 1})
    assert (rows(store, "trail"), rows(store, "source_hours")) == ([], [])


def test_old_trails_are_purged_in_small_steps(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.aggregate.store.trail.PURGE_CHUNK", 2)
    old = [record(article(f"art-{n}"), n, at=NOON - DAY + dt.timedelta(minutes=n)) for n in range(5)]
    follow(store, [[*old, record(article("art-new"), 9)]])
    deleted = [store.purge_trail(NOON) for _ in range(4)]
    assert deleted == [2, 2, 1, 0]
    assert [identity for identity, *_ in steps(store)] == ["art-new"]
    assert [row["hour"] for row in rows(store, "source_hours")] == [hour_of(NOON)]


def test_a_short_trail_does_not_make_sources_forgotten(store: Store) -> None:
    now = dt.datetime.now(dt.UTC)
    follow(store, [[record(article(f"art-{n}"), n, at=now - n * DAY) for n in (1, 27, 30)]])
    assert store.purge_trail(now) == 3
    assert rows(store, "trail") == []
    assert [row["hour"] for row in rows(store, "source_hours")] == [
        hour_of(now - 27 * DAY),
        hour_of(now - DAY),
    ]


def test_what_is_on_record_is_counted_by_kind(store: Store) -> None:
    assert store.entries() == {"actor": 0, "quote": 0, "claim": 0, "article": 0, "outlet": 0}
    feed(
        store, [make("art-1", speakers=(ANA, BO), claimants=(ANA,)).events, make("art-2", outlet=None).events]
    )
    feed(store, [make("art-3", outlet="Herald", speakers=(BO,)).events, make("art-4", withdrawn=True).events])
    assert store.entries() == {"actor": 2, "quote": 3, "claim": 1, "article": 3, "outlet": 2}


def test_a_reader_neither_waits_for_a_writer_nor_holds_it_up(store: Store) -> None:
    follow(store, [JOURNEY])
    other = another(store)
    with store.engine.begin() as writing:
        writing.execute(sa.delete(relational.trail))
        assert other.entries()["article"] == 0, "art-1 is withdrawn"
        assert len(other.sources(NOON + DAY)) == 1
    other.close()


# -- offsets -------------------------------------------------------------------------------------------------


def test_state_and_offsets_change_together_or_not_at_all(store: Store) -> None:
    store.apply([change_of(make(speakers=(ANA,)).document)], {}, {PARTITION: 1})
    before = dump(store, list(relational.metadata.tables))
    broken = change_of(make("art-2", speakers=(BO,)).document)
    broken.row["text"] = None
    with pytest.raises(LimitExceeded, match="refuses a row"):
        store.apply([broken], {PARTITION: 1}, {PARTITION: 2})
    assert dump(store, list(relational.metadata.tables)) == before
    assert store.positions() == {PARTITION: Position(1)}


def test_a_number_beyond_the_engine_is_the_records_fault(store: Store) -> None:
    broken = change_of(make().document)
    broken.row["revision"] = 2**63
    with pytest.raises(LimitExceeded):
        store.apply([broken], {}, {PARTITION: 1})
    assert store.positions() == {}


@pytest.mark.parametrize("expected", [{}, {PARTITION: 1}, {PARTITION: 3}, {PARTITION: 5}])
def test_a_stale_consumer_changes_nothing(store: Store, expected: dict[TopicPartition, int]) -> None:
    store.apply([], {}, {PARTITION: 5 if 5 in expected.values() else 2})
    before = dump(store, list(relational.metadata.tables))
    with pytest.raises(CommitFailed) as failed:
        store.apply([change_of(event) for event in make(speakers=(ANA,)).events], expected, {PARTITION: 4})
    assert failed.value.cause == "stale"
    assert dump(store, list(relational.metadata.tables)) == before


def test_a_partition_that_moved_on_stops_the_whole_batch(store: Store) -> None:
    other = TopicPartition("onrecord.quotes", 3)
    store.apply([], {}, {PARTITION: 2, other: 5})
    with pytest.raises(CommitFailed, match=r"onrecord\.quotes partition 3"):
        store.apply([], {PARTITION: 2, other: 4}, {PARTITION: 3, other: 6})
    assert store.positions() == {PARTITION: Position(2), other: Position(5)}


def test_positions_are_kept_per_group_and_can_be_forgotten(store: Store, address: str) -> None:
    other = TopicPartition("onrecord.quotes", 3)
    store.apply([], {}, {PARTITION: 2, other: 5})
    assert store.positions(frozenset({other, TopicPartition("onrecord.quotes", 4)})) == {other: Position(5)}
    elsewhere = Store(address, "another-group")
    assert elsewhere.positions() == {}
    elsewhere.close()
    store.forget({other: Position(4)})
    assert other in store.positions(), "another consumer moved it meanwhile"
    store.forget({other: Position(5)})
    assert store.positions() == {PARTITION: Position(2)}


def test_what_a_position_was_made_from_is_kept_with_it(store: Store) -> None:
    origin = Origin("topic-1", "a" * 32)
    store.apply([], {}, {PARTITION: 2}, {PARTITION: origin})
    assert store.positions() == {PARTITION: Position(2, origin)}
    store.apply([], {PARTITION: 2}, {PARTITION: 3}, {PARTITION: Origin("topic-1")})
    assert store.positions() == {PARTITION: Position(3, Origin("topic-1"))}, (
        "a mark stands for the record before its own position only"
    )


# -- publishing ----------------------------------------------------------------------------------------------


def test_what_changed_is_published_once_and_what_is_gone_as_a_tombstone(store: Store) -> None:
    feed(store, [make(speakers=(ANA,)).events])
    record = published(store)[ANA.actor_id]
    assert record is not None
    assert (record.counts.quotes, record.latest[0].article_id, record.outlets[0].value) == (
        1,
        "art-1",
        "Gazette",
    )
    assert published(store) == {}
    feed(store, [make(withdrawn=True).events])
    assert published(store) == {ANA.actor_id: None}


def test_a_crash_between_commit_and_publish_loses_nothing(store: Store) -> None:
    feed(store, [make(speakers=(ANA, BO)).events])

    class Crash(Exception):
        pass

    def crash(_: object) -> None:
        raise Crash

    with pytest.raises(Crash):
        store.publish(crash)
    survivor = another(store)
    assert published(survivor).keys() == {ANA.actor_id, BO.actor_id}
    survivor.close()


def test_a_change_made_while_publishing_is_published_after_it(store: Store) -> None:
    feed(store, [make("art-1", speakers=(ANA,)).events])
    writer = another(store)
    sent: list[tuple[str, ActorRecord | Gone]] = []

    def change() -> None:
        feed(writer, [make("art-2", speakers=(ANA,)).events])

    thread = threading.Thread(target=change)

    def send(pairs: Sequence[tuple[str, ActorRecord | Gone]]) -> None:
        sent.extend(pairs)
        if len(sent) == 1:
            thread.start()
            # long enough for it to finish, were it not held up by this publication
            thread.join(1.0)
            assert thread.is_alive()

    assert store.publish(send) == 1
    thread.join(PATIENCE_S)
    assert store.publish(send) == 1
    assert [record.counts.articles for _, record in sent if isinstance(record, ActorRecord)] == [1, 2]
    writer.close()


# -- several writers -----------------------------------------------------------------------------------------


def test_two_replicas_on_the_same_articles_and_actors_end_in_the_plain_state(store: Store) -> None:
    people = [actor(f"Person {number}") for number in range(4)]
    made = [
        make(f"art-{n}", revision=r, speakers=(people[n % 4], people[(n + r) % 4]))
        for n in range(12)
        for r in (1, 2)
    ]
    documents = [made_one.document for made_one in made]
    statements = [statement for made_one in made for statement in made_one.statements]
    shuffle = random.Random(7).shuffle  # a fixed order, so that a failure can be repeated
    failures: list[BaseException] = []
    barrier = threading.Barrier(2)

    def replica(events: list[Event], partition: TopicPartition) -> None:
        mine = another(store)
        shuffle(events)
        try:
            barrier.wait(PATIENCE_S)
            for place in range(0, len(events), 4):
                expected = {partition: place} if place else {}
                mine.apply(
                    [change_of(event) for event in events[place : place + 4]],
                    expected,
                    {partition: place + 4},
                )
        except BaseException as error:
            failures.append(error)
            raise
        finally:
            mine.close()

    threads = [
        threading.Thread(target=replica, args=(list(documents), PARTITION)),
        threading.Thread(target=replica, args=(list(statements), TopicPartition("onrecord.quotes", 0))),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert failures == []
    together = dump(store)
    clear(store)
    feed(store, [documents, statements])
    assert dump(store) == together


def test_two_replicas_that_count_the_same_hours_while_both_purge_never_meet_in_a_circle(store: Store) -> None:
    outlets = [f"Outlet {number}" for number in range(8)]
    articles = [
        record(article(f"art-{n}", outlet=outlets[n % 8]), n, at=NOON + (n % 5) * dt.timedelta(hours=1))
        for n in range(60)
    ]
    letters = [letter(one, n) for n, one in enumerate(articles)]
    old = NOON - 9 * DAY
    ancient = [
        record(article(f"old-{n}", outlet=outlets[n % 8]), n, partition=9, at=old + n * dt.timedelta(hours=1))
        for n in range(60)
    ]
    follow(store, [ancient])
    shuffle = random.Random(7).shuffle  # a fixed order, so that a failure can be repeated
    failures: list[BaseException] = []
    barrier = threading.Barrier(2)

    def replica(records: list[Record], partition: TopicPartition) -> None:
        mine = another(store)
        shuffle(records)
        try:
            barrier.wait(PATIENCE_S)
            for place in range(0, len(records), 6):
                mine.apply(
                    changes_of(records[place : place + 6]),
                    {partition: place} if place else {},
                    {partition: place + 6},
                )
                mine.purge_trail(old + place * dt.timedelta(hours=2))
        except BaseException as error:
            failures.append(error)
            raise
        finally:
            mine.close()

    threads = [
        threading.Thread(target=replica, args=(articles, TopicPartition("onrecord.articles", 0))),
        threading.Thread(target=replica, args=(letters, TopicPartition("onrecord.articles.dlq", 0))),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert failures == []
    together = counted(store)
    clear(store)
    follow(store, [articles, letters])
    assert together == counted(store)
    assert sum(row["articles"] for row in rows(store, "source_hours")) == 120


def test_two_processes_that_start_at_once_migrate_once(address: str) -> None:
    stores = [Store(address, GROUP) for _ in range(2)]
    barrier = threading.Barrier(2)
    failures: list[BaseException] = []

    def start(store: Store) -> None:
        try:
            barrier.wait(PATIENCE_S)
            store.migrate()
        except BaseException as error:
            failures.append(error)
            raise

    threads = [threading.Thread(target=start, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert failures == []
    assert stores[0].positions() == {}
    for store in stores:
        store.close()


def test_one_can_go_back_to_this_release_from_a_newer_one(address: str) -> None:
    store = Store(address, GROUP)
    store.migrate()
    with store.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE statements ADD COLUMN of_a_newer_release TEXT")
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    store.migrate()
    feed(store, [make(speakers=(ANA,)).events])
    assert len(rows(store, "statements")) == 1
    store.close()


def test_migrations_only_add_what_an_older_release_can_leave_out(address: str) -> None:
    engine = sa.create_engine(address)
    config = configuration()
    before: dict[str, set[str]] = {}
    for script in reversed(list(ScriptDirectory.from_config(config).walk_revisions())):
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, script.revision)
            found = sa.inspect(connection)
            columns = {table: found.get_columns(table) for table in found.get_table_names()}
        for table, names in before.items():
            assert names <= {column["name"] for column in columns[table]}, f"{script.revision}: {table}"
            added = [column for column in columns[table] if column["name"] not in names]
            assert all(column["nullable"] or column["default"] for column in added), (
                f"{script.revision}: {table}"
            )
        before = {table: {column["name"] for column in given} for table, given in columns.items()}
    assert before.keys() >= relational.metadata.tables.keys()
    engine.dispose()


@pytest.mark.postgres
def test_a_migration_may_take_longer_than_a_batch(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.aggregate.store.engine.STATEMENT_TIMEOUT_S", 1)
    monkeypatch.setattr("services.aggregate.store.engine.SOCKET_TIMEOUT_S", 1)
    slow, other = Store(postgres_url, GROUP), sa.create_engine(postgres_url)
    waiting = sa.text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND now() - query_start >"
        " interval '1.5 s'"
    )
    with other.connect() as replica, ThreadPoolExecutor(1) as pool:
        replica.execute(sa.select(sa.func.pg_advisory_xact_lock(Kind.MIGRATION.value, 0)))
        migrated = pool.submit(slow.migrate)
        deadline = time.monotonic() + PATIENCE_S
        with other.connect().execution_options(isolation_level="AUTOCOMMIT") as looking:
            while not looking.execute(waiting).scalar_one() and not migrated.done():
                assert time.monotonic() < deadline
        replica.rollback()
        migrated.result(PATIENCE_S)
    slow.close()
    monkeypatch.undo()
    quick = Store(postgres_url, GROUP)
    assert quick.positions() == {}
    quick.close()
    other.dispose()


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
def test_migrations_make_exactly_the_declared_tables(store: Store) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    def ours(_: object, name: str | None, *__: object) -> bool:
        # SQLite's full-text tables, and those they are made of; PostgreSQL's indexes for the same; an index
        # of an expression
        return not str(name).startswith(
            ("search_words", "spellings", "ix_search_vector", "ix_vocabulary_word", "ix_documents_newest")
        )

    with store.engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True, "include_object": ours}
        assert (
            compare_metadata(MigrationContext.configure(connection, opts=options), relational.metadata) == []
        )
        names = {name for name in sa.inspect(connection).get_table_names() if ours(None, name)}
    assert names == {*relational.metadata.tables, "alembic_version"}


def test_a_database_that_is_gone_is_a_failed_commit(address: str, tmp_path: Path) -> None:
    gone = Store(
        address.replace("127.0.0.1", "127.0.0.2").replace("record.db", "missing/../no-folder/record.db"),
        GROUP,
    )
    if gone.engine.dialect.name == "sqlite":
        (tmp_path / "missing").mkdir(exist_ok=True)
        shutil.rmtree(tmp_path / "no-folder")
    with pytest.raises(CommitFailed) as failed:
        gone.apply([], {}, {PARTITION: 1})
    assert failed.value.cause == "database"
    gone.close()


@pytest.mark.postgres
def test_a_connection_lost_in_a_transaction_is_a_failed_commit_and_the_next_one_works(
    postgres_url: str,
) -> None:
    store, other = Store(postgres_url, GROUP), Store(postgres_url, GROUP)
    store.migrate()
    feed(store, [make(speakers=(ANA,)).events])

    def cut(_: object) -> None:
        with other.engine.connect() as connection:
            others = "pid <> pg_backend_pid() AND datname = current_database()"
            connection.execute(
                sa.text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")
            )

    with pytest.raises(CommitFailed) as failed:
        store.publish(cut)
    assert failed.value.cause == "database"
    assert published(store).keys() == {ANA.actor_id}
    store.close()
    other.close()
