"""Who is who by name inside one article: titles, honours, nicknames, shortened names, namesakes."""

from __future__ import annotations

import pytest

from schemas.events import ActorKind, Resolution
from services.extract.actors.cast import Cast
from services.extract.types import Entity, Range
from tests.extract.test_actors import P, resolve


@pytest.mark.parametrize(
    ("text", "entities", "name"),
    [
        ("[[Adv Palesa Mohale]] said so.", {"Adv Palesa Mohale": P}, "Palesa Mohale"),
        ("Advocate Palesa Mohale came. [[Adv Mohale]] said so.", {"Palesa Mohale": P, "Adv Mohale": P}, "Palesa Mohale"),
        ("[[Hon. Wanjiru Kamau]] said so.", {"Hon. Wanjiru Kamau": P}, "Wanjiru Kamau"),
        ("[[Datuk Seri Rahim Omar]] said so.", {"Datuk Seri Rahim Omar": P}, "Rahim Omar"),
        ("[[Tan Sri Lim Kok Wah]] said so.", {"Sri Lim Kok Wah": P}, "Lim Kok Wah"),
        ("[[Berea DA Phahlane Mokoko]] said so.", {"DA Phahlane Mokoko": P}, "Phahlane Mokoko"),
        ("[[Berea DA Phahlane Mokoko]] said so.", {"Berea DA Phahlane Mokoko": P}, "Phahlane Mokoko"),
        ("[[Rear Admiral James Pell KC]] said so.", {"James Pell KC": P}, "James Pell"),
        ("[[Rt Hon Sally Brack OBE]] said so.", {"Rt Hon Sally Brack OBE": P}, "Sally Brack"),
        ("JD Vance came. [[Vance]] said so.", {"JD Vance": P, "Vance": P}, "JD Vance"),
        ("JANE ROE came. [[Roe]] said so.", {"JANE ROE": P, "Roe": P}, "JANE ROE"),
    ],
)
def test_titles_and_honours_are_no_part_of_a_name(text: str, entities: dict[str, str], name: str) -> None:
    actor = resolve(text, entities)

    assert (actor.name, actor.kind) == (name, ActorKind.PERSON)


def test_a_title_before_a_given_name_outweighs_a_label_the_tagger_is_unsure_of() -> None:
    text = "The party leader Magdalena Baba met the retailer John Lewis."
    names = [Entity(Range(17, 31), "ORGANIZATION", 0.5), Entity(Range(49, 59), "ORGANIZATION", 0.9)]

    assert [person.name for person in Cast(text, names).people] == ["Magdalena Baba"]


@pytest.mark.parametrize(
    ("text", "entities", "name"),
    [
        ("María García López came. [[García López]] said so.", {"María García López": P, "García López": P}, "María García López"),
        ("María García López came. [[García]] said so.", {"María García López": P, "García": P}, "María García López"),
        ("Abu Hamza al-Masri left. [[Abu Hamza]] said so.", {"Abu Hamza al-Masri": P, "Abu Hamza": P}, "Abu Hamza al-Masri"),
        (
            "Ann Lee met Ann Lee Power and Ann Lee Rowan. [[Ann Lee]] said so.",
            {"Ann Lee": P, "Ann Lee Power": P, "Ann Lee Rowan": P},
            "Ann Lee",
        ),
        ("Wong Siew Lan came. [[Madam Wong]] said so.", {"Wong Siew Lan": P, "Wong": P}, "Wong Siew Lan"),
        ("Tan Wei Ming came. [[Mr Tan]] said so.", {"Tan Wei Ming": P, "Tan": P}, "Tan Wei Ming"),
        ("Robert “Tiny” Malone came. [[Malone]] said so.", {"Robert": P, "Malone": P}, "Robert Malone"),
        ("Mayor Eleanor “Nell” Hart came. [[Nell]] said so.", {"Eleanor": P, "Nell": P, "Hart": P}, "Eleanor Hart"),
        (
            "Mohammed bin Tariq met Hamdan bin Mohammed. [[Sheikh Mohammed]] said so.",
            {"Mohammed bin Tariq": P, "Hamdan bin Mohammed": P, "Sheikh Mohammed": P},
            "Mohammed bin Tariq",
        ),
    ],
)
def test_a_shortened_name_is_the_longest_one_it_is_part_of(text: str, entities: dict[str, str], name: str) -> None:
    assert resolve(text, entities).name == name


@pytest.mark.parametrize(
    ("text", "entities", "name"),
    [
        ("Mrs Voss left. [[Mr Voss]] said so.", {"Voss": P}, "Mr Voss"),
        ("Lady Hallam left. [[Lord Hallam]] said so.", {"Hallam": P}, "Lord Hallam"),
        ("Sir Keith Dunn left. [[Lady Dunn]] said so.", {"Keith Dunn": P, "Dunn": P}, "Lady Dunn"),
        ("The Duke of Ferndale left. [[The Duchess of Ferndale]] said so.", {"Ferndale": P}, "Duchess of Ferndale"),
        ("The Bishop of Lorne left. The Earl of Lorne stayed. [[The bishop]] said so.", {"Lorne": "LOCATION"}, "Bishop of Lorne"),
        ("[[Mr Voss]] said so.", {"Voss": P}, "Voss"),
    ],
)
def test_titles_tell_bearers_of_one_name_apart(text: str, entities: dict[str, str], name: str) -> None:
    actor = resolve(text, entities)

    assert (actor.name, actor.kind) == (name, ActorKind.PERSON)


def test_somebody_known_by_a_civil_title_and_a_surname_is_known_in_this_article_only() -> None:
    mr, duke = (
        resolve(text, entities)
        for text, entities in [
            ("Mrs Voss left. [[Mr Voss]] said so.", {"Voss": P}),
            ("[[The Duke of Ferndale]] said so.", {"Ferndale": P}),
        ]
    )

    assert mr.actor_id.startswith("unnamed-")
    assert duke.actor_id == "person:duke-of-ferndale"


def test_a_surname_that_two_bear_is_left_open_where_nothing_tells_them_apart() -> None:
    names = {"Peter Olsen": P, "Erik Olsen": P, "Olsen": P}

    tied = resolve("Peter Olsen met Erik Olsen.\n\n[[Olsen]] said so.", names)
    oftener = resolve("Peter Olsen met Erik Olsen. Peter Olsen left.\n\n[[Olsen]] said so.", names)
    latest = resolve("Peter Olsen left.\n\nErik Olsen came.\n\n[[Olsen]] said so.", names)

    assert tied.resolution is Resolution.UNRESOLVED
    assert (oftener.name, latest.name) == ("Peter Olsen", "Erik Olsen")
    assert 0.5 < oftener.confidence < 0.9 > latest.confidence > 0.5
