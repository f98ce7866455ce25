"""Who is who on record, on both databases: links follow the names that are on record, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import relational
from schemas.events import Actor, ActorKind, ActorRecord
from schemas.ids import actor_id
from services.aggregate.changes import change_of
from services.aggregate.identity.deciding import resolved
from services.aggregate.identity.described import told_apart
from services.aggregate.identity.local import is_local
from services.aggregate.identity.names import read
from services.aggregate.records import Gone
from services.aggregate.store import Store, adopting, articles, identities
from services.chassis.log.types import TopicPartition
from tests.support.record import clear, dump, feed, published, rows, sent
from tests.support.statements import Event, actor, make

DOLYNSKY, DOLYNSKYY, DOLYNSKIY = (
    actor(f"Bohdan {surname}") for surname in ("Dolynsky", "Dolynskyy", "Dolynskiy")
)
MARLOWE = actor("Marlowe")
OFFICE = actor("the Prime Minister's Office", kind=ActorKind.ORGANIZATION)


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


def counts(store: Store) -> dict[str, int]:
    return {row["actor_id"]: row["statements"] for row in rows(store, "actors")}


def test_a_bare_surname_and_an_office_are_as_many_actors_as_articles(store: Store) -> None:
    feed(
        store,
        [
            [
                event
                for n in range(3)
                for event in make(f"art-{n}", speakers=(MARLOWE, MARLOWE), claimants=(OFFICE,)).events
            ]
        ],
    )
    found = rows(store, "actors")
    assert sorted((row["name"], row["article_id"], row["statements"]) for row in found) == sorted(
        [("Marlowe", f"art-{n}", 2) for n in range(3)]
        + [("the Prime Minister's Office", f"art-{n}", 1) for n in range(3)]
    )
    assert all(is_local(row["actor_id"]) for row in found)
    local = next(record for record in published(store).values() if record is not None)
    assert local.article_id in ("art-0", "art-1", "art-2")


def test_spellings_of_one_name_are_one_actor_and_the_other_ids_lead_to_it(store: Store) -> None:
    feed(store, [make("art-1", speakers=(DOLYNSKYY,)).events])
    assert counts(store) == {DOLYNSKYY.actor_id: 1}
    published(store)
    feed(store, [make("art-2", speakers=(DOLYNSKY,), claimants=(DOLYNSKY,)).events])
    assert counts(store) == {DOLYNSKY.actor_id: 3}
    assert {row["identity_id"]: row["actor_id"] for row in rows(store, "identities")} == {
        DOLYNSKY.actor_id: DOLYNSKY.actor_id, DOLYNSKYY.actor_id: DOLYNSKY.actor_id,
    }  # fmt: skip
    told = sent(store)
    assert told[DOLYNSKYY.actor_id] == Gone(merged_into=DOLYNSKY.actor_id)
    record = told[DOLYNSKY.actor_id]
    assert isinstance(record, ActorRecord)
    assert (record.counts.quotes, record.counts.claims, record.aliases) == (2, 1, ("Bohdan Dolynskyy",))


def test_a_statement_keeps_its_articles_own_words_for_its_actor(store: Store) -> None:
    feed(store, [[*make("art-1", speakers=(DOLYNSKYY,)).events, *make("art-2", speakers=(DOLYNSKY,)).events]])
    assert {
        (row["actor_id"], row["identity_id"], row["actor"]["actor_id"]) for row in rows(store, "statements")
    } == {(DOLYNSKY.actor_id, named.actor_id, named.actor_id) for named in (DOLYNSKY, DOLYNSKYY)}


def test_whoever_holds_an_office_is_on_record_by_name(store: Store) -> None:
    said = actor("the US president", kind=ActorKind.UNNAMED)
    undated = make("art-2", speakers=(said,), published_at=None)
    feed(
        store,
        [
            make("art-1", speakers=(said,)).events,
            undated.events,
            make("art-3", claimants=(actor("Donald Trump"),)).events,
        ],
    )
    assert counts(store) == {"person:donald-trump": 2, said.actor_id: 1}
    trump = next(row for row in rows(store, "actors") if row["actor_id"] == "person:donald-trump")
    assert (trump["name"], trump["kind"], trump["aliases"]) == ("Donald Trump", "person", [])
    links = {
        row["identity_id"]: (row["actor_id"], row["reason"], row["probability"])
        for row in rows(store, "identities")
    }
    assert links == {
        "person:donald-trump": ("person:donald-trump", "registry", 0.99),
        "office:president.us.2025-01-20": ("person:donald-trump", "office", 0.96),
    }
    assert [row["actor"]["name"] for row in rows(store, "statements") if row["article_id"] == "art-1"] == [
        "the US president"
    ]


def test_what_is_withdrawn_links_nothing(store: Store) -> None:
    feed(store, [make("art-1", speakers=(DOLYNSKYY,)).events])
    before = dump(store)
    feed(store, [make("art-2", speakers=(DOLYNSKY,)).events])
    feed(store, [make("art-2", withdrawn=True).events])
    after = dump(store)
    for what_it_had_said in ("documents", "retired"):
        assert after.pop(what_it_had_said) != before.pop(what_it_had_said)
    assert after == before


def test_a_name_that_may_be_either_of_two_shows_both_as_candidates(store: Store) -> None:
    plain, one, other = (
        actor("Philip Hargrove"),
        actor("Philip Edmund Hargrove"),
        actor("Philip Julian Hargrove"),
    )
    feed(store, [make(f"art-{n}", speakers=(speaker,)).events for n, speaker in enumerate((plain, one))])
    assert counts(store) == {plain.actor_id: 2}
    feed(store, [make("art-9", speakers=(other,)).events])
    assert counts(store) == {plain.actor_id: 1, one.actor_id: 1, other.actor_id: 1}
    found = [(row["identity_id"], row["other_id"], row["reason"]) for row in rows(store, "candidates")]
    assert found == sorted((plain.actor_id, named.actor_id, "middle_name") for named in (one, other))


def test_a_key_that_a_crowd_shares_links_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identities, "CROWD", 2)
    made = [
        make(f"art-{n}", speakers=(speaker,)).events
        for n, speaker in enumerate((DOLYNSKY, DOLYNSKYY, DOLYNSKIY))
    ]
    feed(store, made[:2])
    assert len(counts(store)) == 1
    feed(store, made[2:])
    assert counts(store) == {named.actor_id: 1 for named in (DOLYNSKY, DOLYNSKYY, DOLYNSKIY)}
    feed(store, [make("art-2", withdrawn=True).events])
    assert len(counts(store)) == 1


SENATOR, BAKER = " Texas senator Gwen Farrow said so.", " It was Gwen Farrow, a baker in Lyon, who said so."
GWEN = actor("Gwen Farrow")


def gwen(number: int, words: str) -> list[Event]:
    return make(f"art-{number}", speakers=(GWEN,), words=words).events


def test_two_people_of_one_name_are_two_as_soon_as_articles_say_so(store: Store) -> None:
    feed(store, [gwen(1, SENATOR), gwen(2, " Gwen Farrow said so.")])
    assert counts(store) == {GWEN.actor_id: 2}
    published(store)
    feed(store, [gwen(3, BAKER)])
    senator, baker = (f"{GWEN.actor_id}@{said}" for said in ("politics.us", "private.fr"))
    assert counts(store) == {GWEN.actor_id: 1, senator: 1, baker: 1}
    found = {
        (row["identity_id"], row["other_id"], row["reason"], row["probability"])
        for row in rows(store, "candidates")
    }
    assert found == {(GWEN.actor_id, person, "namesake", 0.5) for person in (senator, baker)}
    assert published(store).keys() == {GWEN.actor_id, senator, baker}
    feed(store, [make("art-3", withdrawn=True).events])
    assert counts(store) == {GWEN.actor_id: 2}
    assert rows(store, "candidates") == []


def test_nobody_is_linked_to_a_name_that_two_bear(store: Store) -> None:
    longer = actor("Gwen Marie Farrow")
    feed(store, [gwen(1, SENATOR), make("art-9", speakers=(longer,)).events])
    assert counts(store) == {GWEN.actor_id: 2}
    feed(store, [gwen(2, BAKER)])
    assert counts(store) == {
        longer.actor_id: 1, f"{GWEN.actor_id}@politics.us": 1, f"{GWEN.actor_id}@private.fr": 1,
    }  # fmt: skip
    feed(store, [make("art-1", withdrawn=True).events])
    assert counts(store) == {GWEN.actor_id: 2}


@pytest.mark.postgres
def test_a_statement_that_another_replica_moves_meanwhile_leaves_its_new_actor(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One replica withdraws an article while another, on its own partition, links the name that the article
    has."""
    one, other = (Store(postgres_url, "onrecord-aggregate") for _ in range(2))
    one.migrate()
    feed(one, [make("art-1", speakers=(DOLYNSKYY,)).events, make("art-2", speakers=(DOLYNSKYY,)).events])
    follow, met = articles.follow, []

    def following(*arguments: Any) -> Any:
        monkeypatch.setattr(articles, "follow", follow)
        events = [change_of(event) for event in make("art-3", speakers=(DOLYNSKY,)).events]
        other.apply(events, {}, {TopicPartition("onrecord.documents", 1): len(events)})
        met.append(set(counts(other)))
        return follow(*arguments)

    monkeypatch.setattr(articles, "follow", following)
    feed(one, [make("art-1", withdrawn=True).events])
    assert met == [{DOLYNSKY.actor_id}]
    after = dump(one)
    clear(one)
    feed(one, [make(f"art-{number}", speakers=(DOLYNSKYY,)).events for number in (1, 2)])
    feed(one, [make("art-3", speakers=(DOLYNSKY,)).events, make("art-1", withdrawn=True).events])
    assert dump(one) == after
    one.close()
    other.close()


