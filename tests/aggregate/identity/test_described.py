"""What articles say of people, and what it tells apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.ids import borne_name
from services.aggregate.identity.described import candidates_apart, described, parsed, same, told_apart

IDA = "person:ida-holmqvist"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Texas senator Ida Holmqvist said no.", "politics.us"),
        ("“No,” said Sen. Ida Holmqvist.", "politics."),
        ("U.S. Senator Ida Holmqvist of Texas said no.", "politics.us"),
        ("Ida Holmqvist, the former prime minister of Denmark, said no.", "politics.dk"),
        ("Ida Holmqvist, Japan’s finance minister, said no.", "politics.jp"),
        ("French agriculture minister Ida Holmqvist said no.", "politics.fr"),
        ("Ida Holmqvist (a baker in Lyon) said no.", "private.fr"),
        ("Ida Holmqvist, who lives in New York, said no.", ".us"),
        ("Lawyer Ida Holmqvist, a senator, said no.", "law+politics."),
        ("It was Ida Holmqvist, a surgeon.", "medicine."),
        ("Ida Holmqvist said no.", None),
        ("Ida Holmqvist, who told the French president so, left.", None),
        ("The French president met Ida Holmqvist.", None),
        ("Ida Holmqvist, a spokeswoman for the prime minister of Spain, said no.", ".es"),
        ("Said the mayor: Ida Holmqvist is late.", None),
        ("Frida Holmqvist, a baker in Lyon, said no.", None),
    ],
)
def test_what_an_article_says_of_a_person(text: str, told: str | None) -> None:
    assert described("Ida Holmqvist", text, "example.co.uk") == told


def test_the_outlets_country_stands_in_for_a_name_that_many_bear() -> None:
    assert described("John Walker", "John Walker said so.", "kentpost.co.uk") == ".gb"
    assert described("John Walker", "John Walker, a poet in Boston, said so.", "kentpost.co.uk") == "arts.us"
    assert described("John Walker", "John Walker said so.", "kentpost.com") is None
    assert described("John Walker", "John Walker said so.", "Gazette") is None


@pytest.mark.parametrize(
    ("descriptions", "persons"),
    [
        (["politics.us", "private.gb"], 2),
        (["politics.us", "private."], 2),
        (["politics.us", "politics.fr"], 2),
        (["politics.us", "politics."], 1),
        (["politics.us", ".us"], 1),
        (["politics.us", "law.us"], 1),
        (["sport.ng", "sport.gb"], 1),
        (["law+politics.us", "law.us", "politics.us"], 1),
        (["arts.", "clergy."], 2),
        (["politics.us"], 1),
        ([], 1),
    ],
)
def test_what_contradicts_tells_two_people_apart(descriptions: list[str], persons: int) -> None:
    assert max(1, len(set(told_apart(IDA, descriptions).values()))) == persons


def test_what_may_be_said_of_either_stays_with_the_name() -> None:
    apart = told_apart(IDA, ["politics.us", "politics.fr", "politics."])
    assert apart == {"politics.us": f"{IDA}@politics.us", "politics.fr": f"{IDA}@politics.fr"}
    shown = candidates_apart(IDA, ["politics.us", "politics.fr", "politics."])
    assert {(one, other) for one, other, _ in shown} == {
        (IDA, f"{IDA}@politics.us"), (IDA, f"{IDA}@politics.fr"), (f"{IDA}@politics.fr", f"{IDA}@politics.us"),
    }  # fmt: skip
    assert all(probability < 0.95 for _, _, probability in shown)


def test_the_id_of_one_of_several_holds_the_names() -> None:
    assert borne_name(f"{IDA}@politics.us") == IDA
    assert borne_name(IDA) is None
    assert borne_name("person:adam-smith@Q350916") is None, "an id of the registry"


DESCRIPTIONS = st.sampled_from(
    [
        f"{role}.{place}"
        for role in ("", "politics", "law", "private", "law+politics")
        for place in ("", "us", "fr")
    ]
)


@given(found=st.lists(DESCRIPTIONS.filter(lambda said: said != "."), max_size=8), data=st.data())
def test_persons_depend_on_nothing_but_which_descriptions_there_are(
    found: list[str], data: st.DataObject
) -> None:
    shuffled: list[str] = data.draw(st.permutations([*found, *found[:2]]))
    apart = told_apart(IDA, found)
    assert told_apart(IDA, shuffled) == apart
    assert set(apart) <= set(found)
    assert not apart or len(set(apart.values())) > 1
    assert all(person.startswith(f"{IDA}@") for person in apart.values())


@given(one=DESCRIPTIONS, other=DESCRIPTIONS, common=st.booleans())
def test_evidence_is_the_same_from_either_side(one: str, other: str, *, common: bool) -> None:
    assert same(parsed(one), parsed(other), common=common) == same(parsed(other), parsed(one), common=common)
