"""What people decide about who is who, on both databases: the last word, in whatever order it comes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import relational
from schemas.events import ActorKind, ActorRecord, Decision, DecisionKind, Quote
from schemas.ids import local_actor_id
from schemas.relational import microseconds
from services.aggregate.identity.deciding import identity_of, resolved
from services.aggregate.identity.decisions import Ruling, Rulings, in_force
from services.aggregate.identity.described import told_apart
from services.aggregate.identity.names import read
from services.aggregate.records import Gone
from services.aggregate.store import Store, adopting
from tests.support.decisions import link, merge, reassign, reject, rename, split, undo
from tests.support.record import STATE, clear, dump, feed, published, rows, sent
from tests.support.statements import Event, Made, actor, make

ANA, BO, CY = actor("Ana Lee"), actor("Bo Chen"), actor("Cy Roe")
DOLYNSKY, DOLYNSKYY, JUNIOR = (
    actor("Bohdan Dolynsky"),
    actor("Bohdan Dolynskyy"),
    actor("Bohdan Dolynsky Jr."),
)
MARLOWE = actor("Marlowe")
LOCAL = [identity_of(MARLOWE, f"art-{n}") for n in range(3)]
BUT_DECISIONS = [name for name in STATE if name != "decisions"]


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


def row_of(store: Store, actor_id: str) -> dict[str, object]:
    return next(row for row in rows(store, "actors") if row["actor_id"] == actor_id)


def where(store: Store) -> dict[str, str]:
    """Where the ids of names lead."""
    return {row["identity_id"]: row["actor_id"] for row in rows(store, "identities")}


def quoting(*speakers: str) -> list[list[Event]]:
    """An article per name, with a quote of it."""
    return [make(f"art-{n}", speakers=(actor(name),)).events for n, name in enumerate(speakers)]


# -- merge and split -----------------------------------------------------------------------------------------


def test_a_merge_gives_one_actor_what_the_other_had_and_the_id_leads_there(store: Store) -> None:
    feed(store, quoting("Ana Lee", "Bo Chen", "Bo Chen"))
    published(store)
    feed(store, [[merge(ANA.actor_id, BO.actor_id)]])
    assert counts(store) == {BO.actor_id: 3}
    assert row_of(store, BO.actor_id)["aliases"] == ["Ana Lee"]
    told = sent(store)
    assert told[ANA.actor_id] == Gone(merged_into=BO.actor_id)
    assert isinstance(told[BO.actor_id], ActorRecord)
    statements = {
        (row["actor_id"], row["identity_id"], row["actor"]["actor_id"]) for row in rows(store, "statements")
    }
    assert statements == {(BO.actor_id, ANA.actor_id, ANA.actor_id), (BO.actor_id, BO.actor_id, BO.actor_id)}


def test_a_merge_holds_for_what_comes_later_and_for_other_spellings(store: Store) -> None:
    feed(store, [[merge(DOLYNSKYY.actor_id, BO.actor_id)], *quoting("Bo Chen", "Bohdan Dolynsky")])
    assert counts(store) == {
        BO.actor_id: 1,
        DOLYNSKY.actor_id: 1,
    }, "nothing says yet that the two are one name"
    feed(store, [make("art-9", speakers=(DOLYNSKYY,)).events])
    assert counts(store) == {BO.actor_id: 3}
    feed(store, [make("art-9", withdrawn=True).events])
    assert counts(store) == {BO.actor_id: 1, DOLYNSKY.actor_id: 1}


def test_surnames_of_two_articles_are_one_person_when_people_say_so(store: Store) -> None:
    feed(store, quoting("Marlowe", "Marlowe", "Jane Marlowe"))
    feed(store, [[merge(LOCAL[1], LOCAL[0])]])
    assert counts(store) == {LOCAL[0]: 2, "person:jane-marlowe": 1}
    assert row_of(store, LOCAL[0])["article_id"] is None, "not known in one article only any more"
    feed(store, [[merge(LOCAL[0], "person:jane-marlowe", 1)]])
    assert counts(store) == {"person:jane-marlowe": 3}
    assert where(store)[LOCAL[1]] == "person:jane-marlowe"


def test_a_split_takes_a_link_apart(store: Store) -> None:
    feed(store, quoting("Bohdan Dolynsky", "Bohdan Dolynskyy"))
    assert counts(store) == {DOLYNSKY.actor_id: 2}
    feed(store, [[split(DOLYNSKYY.actor_id)]])
    assert counts(store) == {DOLYNSKY.actor_id: 1, DOLYNSKYY.actor_id: 1}
    assert rows(store, "candidates") == []
    feed(store, [make("art-9", speakers=(DOLYNSKYY,)).events])
    assert counts(store) == {DOLYNSKY.actor_id: 1, DOLYNSKYY.actor_id: 2}


def test_a_split_takes_the_registry_apart(store: Store) -> None:
    feed(store, quoting("Donald Trump", "Donald J. Trump"))
    assert counts(store) == {"person:donald-trump": 2}
    feed(store, [[split("person:donald-j-trump")]])
    assert counts(store) == {"person:donald-trump": 1, "person:donald-j-trump": 1}
    assert row_of(store, "person:donald-j-trump")["wikidata"] is None


def test_a_split_takes_an_earlier_merge_apart_and_a_later_one_takes_it_back(store: Store) -> None:
    feed(store, quoting("Ana Lee", "Bo Chen"))
    feed(store, [[split(ANA.actor_id, 2)], [merge(ANA.actor_id, BO.actor_id, 1)]])
    assert counts(store) == {ANA.actor_id: 1, BO.actor_id: 1}
    feed(store, [[merge(ANA.actor_id, BO.actor_id, 3)]])
    assert counts(store) == {BO.actor_id: 2}


def test_a_merged_actor_is_called_as_the_one_it_was_merged_into(store: Store) -> None:
    feed(
        store,
        [
            *quoting("Marlowe", "Marlowe", "Jane Marlowe"),
            [merge(one, "person:jane-marlowe") for one in LOCAL[:2]],
        ],
    )
    row = row_of(store, "person:jane-marlowe")
    assert (row["name"], row["aliases"], row["article_id"]) == ("Jane Marlowe", ["Marlowe"], None)


def test_the_last_merge_of_an_actor_holds(store: Store) -> None:
    feed(
        store,
        [
            *quoting("Ana Lee", "Bo Chen", "Cy Roe"),
            [merge(ANA.actor_id, CY.actor_id, 2)],
            [merge(ANA.actor_id, BO.actor_id, 1)],
        ],
    )
    assert counts(store) == {BO.actor_id: 1, CY.actor_id: 2}


def test_a_merge_into_one_that_was_merged_leads_on(store: Store) -> None:
    feed(
        store,
        [
            *quoting("Ana Lee", "Bo Chen", "Cy Roe"),
            [merge(BO.actor_id, CY.actor_id, 1), merge(ANA.actor_id, BO.actor_id, 2)],
        ],
    )
    assert counts(store) == {CY.actor_id: 3}


def test_of_merges_in_a_circle_the_earliest_gives_way(store: Store) -> None:
    circle = [
        merge(ANA.actor_id, BO.actor_id, 1),
        merge(BO.actor_id, CY.actor_id, 2),
        merge(CY.actor_id, ANA.actor_id, 3),
    ]
    feed(store, [*quoting("Ana Lee", "Bo Chen", "Cy Roe"), circle[::-1]])
    assert counts(store) == {ANA.actor_id: 3}


def test_a_merge_with_somebody_in_the_registry_has_its_item(store: Store) -> None:
    feed(store, [*quoting("Bo Chen", "Donald J. Trump"), [merge("person:donald-trump", BO.actor_id)]])
    assert counts(store) == {BO.actor_id: 2}
    assert row_of(store, BO.actor_id)["wikidata"] == "Q22686"
    feed(store, [make("art-9", speakers=(actor("Donald John Trump"),)).events])
    assert counts(store) == {BO.actor_id: 3}, "of the entry, too, every name"


def test_a_name_that_is_split_and_withdrawn_at_once_leaves_nothing(store: Store) -> None:
    feed(store, quoting("Bohdan Dolynsky", "Bohdan Dolynskyy"))
    feed(store, [[split(DOLYNSKYY.actor_id), make("art-1", revision=2, withdrawn=True).document]])
    assert {row["identity_id"] for row in rows(store, "identity_keys")} == {DOLYNSKY.actor_id}
    assert counts(store) == {DOLYNSKY.actor_id: 1}


def test_a_merge_of_nobody_waits(store: Store) -> None:
    feed(store, [[merge(ANA.actor_id, BO.actor_id)]])
    assert rows(store, "actors") == []
    assert published(store) == {}
    feed(store, quoting("Ana Lee"))
    assert counts(store) == {BO.actor_id: 1}
    assert row_of(store, BO.actor_id)["name"] == "Ana Lee"


# -- rejections ----------------------------------------------------------------------------------------------


def test_a_rejected_candidate_is_not_shown_and_never_linked(store: Store) -> None:
    feed(store, quoting("Carl Anders", "Karl Anders"))
    assert len(rows(store, "candidates")) == 1
    feed(store, [[reject("person:carl-anders", "person:karl-anders")]])
    assert rows(store, "candidates") == []
    later = [make(f"art-{n}", speakers=(named,)).events for n, named in enumerate((DOLYNSKY, DOLYNSKYY), 7)]
    feed(store, [[reject(DOLYNSKY.actor_id, DOLYNSKYY.actor_id)], *later])
    assert {DOLYNSKY.actor_id, DOLYNSKYY.actor_id} <= counts(store).keys()


def test_a_name_between_two_that_are_two_is_neither(store: Store) -> None:
    plain, one, other = "Philip Hargrove", "Philip Edmund Hargrove", "Philip E. Hargrove"
    feed(store, quoting(plain, one, other))
    assert len(counts(store)) == 1
    feed(store, [[reject("person:philip-edmund-hargrove", "person:philip-e-hargrove")]])
    assert len(counts(store)) == 3
    assert {row["identity_id"] for row in rows(store, "candidates")} == {"person:philip-hargrove"}


def test_a_rejected_entry_of_the_registry_is_not_meant(store: Store) -> None:
    feed(store, [*quoting("Donald J. Trump"), [reject("person:donald-j-trump", "person:donald-trump")]])
    assert counts(store) == {"person:donald-j-trump": 1}
    assert rows(store, "candidates") == []


# -- people of one name --------------------------------------------------------------------------------------

GWEN = actor("Gwen Farrow")
SENATOR, BAKER, LAWYER, NOBODY = (
    f"{GWEN.actor_id}@politics.us",
    f"{GWEN.actor_id}@private.fr",
    f"{GWEN.actor_id}@law.us",
    GWEN.actor_id,
)
WORDS = {
    SENATOR: " Texas senator Gwen Farrow said so.", BAKER: " It was Gwen Farrow, a baker in Lyon, who said so.",
    LAWYER: " Gwen Farrow, a lawyer in Texas, said so.", NOBODY: " Gwen Farrow said so.",
}  # fmt: skip


def gwen(number: int, who: str) -> list[Event]:
    return make(f"art-{number}", speakers=(GWEN,), words=WORDS[who]).events


THREE = [gwen(1, SENATOR), gwen(2, BAKER), gwen(3, NOBODY)]


def test_merged_people_of_one_name_are_one_and_the_name_is_theirs(store: Store) -> None:
    feed(store, THREE)
    assert counts(store) == {SENATOR: 1, BAKER: 1, NOBODY: 1}
    published(store)
    merged = merge(SENATOR, BAKER)
    feed(store, [[merged]])
    assert counts(store) == {BAKER: 3}
    assert rows(store, "candidates") == []
    told = sent(store)
    assert told[SENATOR] == told[NOBODY] == Gone(merged_into=BAKER)
    feed(store, [[undo(merged, 1)]])
    assert counts(store) == {SENATOR: 1, BAKER: 1, NOBODY: 1}
    assert len(rows(store, "candidates")) == 2


def test_one_of_several_people_may_be_merged_with_somebody_else_and_with_the_name(store: Store) -> None:
    feed(store, [*THREE, [merge(SENATOR, BO.actor_id)]])
    assert counts(store) == {BO.actor_id: 1, BAKER: 1, NOBODY: 1}
    feed(store, [[merge(NOBODY, BAKER, 1)], gwen(4, SENATOR), gwen(5, NOBODY)])
    assert counts(store) == {BO.actor_id: 2, BAKER: 3}


def test_rejected_and_split_people_of_one_name_stay_two(store: Store) -> None:
    feed(store, [gwen(1, SENATOR), gwen(2, LAWYER), gwen(3, NOBODY)])
    assert counts(store) == {NOBODY: 3}, "a lawyer may be a senator"
    feed(store, [[reject(SENATOR, LAWYER)]])
    assert counts(store) == {SENATOR: 1, LAWYER: 1, NOBODY: 1}
    assert {(row["identity_id"], row["other_id"]) for row in rows(store, "candidates")} == {
        (NOBODY, SENATOR),
        (NOBODY, LAWYER),
    }
    feed(store, [[split(SENATOR, 1)], make("art-2", revision=2, withdrawn=True).events])
    assert counts(store) == {SENATOR: 1, NOBODY: 1}


def test_a_decision_about_one_of_several_holds_when_articles_say_more(store: Store) -> None:
    feed(store, [*THREE, [merge(SENATOR, BO.actor_id)], gwen(4, LAWYER)])
    assert counts(store) == {BO.actor_id: 2, BAKER: 1, NOBODY: 1}, "who is a senator and a lawyer"
    feed(store, [make("art-2", revision=2, withdrawn=True).events])
    assert counts(store) == {BO.actor_id: 3}, "there is only one"
    feed(store, [gwen(6, BAKER)])
    assert counts(store) == {BO.actor_id: 2, BAKER: 1, NOBODY: 1}


def test_a_statement_may_be_reassigned_to_one_of_several(store: Store) -> None:
    made = make("art-7", speakers=(GWEN,), words=WORDS[SENATOR])
    decision = reassign(first_quote(made), made.document.text, BAKER)
    feed(store, [*THREE, made.events, [decision]])
    assert counts(store) == {SENATOR: 1, BAKER: 2, NOBODY: 1}
    feed(store, [[merge(BAKER, BO.actor_id)]])
    assert counts(store) == {SENATOR: 1, BO.actor_id: 2, NOBODY: 1}
    feed(store, [[undo(decision, 1)]])
    assert counts(store) == {SENATOR: 2, BO.actor_id: 1, NOBODY: 1}


# -- names, items, statements --------------------------------------------------------------------------------


def test_the_last_rename_and_the_last_item_hold(store: Store) -> None:
    decided = [
        rename(ANA.actor_id, "Ana M. Lee", 1),
        rename(ANA.actor_id, "Ana-Maria Lee", 2),
        link(ANA.actor_id, "Q7", 1),
    ]
    feed(store, [decided[::-1], *quoting("Ana Lee", "Bo Chen")])
    row = row_of(store, ANA.actor_id)
    assert (row["name"], row["aliases"], row["wikidata"]) == ("Ana-Maria Lee", ["Ana Lee"], "Q7")
    assert str(row["folded"]).splitlines() == ["ana-maria lee", "ana lee"]
    feed(store, [[link(ANA.actor_id, None, 2), undo(decided[1], 3)]])
    row = row_of(store, ANA.actor_id)
    assert (row["name"], row["wikidata"]) == ("Ana M. Lee", None)


def test_no_item_is_a_decision_too(store: Store) -> None:
    feed(store, [*quoting("Donald Trump"), [link("person:donald-trump", None)]])
    assert row_of(store, "person:donald-trump")["wikidata"] is None


def test_a_name_of_one_that_is_merged_away_is_not_the_others(store: Store) -> None:
    feed(store, [*quoting("Ana Lee", "Bo Chen"), [rename(ANA.actor_id, "Lee, A."), link(ANA.actor_id, "Q7")]])
    merged = merge(ANA.actor_id, BO.actor_id)
    feed(store, [[merged]])
    row = row_of(store, BO.actor_id)
    assert (row["name"], row["wikidata"]) == ("Bo Chen", "Q7")
    feed(store, [[undo(merged, 1)]])
    assert row_of(store, ANA.actor_id)["name"] == "Lee, A."
    assert row_of(store, BO.actor_id)["wikidata"] is None


def first_quote(made: Made) -> Quote:
    found = made.statements[0]
    assert isinstance(found, Quote)
    return found


def test_a_reassigned_statement_is_said_by_the_other_and_names_nobody(store: Store) -> None:
    made = make("art-0", speakers=(ANA,), claimants=(CY,))
    feed(store, [made.events, *quoting("Ana Lee", "Bo Chen")[1:]])
    decision = reassign(first_quote(made), made.document.text, BO.actor_id)
    feed(store, [[decision]])
    # the claim has more words than these
    assert counts(store) == {BO.actor_id: 2, CY.actor_id: 1}
    assert row_of(store, BO.actor_id)["aliases"] == []
    assert {row["reassigned_by"] for row in rows(store, "statements") if row["actor_id"] == BO.actor_id} == {
        None,
        decision.decision_id,
    }
    feed(store, [[undo(decision, 1)]])
    assert counts(store) == {ANA.actor_id: 1, BO.actor_id: 1, CY.actor_id: 1}


def test_what_was_given_to_a_surname_and_taken_back_leaves_it_in_its_own_article(store: Store) -> None:
    made = make("art-9", speakers=(CY,))
    feed(store, [*quoting("Marlowe"), made.events])
    decision = reassign(first_quote(made), made.document.text, LOCAL[0])
    feed(store, [[decision]])
    assert counts(store) == {LOCAL[0]: 2}
    feed(store, [[undo(decision, 1)]])
    assert row_of(store, LOCAL[0])["article_id"] == "art-0"


def test_a_reassignment_follows_the_words_to_another_version_of_the_extractor(store: Store) -> None:
    made = make("art-0", speakers=(ANA,))
    decision = reassign(first_quote(made), made.document.text, BO.actor_id)
    feed(store, [[decision], make("art-0", version="2.0.0", speakers=(CY,)).events])
    assert counts(store) == {BO.actor_id: 1}
    assert row_of(store, BO.actor_id)["name"] == "Bo Chen"
    feed(store, [make("art-0", version="3.0.0", speakers=(CY, CY, ANA)).events])
    assert counts(store) == {
        BO.actor_id: 2,
        ANA.actor_id: 1,
    }, "each stands one code point further on: four in five, three in five"
    feed(store, [make("art-0", revision=2, withdrawn=True).events])
    assert counts(store) == {}


# -- undo ----------------------------------------------------------------------------------------------------


def test_an_undo_may_be_undone_and_may_come_first(store: Store) -> None:
    merged = merge(ANA.actor_id, BO.actor_id)
    first = undo(merged, 1)
    feed(store, [*quoting("Ana Lee", "Bo Chen"), [undo(first, 2)], [first]])
    assert counts(store) == {ANA.actor_id: 1, BO.actor_id: 1}
    feed(store, [[merged]])
    assert counts(store) == {BO.actor_id: 2}
    assert {row["kind"]: row["in_force"] for row in rows(store, "decisions") if row["decision_id"] != first.decision_id} == {
        "merge": True, "undo": True,
    }  # fmt: skip


def test_an_undo_of_what_is_decided_later_undoes_nothing(store: Store) -> None:
    merged = merge(ANA.actor_id, BO.actor_id, 5)
    feed(store, [*quoting("Ana Lee", "Bo Chen"), [undo(merged, 1), merged]])
    assert counts(store) == {BO.actor_id: 2}


def test_of_two_decisions_of_one_id_the_same_one_stands_in_any_order(store: Store) -> None:
    one = merge(ANA.actor_id, BO.actor_id)
    other = merge(ANA.actor_id, CY.actor_id).model_copy(update={"decision_id": one.decision_id})
    found = []
    for order in ([one, other], [other, one]):
        clear(store)
        feed(store, [*quoting("Ana Lee", "Bo Chen", "Cy Roe"), *([decision] for decision in order)])
        found.append(dump(store))
    assert found[0] == found[1]


# -- any order -----------------------------------------------------------------------------------------------

NAMES = (
    "Bohdan Dolynsky", "Bohdan Dolynskyy", "Volodymyr Zelensky", "Vladimir Zelenskiy", "Philip Hargrove", "Philip Edmund Hargrove",
    "Philip E. Hargrove", "Marlowe", "Donald Trump", "Donald J. Trump", "Ana Lee",
)  # fmt: skip
SPEAKERS = [actor(name) for name in NAMES]
MADE = [
    make(
        f"art-{number}",
        version=version,
        speakers=(SPEAKERS[number], SPEAKERS[(number + 3) % len(NAMES)]),
        claimants=(SPEAKERS[-1],),
    )
    for number in range(len(NAMES))
    for version in ("1.0.0", "2.0.0")[: 1 + number % 2]
]
GONE = [make(f"art-{number}", revision=2, withdrawn=True).document for number in range(len(NAMES))]
OF = [identity_of(speaker, f"art-{number}") for number, speaker in enumerate(SPEAKERS)]
SOURCE = local_actor_id("art-2", "unnamed", "a senior official")
IDS = [*OF, SOURCE, "organization:nobody", "person:volodymyr-zelenskyy"]
LONGER = actor("Gwen Marie Farrow")
OF_ONE_NAME = [
    *(make(f"art-{number}", speakers=(GWEN,), words=words) for number, words in enumerate([*WORDS.values(), *WORDS.values()])),
    make("art-8", speakers=(GWEN,), words=" Ohio governor Gwen Farrow said so."), make("art-9", speakers=(LONGER,), claimants=(BO,)),
]  # fmt: skip
PEOPLE = [*WORDS, f"{GWEN.actor_id}@politics.", BO.actor_id, LONGER.actor_id]
WORLD = st.sampled_from([(MADE, IDS), (OF_ONE_NAME, PEOPLE)])


@st.composite
def decided(draw: st.DrawFn, made_from: Sequence[Made], ids: Sequence[str]) -> list[Decision]:
    """Some decisions, contradicting each other more often than not, and undos of them and of undos."""
    made: list[Decision] = []
    for _ in range(draw(st.integers(1, 8))):
        minute = draw(st.integers(0, 5))
        one, other = draw(st.lists(st.sampled_from(ids), min_size=2, max_size=2, unique=True))
        article = draw(st.sampled_from(made_from))
        kinds = (
            merge(one, other, minute), merge(one, other, minute), split(one, minute), reject(one, other, minute),
            rename(one, f"Name {minute}", minute), link(one, draw(st.sampled_from([None, "Q1", "Q2"])), minute),
            reassign(first_quote(article), article.document.text, other, minute),
        )  # fmt: skip
        made.append(draw(st.sampled_from(kinds)))
        if draw(st.booleans()):
            made.append(undo(draw(st.sampled_from(made)), draw(st.integers(3, 9))))
    return made


def scattered(draw: st.DrawFn, events: Sequence[Event | Decision]) -> list[list[Event | Decision]]:
    """The events in any order, some repeated, in batches of any size."""
    stream = draw(st.permutations([*events, *draw(st.lists(st.sampled_from(events), max_size=5))]))
    edges = [0, *sorted(draw(st.lists(st.integers(0, len(stream)), max_size=10))), len(stream)]
    return [stream[start:end] for start, end in pairwise(edges) if start < end]


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Event | Decision], list[list[Event | Decision]]]:
    """Articles and decisions in plain order, and in any other."""
    made, ids = draw(WORLD)
    places = draw(st.sets(st.integers(0, len(made) - 1), min_size=1))
    events = [event for place in sorted(places) for event in made[place].events]
    gone = draw(st.lists(st.sampled_from(GONE), max_size=3, unique_by=lambda gone: gone.article_id))
    plain = [*events, *gone, *draw(decided(made, ids))]
    return plain, scattered(draw, plain)


@settings(max_examples=60)
@given(history=histories())
def test_any_order_and_repetition_ends_in_the_same_record(
    store: Store, history: tuple[list[Event | Decision], list[list[Event | Decision]]]
) -> None:
    plain, batches = history
    clear(store)
    feed(store, [plain])
    expected, records = dump(store), published(store)
    _assert_as_defined(store, [event for event in plain if isinstance(event, Decision)])
    clear(store)
    latest: dict[str, ActorRecord | None] = {}
    for batch in batches:
        feed(store, [batch])
        latest |= published(store)
    assert dump(store) == expected
    assert {name: record for name, record in latest.items() if record} == {
        name: record for name, record in records.items() if record
    }


def _assert_as_defined(store: Store, decisions: Sequence[Decision]) -> None:
    """The actors are those of the definition."""
    holding = in_force((microseconds(one.decided_at), one.decision_id, one.undoes) for one in decisions)
    ruling = (DecisionKind.MERGE, DecisionKind.SPLIT, DecisionKind.REJECT)
    rulings = Rulings(
        Ruling(microseconds(one.decided_at), one.decision_id, one.kind, one.actor_id or "", one.other_id)
        for one in decisions
        if one.decision_id in holding and one.kind in ruling
    )
    on_record = [row for row in rows(store, "statements") if row["on_record"]]
    names = {row["identity_id"]: name for row in on_record if (name := read(row["identity_id"])) is not None}
    said = {
        name: {row["described"] for row in on_record if row["identity_id"] == name and row["described"]}
        for name in names
    }
    actors = resolved(names, rulings, said)
    assert where(store) == actors
    for row in on_record:
        person = told_apart(row["identity_id"], said.get(row["identity_id"], ()), rulings).get(
            row["described"], row["identity_id"]
        )
        assert row["actor_id"] == actors.get(person, person)
    assert {row["decision_id"] for row in rows(store, "decisions") if row["in_force"]} == holding


@settings(max_examples=40)
@given(data=st.data())
def test_what_is_undone_is_as_if_it_had_never_been_decided(store: Store, data: st.DataObject) -> None:
    plain, _ = data.draw(histories())
    events = [event for event in plain if not isinstance(event, Decision)]
    kept = [event for event in plain if isinstance(event, Decision) and event.kind is not DecisionKind.UNDO]
    regretted = (
        data.draw(st.lists(st.sampled_from(kept), unique_by=lambda decision: decision.decision_id))
        if kept
        else []
    )
    clear(store)
    feed(store, [[*events, *(decision for decision in kept if decision not in regretted)]])
    expected = dump(store, BUT_DECISIONS)
    clear(store)
    feed(store, [events, kept])
    feed(store, [[undo(decision, 20)] for decision in regretted])
    assert dump(store, BUT_DECISIONS) == expected


# -- a record of another release -----------------------------------------------------------------------------

DECIDED = [
    merge(ANA.actor_id, BO.actor_id), split(DOLYNSKYY.actor_id), merge(LOCAL[2], "person:jane-marlowe"), rename(BO.actor_id, "Bo B. Chen"),
    merge("organization:nobody", "organization:nothing"),
]  # fmt: skip
NAMED = ("Ana Lee", "Bo Chen", "Marlowe", "Bohdan Dolynsky", "Bohdan Dolynskyy", "Jane Marlowe")


def test_decisions_hold_when_identities_are_made_anew(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adopting, "STEP", 2)
    made = make("art-9", speakers=(CY,))
    feed(
        store,
        [
            *quoting(*NAMED),
            made.events,
            [*DECIDED, reassign(first_quote(made), made.document.text, "person:jane-marlowe")],
        ],
    )
    right = dump(store)
    with store.engine.begin() as connection:
        connection.execute(sa.update(relational.identities).values(rules=0))
    store.migrate()
    assert dump(store) == right
    with store.engine.begin() as connection:
        connection.execute(sa.delete(relational.identities))
        connection.execute(sa.delete(relational.identity_keys))
        connection.execute(sa.update(relational.statements).values(identity_id=None))
    store.migrate()
    assert dump(store) == right


def test_a_kind_of_actor_is_what_its_id_says(store: Store) -> None:
    official = actor("a senior official", kind=ActorKind.UNNAMED, article="art-0")
    feed(store, [make("art-0", speakers=(official,)).events, [merge(official.actor_id, ANA.actor_id)]])
    assert row_of(store, ANA.actor_id)["kind"] == "person"