# -- any order -----------------------------------------------------------------------------------------------

NAMES = (
    "Bohdan Dolynsky", "Bohdan Dolynskyy", "Volodymyr Zelensky", "Vladimir Zelenskiy", "Adam Smith",
    "Philip Hargrove", "Philip Edmund Hargrove",
    "Philip Julian Hargrove", "Phil Hargrove", "Xi Jinping", "Jinping Xi", "Marlowe", "Donald Trump", "Donald Trump Jr.", "Mary Smith",
)  # fmt: skip
SPEAKERS = [
    *(actor(name) for name in NAMES),
    *(actor(name, kind=ActorKind.UNNAMED) for name in ("the US president", "the president")),
]
ALONE = actor("Ida Holm")


def versions(number: int) -> list[list[Event]]:
    words = (SENATOR, BAKER, " Gwen Farrow said so.", " Ohio governor Gwen Farrow said so.")[number % 4]
    one, two, three = (SPEAKERS[(number * step + step) % len(SPEAKERS)] for step in (1, 3, 5))
    return [
        make(f"art-{number}", speakers=(one, two, GWEN), claimants=(three,), words=words).events,
        make(
            f"art-{number}", revision=2, speakers=(two, GWEN), words=words if number % 2 else SENATOR
        ).events,
        make(
            f"art-{number}",
            revision=3,
            withdrawn=number % 3 == 0,
            speakers=() if number % 3 == 0 else (three, one),
        ).events,
    ]


