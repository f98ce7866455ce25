"""Who is who by name inside one article: titles, honours, nicknames, shortened names, namesakes."""

from __future__ import annotations

import pytest

from schemas.events import ActorKind, Resolution
from services.extract.actors.cast import Cast
from services.extract.types import Entity, Range
from tests.extract.test_actors import O, P, resolve


@pytest.mark.parametrize(
    ("text", "entities", "name"),
    [
        ("[[Adv Palesa Mohale]] said so.", {"Adv Palesa Mohale": P}, "Palesa Mohale"),
        (
            "Advocate Palesa Mohale came. [[Adv Mohale]] said so.",
            {"Palesa Mohale": P, "Adv Mohale": P},
            "Palesa Mohale",
        ),
        ("[[Hon. Wanjiru Kamau]] said so.", {"Hon. Wanjiru Kamau": P}, "Wanjiru Kamau"),
        ("[[Datuk Seri Rahim Omar]] said so.", {"Datuk Seri Rahim Omar": P}, "Rahim Omar"),
        ("[[Tan Sri Lim Kok Wah]] said so.", {"Sri Lim Kok Wah": P}, "Lim Kok Wah"),
        ("[[Berea DA Phahlane Mokoko]] said so.", {"DA Phahlane Mokoko": P}, "Phahlane Mokoko"),
        ("[[Berea DA Phahlane Mokoko]] said so.", {"Berea DA Phahlane Mokoko": P}, "Phahlane Mokoko"),
        ("[[Rear Admiral James Pell KC]] said so.", {"James Pell KC": P}, "James Pell"),
        ("[[Rt Hon Sally Brack OBE]] said so.", {"Rt Hon Sally Brack OBE": P}, "Sally Brack"),
        ("[[Mr Lee.]]", {}, "Lee"),
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
        (
            "María García López came. [[García López]] said so.",
            {"María García López": P, "García López": P},
            "María García López",
        ),
        (
            "María García López came. [[García]] said so.",
            {"María García López": P, "García": P},
            "María García López",
        ),
        (
            "Abu Hamza al-Masri left. [[Abu Hamza]] said so.",
            {"Abu Hamza al-Masri": P, "Abu Hamza": P},
            "Abu Hamza al-Masri",
        ),
        (
            "Ann Lee met Ann Lee Power and Ann Lee Rowan. [[Ann Lee]] said so.",
            {"Ann Lee": P, "Ann Lee Power": P, "Ann Lee Rowan": P},
            "Ann Lee",
        ),
        ("Wong Siew Lan came. [[Madam Wong]] said so.", {"Wong Siew Lan": P, "Wong": P}, "Wong Siew Lan"),
        ("Tan Wei Ming came. [[Mr Tan]] said so.", {"Tan Wei Ming": P, "Tan": P}, "Tan Wei Ming"),
        ("Robert “Tiny” Malone came. [[Malone]] said so.", {"Robert": P, "Malone": P}, "Robert Malone"),
        (
            "Mayor Eleanor “Nell” Hart came. [[Nell]] said so.",
            {"Eleanor": P, "Nell": P, "Hart": P},
            "Eleanor Hart",
        ),
        (
            "Mohammed bin Tariq met Hamdan bin Mohammed. [[Sheikh Mohammed]] said so.",
            {"Mohammed bin Tariq": P, "Hamdan bin Mohammed": P, "Sheikh Mohammed": P},
            "Mohammed bin Tariq",
        ),
    ],
)
def test_a_shortened_name_is_the_longest_one_it_is_part_of(
    text: str, entities: dict[str, str], name: str
) -> None:
    assert resolve(text, entities).name == name


