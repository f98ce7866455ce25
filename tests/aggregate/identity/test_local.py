"""What an article itself settles: full names are known across articles, all else in its own."""

from __future__ import annotations

import pytest

from schemas.events import ActorKind
from services.aggregate.identity.local import identity_of, is_local
from services.aggregate.identity.mentions import name_in
from tests.support.statements import actor

PERSON, ORGANIZATION, GROUP = ActorKind.PERSON, ActorKind.ORGANIZATION, ActorKind.GROUP


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (PERSON, "Olsson"), (PERSON, "Carrow"), (PERSON, "Lord Carrow"), (PERSON, "Lady Carrow"), (PERSON, "Mr. Marlowe"),
        (PERSON, "Dr Okafor"), (PERSON, "Judge Reyes"), (PERSON, "Prime Minister"), (PERSON, "Office"), (PERSON, "Attorney General"),
        (PERSON, "Marlowe Jr."), (PERSON, "J. Smith"), (PERSON, "King Charles"), (PERSON, "拜登"),
        (ORGANIZATION, "Office"), (ORGANIZATION, "the Prime Minister's Office"), (ORGANIZATION, "Attorney General's Office"),
        (ORGANIZATION, "Foreign Ministry"), (ORGANIZATION, "Supreme Court"), (ORGANIZATION, "the police"), (ORGANIZATION, "City Council"),
        (ORGANIZATION, "VOTERS"), (ORGANIZATION, "supporters of Sanders"), (ORGANIZATION, "other Republicans"),
        (GROUP, "these"), (GROUP, "Officials"),
    ],
)  # fmt: skip
def test_a_surname_a_title_an_office_or_a_description_is_known_in_its_article_only(
    kind: ActorKind, name: str
) -> None:
    one, other = (identity_of(actor(name, kind=kind), article) for article in ("art-1", "art-2"))
    assert is_local(one)
    assert one != other
    assert one == identity_of(actor(name, kind=kind), "art-1")


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (PERSON, "Ana Lee"), (PERSON, "JD Vance"), (PERSON, "J. K. Rowling"), (PERSON, "Don Guardian"), (PERSON, "Sadio Mané"),
        (PERSON, "习近平"), (PERSON, "Владимир Путин"), (PERSON, "Martin O’Malley"), (PERSON, "Prime Minister Ana Lee"),
        (ORGANIZATION, "Reuters"), (ORGANIZATION, "World Bank"), (ORGANIZATION, "Ministry of Defence of Ukraine"),
        (ORGANIZATION, "NATO"), (ORGANIZATION, "Springfield Police"), (ORGANIZATION, "التلفزيون"), (GROUP, "Republicans"),
        (ActorKind.DOCUMENT, "Morning Consult poll"),
    ],
)  # fmt: skip
def test_a_name_is_known_across_articles(kind: ActorKind, name: str) -> None:
    named = actor(name, kind=kind)
    assert identity_of(named, "art-1") == identity_of(named, "art-2") == named.actor_id


def test_what_is_local_already_keeps_its_id() -> None:
    source = actor("a senior official", kind=ActorKind.UNNAMED)
    assert identity_of(source, "art-1") == source.actor_id


@pytest.mark.parametrize(
    ("mention", "name", "alias"),
    [
        (
            "its “national enterprise reporter” Stephanie McCrummen,",
            "Stephanie McCrummen",
            "Stephanie McCrummen",
        ),
        (
            "Ursula von der Leyen, the head of the European Commission,",
            "Ursula von der Leyen",
            "Ursula von der Leyen",
        ),
        ("McCrummen's colleague Ben Terris", "Ben Terris", "Ben Terris"),
        ("Ms. Lee", "Ana Lee", "Ms. Lee"),
        ("President Trump’s", "Donald Trump", "President Trump"),
        ("The Post", "The Washington Post", "Post"),
        ("نجيب محفوظ", "نجيب محفوظ", "نجيب محفوظ"),
        ("who", "Ana Lee", None),
        ("the mayor’s rival in both districts", "Ana Lee", None),
        ("the foundation", "Andy Warhol Foundation", None),
        ("the Prime Minister", "Keir Starmer", None),
    ],
)
def test_of_a_mention_only_the_name_is_an_alias(mention: str, name: str, alias: str | None) -> None:
    assert name_in(mention, name) == alias