VERSIONS = [events for number in range(8) for events in versions(number)]


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Event], list[list[Event]]]:
    """Some of the events in plain order, and the same in any order, some repeated, in batches of any size."""
    places: set[int] = draw(st.sets(st.integers(0, len(VERSIONS) - 1), min_size=1))
    plain = [event for place in sorted(places) for event in VERSIONS[place]]
    stream: list[Event] = draw(st.permutations(plain + draw(st.lists(st.sampled_from(plain), max_size=5))))
    edges = [0, *sorted(draw(st.lists(st.integers(0, len(stream)), max_size=10))), len(stream)]
    return plain, [stream[start:end] for start, end in pairwise(edges) if start < end]


@settings(max_examples=40)
@given(history=histories())
def test_any_order_repetition_and_withdrawal_ends_in_the_same_links(
    store: Store, history: tuple[list[Event], list[list[Event]]]
) -> None:
    plain, batches = history
    clear(store)
    feed(store, [plain])
    in_plain_order = dump(store)
    clear(store)
    feed(store, batches)
    assert dump(store) == in_plain_order
    _assert_as_defined(store)


def _assert_as_defined(store: Store) -> None:
    """Links are those of the definition, and the statements' actors those of the links."""
    on_record = [row for row in rows(store, "statements") if row["on_record"]]
    named = {row["identity_id"]: name for row in on_record if (name := read(row["identity_id"])) is not None}
    said = {
        identity: {
            row["described"] for row in on_record if row["identity_id"] == identity and row["described"]
        }
        for identity in named
    }
    actors = resolved(named, descriptions=said)
    assert {row["identity_id"]: row["actor_id"] for row in rows(store, "identities")} == actors
    apart = {identity: told_apart(identity, descriptions) for identity, descriptions in said.items()}
    for row in on_record:
        of_name = actors.get(row["identity_id"], row["identity_id"])
        assert row["actor_id"] == apart.get(row["identity_id"], {}).get(row["described"], of_name)
    assert all(row["described"] is None for row in rows(store, "statements") if not row["on_record"])
    assert all(
        row["actor_id"] == row["identity_id"] for row in rows(store, "statements") if not row["on_record"]
    )