@pytest.mark.parametrize(
    ("text", "entities", "name"),
    [
        ("Mrs Voss left. [[Mr Voss]] said so.", {"Voss": P}, "Mr Voss"),
        ("Lady Hallam left. [[Lord Hallam]] said so.", {"Hallam": P}, "Lord Hallam"),
        ("Sir Keith Dunn left. [[Lady Dunn]] said so.", {"Keith Dunn": P, "Dunn": P}, "Lady Dunn"),
        (
            "The Duke of Ferndale left. [[The Duchess of Ferndale]] said so.",
            {"Ferndale": P},
            "Duchess of Ferndale",
        ),
        (
            "The Bishop of Lorne left. The Earl of Lorne stayed. [[The bishop]] said so.",
            {"Lorne": "LOCATION"},
            "Bishop of Lorne",
        ),
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


@pytest.mark.parametrize(
    ("text", "entities", "name"),
    [
        ("The Bank of Norland met. [[The bank]] said so.", {"Bank of Norland": O}, "Bank of Norland"),
        (
            "Unicorn Airlines cut routes. [[The airline]] said so.",
            {"Unicorn Airlines": O},
            "Unicorn Airlines",
        ),
        ("[[Norway’s coastguard]] said so.", {"Norway": "LOCATION"}, "Norway’s coastguard"),
        (
            "Norway’s coastguard left. [[The coastguard]] said so.",
            {"Norway": "LOCATION"},
            "Norway’s coastguard",
        ),
        (
            "Sweden’s interior ministry left. [[The ministry]] said so.",
            {"Sweden": "LOCATION"},
            "Sweden’s interior ministry",
        ),
        ("Ann Lee’s bank left. [[The bank]] said so.", {"Ann Lee": P}, "The bank"),
        (
            "The Coastal Alliance (Nordhav) sued. [[Nordhav]] said so.",
            {"Coastal Alliance": O, "Nordhav": P},
            "Coastal Alliance",
        ),
        (
            "The Coastal Alliance (Nordhav) sued. [[Nordhav]] said so.",
            {"Coastal Alliance": O},
            "Coastal Alliance",
        ),
        (
            "The Coastal Alliance (Bergen) sued. [[Bergen]] said so.",
            {"Coastal Alliance": O, "Bergen": "LOCATION"},
            "Bergen",
        ),
        ("[[The Mayor’s Office]] said so.", {"Office": P}, "Mayor’s Office"),
    ],
)
def test_institutions_are_known_by_possessor_short_form_and_noun(
    text: str, entities: dict[str, str], name: str
) -> None:
    assert resolve(text, entities).name == name


@pytest.mark.parametrize(
    ("text", "entities", "name"),
    [
        ("It was Paul Dunn, not Jane Ames, [[who]] said so.", {"Paul Dunn": P, "Jane Ames": P}, "Paul Dunn"),
        ("It was Paul Dunn, rather than his boss, [[who]] said so.", {"Paul Dunn": P}, "Paul Dunn"),
        (
            "[[Ann Lee, the treasurer, and Bo Hill, the clerk,]] said so.",
            {"Ann Lee": P, "Bo Hill": P},
            "Ann Lee and Bo Hill",
        ),
        (
            "[[Karl Lund and his wife, Ingrid,]] said so.",
            {"Karl Lund": P, "Ingrid": P},
            "Karl Lund and Ingrid",
        ),
        (
            "[[Mayor Jack Moss and council leader Ruth Penn]] said so.",
            {"Jack Moss": P, "Ruth Penn": P},
            "Jack Moss and Ruth Penn",
        ),
        ("[[Paul Dunn, son of Jane Ames,]] said so.", {"Paul Dunn": P, "Jane Ames": P}, "Paul Dunn"),
        (
            "[[Ann Lee and Bo Hill]] came. [[The pair]] said so.",
            {"Ann Lee": P, "Bo Hill": P},
            "Ann Lee and Bo Hill",
        ),
        ("[[Ann Lee and Bo Hill]] came. [[The former]] said so.", {"Ann Lee": P, "Bo Hill": P}, "Ann Lee"),
        ("[[Ann Lee and Bo Hill]] came. [[The latter]] said so.", {"Ann Lee": P, "Bo Hill": P}, "Bo Hill"),
        ("Kelly Marsh, 32, cried. [[The mum-of-two]] said so.", {"Kelly Marsh": P}, "Kelly Marsh"),
        ("Kelly Marsh, 32, cried. [[The baker]] said so.", {"Kelly Marsh": P}, "Kelly Marsh"),
        (
            "Kelly Marsh cried when a young baker came. [[The baker]] said so.",
            {"Kelly Marsh": P},
            "The baker",
        ),
        ("Kelly Marsh, 32, cried. [[The spokesman]] said so.", {"Kelly Marsh": P}, "The spokesman"),
        ("[[A Treasury official]] came. [[The official]] said so.", {}, "A Treasury official"),
        ("[[Another villager, Lipolelo Potobere,]] said so.", {}, "Lipolelo Potobere"),
        ("Ann Lee left. “I like Jane Poe,” [[she]] said.", {"Ann Lee": P, "Jane Poe": P}, "Ann Lee"),
        ("“I like Jane Poe.” That is what [[she]] said.", {"Jane Poe": P}, "she"),
        ("“We left. Democrats won,” [[they]] said.", {"Democrats": "MISC"}, "they"),
    ],
)
def test_who_is_meant_by_a_word_is_who_was_described_so(
    text: str, entities: dict[str, str], name: str
) -> None:
    assert resolve(text, entities).name == name


@pytest.mark.parametrize(
    ("headline", "swallowed", "name"),
    [
        ("Ruth Penn Slams Harbour Plan", "Ruth Penn Slams", "Ruth Penn"),
        (
            "Mayor Ruth Penn Blasts ‘Absurd’ Harbour Plan: ‘It Will Cost Millions.’",
            "Ruth Penn Blasts",
            "Ruth Penn",
        ),
        ("Exclusive: Ruth Penn Quits Over Harbour Plan", "Ruth Penn Quits", "Ruth Penn"),
        ("Watch Ruth Penn leave the hall", "Watch Ruth Penn", "Ruth Penn"),
        ("Ruth Penn Hale wins", "Ruth Penn Hale", "Ruth Penn Hale"),
    ],
)
def test_capitals_of_a_headline_do_not_lengthen_a_name(headline: str, swallowed: str, name: str) -> None:
    told = "Ruth Penn spoke. “No,” said [[Penn]]."
    if name == swallowed:  # the report has the long form as well
        told = f"{swallowed}, the mayor, spoke. {told}"
    text = f"{headline}\n\n{told}"

    assert resolve(text, {swallowed: P, "Ruth Penn": P, "Penn": P}).name == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("A nurse wept. “I am Dana,” read her badge.\n\nBut [[she]] said so.", "Dana"),
        ("“Call me Dana,” the note said.\n\nThe nurse was tired.\n\nThen [[she]] said so.", "Dana"),
        ("“I like Dana.” That is what [[she]] said.", "she"),
    ],
)
def test_whom_only_quotations_name_is_meant_later_and_not_beside_them(text: str, name: str) -> None:
    assert resolve(text, {"Dana": P}).name == name


def test_the_mention_of_somebody_named_is_the_name_alone() -> None:
    actor = resolve("[[Ida Holm, the transport minister, who is 60,]] said so.", {"Ida Holm": P})

    assert actor.mention is not None
    assert actor.mention.exact == "Ida Holm"
