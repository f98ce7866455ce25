"""Who held an office on a day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.events import ActorKind
from services.aggregate.identity import offices, registry
from services.aggregate.identity.deciding import identity_of, resolved
from services.aggregate.identity.entry import Entry, Term
from services.aggregate.identity.linking import Reason
from services.aggregate.identity.local import is_local
from services.aggregate.identity.names import read
from tests.support.statements import actor


def holder(phrase: str, day: date) -> str | None:
    identity = identity_of(actor(phrase, kind=ActorKind.UNNAMED), "art-1", day)
    link = registry.known(identity)
    return link.other if link else None


@pytest.mark.parametrize(
    ("phrase", "day", "held_by"),
    [
        ("the Prime Minister of the UK", "2023-05-01", "person:rishi-sunak"),
        ("British Prime Minister", "2024-11-03", "person:keir-starmer"),
        ("The US president", "2022-03-01", "person:joe-biden"),
        ("the president of the United States", "2025-03-01", "person:donald-trump"),
        ("US Secretary of State", "2024-11-03", "person:antony-blinken"),
        ("France's president", "2024-11-03", "person:emmanuel-macron"),
        ("the German chancellor", "2025-05-07", "person:friedrich-merz"),
        ("the UK chancellor", "2024-11-03", "person:rachel-reeves"),
        ("the Kremlin spokesman", "2024-11-03", "person:dmitry-peskov"),
        ("the Bank of England governor", "2024-11-03", "person:andrew-bailey@onrecord"),
        ("the governor of Texas", "2024-11-03", "person:greg-abbott"),
        ("Georgia's governor", "2024-11-03", "person:brian-kemp"),
        ("the Georgian president", "2024-11-03", "person:salome-zourabichvili"),
        ("the NATO secretary-general", "2024-11-03", "person:mark-rutte"),
        ("Apple's chief executive", "2024-11-03", "person:tim-cook"),
        ("the Pope", "2024-11-03", "person:pope-francis"),
        ("the president of the European Commission", "2024-11-03", "person:ursula-von-der-leyen"),
    ],
)
def test_an_office_named_with_its_place_is_its_holder_on_the_day(phrase: str, day: str, held_by: str) -> None:
    assert holder(phrase, date.fromisoformat(day)) == held_by


@pytest.mark.parametrize(
    "phrase",
    [
        "the president", "the prime minister", "the governor", "a British prime minister", "the former US president",
        "the then prime minister of Japan", "the deputy governor of Texas", "the Congolese president", "the American",
        "a German government spokesman", "British officials", "the UK prime minister's office", "the US senator",
        "the mayor of Springfield",
    ],
)  # fmt: skip
def test_a_bare_office_a_former_one_and_one_that_may_be_two_are_nobody(phrase: str) -> None:
    assert holder(phrase, date(2024, 11, 3)) is None


def test_on_the_day_of_a_handover_and_after_what_is_known_an_office_is_nobody() -> None:
    assert holder("the UK prime minister", date(2024, 7, 4)) == "person:rishi-sunak"
    assert holder("the UK prime minister", date(2024, 7, 5)) is None
    assert holder("the UK prime minister", date(2024, 7, 6)) == "person:keir-starmer"
    assert holder("the UK prime minister", date(2025, 12, 31)) == "person:keir-starmer"
    assert holder("the UK prime minister", date(2026, 1, 1)) is None
    assert holder("the US president", date(2026, 1, 1)) == "person:donald-trump"  # its term has an end


def test_without_a_date_an_office_is_known_in_its_article_only() -> None:
    assert is_local(identity_of(actor("the UK prime minister", kind=ActorKind.UNNAMED), "art-1"))


def test_what_is_an_organisation_to_the_extractor_may_be_an_office_and_a_document_is_none() -> None:
    said = actor("US Secretary of State", kind=ActorKind.ORGANIZATION)
    identity = identity_of(said, "art-1", date(2024, 11, 3))
    link = registry.known(identity)
    assert link is not None
    assert (link.other, link.reason, link.probability) == ("person:antony-blinken", Reason.OFFICE, 0.96)
    assert identity_of(
        actor("US Secretary of State", kind=ActorKind.DOCUMENT), "art-1", date(2024, 11, 3)
    ).startswith("document:")


def test_words_that_name_another_office_than_the_one_they_are_taken_for_are_nobody() -> None:
    taken = actor(
        "France's president", kind=ActorKind.UNNAMED, mention="The president of the European Commission"
    )
    assert is_local(identity_of(taken, "art-1", date(2024, 11, 3)))
    resumed = actor("France's president", kind=ActorKind.UNNAMED, mention="The president")
    assert not is_local(identity_of(resumed, "art-1", date(2024, 11, 3)))


def test_a_holder_is_the_person_whom_names_mean() -> None:
    by_office = identity_of(
        actor("the UK prime minister", kind=ActorKind.UNNAMED), "art-1", date(2024, 11, 3)
    )
    names = {identity: name for identity in (by_office, "person:keir-starmer") if (name := read(identity))}
    assert set(resolved(names).values()) == {"person:keir-starmer"}


DAYS = st.dates(date(1900, 1, 1), date(2100, 12, 31))


@given(first=DAYS, length=st.integers(1, 4000), day=DAYS, cut=st.sampled_from([4, 7, 10]))
def test_a_term_covers_no_day_outside_of_it_however_little_is_known_of_its_ends(
    first: date, length: int, day: date, cut: int
) -> None:
    last = first + timedelta(length)
    term = Term("mayor", "London", first.isoformat()[:cut], last.isoformat()[:cut])
    found = offices.Offices([Entry("person:ida-holm", ("Ida Holm",), offices=(term,))]).term_of(
        "the mayor of London", day
    )
    assert found is None or first < day < last
    assert not (cut == 10 and first < day < last) or found == term


def test_two_who_came_into_one_office_on_one_day_are_not_told_apart() -> None:
    first = Term("mayor", "London", "2020-01-01", "2021-01-01")
    after = Term("mayor", "London", "2020-01-01", "2022-01-01")
    found = offices.Offices(
        [
            Entry("person:ida-holm", ("Ida Holm",), offices=(first,)),
            Entry("person:ana-lee", ("Ana Lee",), offices=(after,)),
        ]
    )
    assert found.term_of("the mayor of London", date(2021, 6, 1)) is None
    assert found.holds(offices.identity_of(after)) is None


def test_every_term_has_an_identity_of_its_own_and_words_that_lead_to_it() -> None:
    words = offices.words()
    titles = {title for titles in words.titles.values() for title in titles}
    places = {place for places in words.places.values() for place in places}
    entries = registry.in_use().entries
    terms = [
        term for entry in registry.shipped() for term in entry.offices if not term.title.startswith("US ")
    ]
    assert {term.title for term in terms} <= titles
    assert {term.place for term in terms} <= places | entries.keys()
    assert len({offices.identity_of(term) for term in terms}) == len(terms)