# -- a record of an earlier release --------------------------------------------------------------------------

EARLIER: tuple[Actor, ...] = (DOLYNSKY, DOLYNSKYY, MARLOWE, actor("the US president", kind=ActorKind.UNNAMED))


def as_an_earlier_release_left_it(store: Store) -> None:
    """Statements under their events' own actors, without identities."""
    with store.engine.begin() as connection:
        for name in ("identities", "identity_keys", "candidates"):
            connection.execute(sa.delete(relational.metadata.tables[name]))
        connection.execute(sa.update(relational.statements).values(identity_id=None))


def test_a_record_of_an_earlier_release_gets_its_identities(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adopting, "STEP", 2)
    events = [make(f"art-{n}", speakers=EARLIER, claimants=(MARLOWE,)).events for n in range(3)]
    waiting = make("art-9", speakers=(DOLYNSKYY,)).statements
    feed(store, [*events, waiting])
    right = dump(store)
    _unlocalise(store)
    assert actor_id(ActorKind.PERSON, "Marlowe") in counts(store)
    store.migrate()
    assert dump(store) == right


def _unlocalise(store: Store) -> None:
    """The record as a release without identities would have made it of the same events."""
    as_an_earlier_release_left_it(store)
    stored = rows(store, "statements")
    with store.engine.begin() as connection:
        for row in stored:
            changed = sa.update(relational.statements).where(
                relational.statements.c.statement_id == row["statement_id"]
            )
            connection.execute(changed.values(actor_id=row["actor"]["actor_id"]))
        for table in (relational.actors, relational.tallies):
            connection.execute(sa.delete(table))
    _derive(store)


def _derive(store: Store) -> None:
    from services.aggregate.store.actors import apply_effect
    from services.aggregate.store.appearances import SELECTED
    from services.aggregate.store.articles import Effect

    effect = Effect()
    with store.engine.begin() as connection:
        for row in connection.execute(SELECTED.where(relational.statements.c.on_record)).all():
            effect.count(row._asdict(), row.actor_id, +1)
        apply_effect(connection, effect)


def test_a_record_that_an_earlier_release_went_on_with_is_put_right(store: Store) -> None:
    events = [make(f"art-{n}", speakers=EARLIER).events for n in range(3)]
    feed(store, events)
    right = dump(store)
    with store.engine.begin() as connection:
        connection.execute(
            sa.update(relational.statements)
            .where(relational.statements.c.article_id == "art-1")
            .values(identity_id=None)
        )
        connection.execute(sa.update(relational.identities).values(statements=7))
    store.migrate()
    assert dump(store) == right


def test_identities_of_other_rules_are_made_anew_and_only_who_changed_is_published(store: Store) -> None:
    feed(
        store,
        [
            make(f"art-{n}", speakers=(speaker,)).events
            for n, speaker in enumerate((DOLYNSKY, DOLYNSKYY, ALONE))
        ],
    )
    published(store)
    right = dump(store)
    with store.engine.begin() as connection:
        connection.execute(sa.update(relational.registry_state).values(linked_by=0))
        other = {
            "linked_to": None,
            "reason": None,
            "probability": None,
            "actor_id": relational.identities.c.identity_id,
        }
        connection.execute(sa.update(relational.identities).values(**other))
        connection.execute(
            sa.update(relational.identity_keys).values(
                key=sa.literal("old ") + relational.identity_keys.c.identity_id
            )
        )
        connection.execute(
            sa.update(relational.statements).values(actor_id=relational.statements.c.identity_id)
        )
        for table in (relational.actors, relational.tallies, relational.outbox):
            connection.execute(sa.delete(table))
    _derive(store)
    published(store)
    store.migrate()
    assert dump(store) == right
    assert published(store).keys() == {DOLYNSKY.actor_id, DOLYNSKYY.actor_id}
