"""Which names are one: pairs, ambiguity, and that nothing but the names on record matters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.aggregate.identity import registry
from services.aggregate.identity.deciding import resolved
from services.aggregate.identity.linking import BAR, Reason, compared, linked
from services.aggregate.identity.names import Name, keys, read


def name(key: str) -> Name:
    found = read(key if ":" in key else f"person:{key}")
    assert found is not None
    return found


def actors(*names: str) -> dict[str, str]:
    found = resolved({one.identity: one for one in map(name, names)})
    return {identity.partition(":")[2]: actor.partition(":")[2] for identity, actor in found.items()}


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        ("volodymyr-zelensky", "volodymyr-zelenskyy", Reason.SPELLING),
        ("volodymyr-zelensky", "володимир-зеленський", Reason.SPELLING),
        ("vladimir-zelensky", "volodymyr-zelenskiy", Reason.SPELLING),
        ("muammar-gaddafi", "moammar-qadhafi", Reason.SPELLING),
        ("bashar-al-assad", "bashar-assad", Reason.SPELLING),
        ("martin-o-malley", "martin-omalley", Reason.SPELLING),
        ("j-k-rowling", "jk-rowling", Reason.SPELLING),
        ("xi-jinping", "jinping-xi", Reason.ORDER),
        ("hillary-clinton", "hillary-rodham-clinton", Reason.MIDDLE_NAME),
        ("bill-clinton", "william-jefferson-clinton", Reason.NICKNAME),
        ("pedro-sanchez", "pedro-sanchez-perez-castejon", Reason.SHORTENED),
        ("organization:apple", "organization:apple-inc", Reason.SPELLING),
        ("organization:world-health-organization", "organization:world-health-organisation", Reason.SPELLING),
    ],
)
def test_one_name_in_two_forms_is_linked(one: str, other: str, reason: Reason) -> None:
    found, back = compared(name(one), name(other)), compared(name(other), name(one))
    assert found is not None
    assert back is not None
    assert (found.reason, found.probability) == (back.reason, back.probability)
    assert found.reason is reason
    assert found.probability >= BAR
    assert set(keys(name(one))) & set(keys(name(other)))
    assert len(set(actors(one, other).values())) == 1, "by the registry or by the link"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("donald-trump", "donald-trump-jr"),
        ("john-kennedy-jr", "john-kennedy-sr"),
        ("bill-clinton", "hillary-clinton"),
        ("john-smith", "jane-smith"),
        ("hans-anderson", "hans-andersen"),
        ("kim-jong-un", "kim-jong-il"),
        ("thomas-james", "james-thomas"),
        ("carl-anders", "karl-anders"),
        ("ana-lee", "anna-lee"),
        ("mary-smith", "mary-jane-smith"),
        ("organization:labor-party", "organization:labour-party"),
        ("organization:bank-of-england", "organization:bank-of-ireland"),
    ],
)
def test_two_names_stay_two(one: str, other: str) -> None:
    assert len(set(actors(one, other).values())) == 2


def test_a_name_that_may_be_either_of_two_is_neither_and_they_are_its_candidates() -> None:
    plain, one, other = map(name, ("philip-hargrove", "philip-edmund-hargrove", "philip-julian-hargrove"))
    assert linked(plain, [one]).link is not None
    decision = linked(plain, [one, other])
    assert decision.link is None
    assert {link.other for link in decision.candidates} == {one.identity, other.identity}
    assert (
        len(set(actors("philip-hargrove", "philip-edmund-hargrove", "philip-julian-hargrove").values())) == 3
    )


def test_the_plainest_name_is_the_actors_id() -> None:
    assert set(actors("william-jefferson-hale", "william-hale", "bill-hale").values()) == {"bill-hale"}


GIVEN = ("anna", "ana", "bill", "william", "yevgeny", "evgeny", "vladimir", "volodymyr", "xi", "mary")
MIDDLE = ("", "-jane", "-ann", "-j")
SURNAME = (
    "zelensky",
    "zelenskyy",
    "o-malley",
    "omalley",
    "jinping",
    "smith",
    "al-assad",
    "assad",
    "castejon",
)


@st.composite
def names(draw: st.DrawFn) -> list[str]:
    parts = st.tuples(
        st.sampled_from(GIVEN),
        st.sampled_from(MIDDLE),
        st.sampled_from(SURNAME),
        st.sampled_from(("", "-jr")),
    )
    made: list[tuple[str, str, str, str]] = draw(st.lists(parts, min_size=1, max_size=12, unique=True))
    return [f"person:{given}{middle}-{surname}{suffix}" for given, middle, surname, suffix in made]


@given(found=names(), data=st.data())
def test_links_depend_on_nothing_but_which_names_there_are(found: list[str], data: st.DataObject) -> None:
    shuffled: list[str] = data.draw(st.permutations(found))
    assert resolved({key: name(key) for key in found}) == resolved({key: name(key) for key in shuffled})


@given(found=names())
def test_an_actor_is_one_of_the_names_and_its_own(found: list[str]) -> None:
    made = resolved({key: name(key) for key in found})
    assert set(made) == set(found)
    entries = registry.in_use().entries
    assert all(actor in entries or made[actor] == actor for actor in made.values())
