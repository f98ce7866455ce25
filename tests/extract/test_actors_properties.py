"""What holds of the actors of any text, whatever stands in it and whatever the tagger saw."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from types import FrameType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.events import Actor, ActorKind
from services.extract.actors.cast import Cast
from services.extract.actors.names import fold, gender_of_given, person_name
from services.extract.actors.resolve import Resolver
from services.extract.text.quotes import quoted_stretches
from services.extract.text.sentences import sentences
from services.extract.types import Attribution, Entity, Range

VOCABULARY = """
he she who they it his I Anna Lee Paul Jones Bill Hillary Clinton Mr. Mrs. King Jr. the senator a judge officials @anna_l the and of for
said wife ex-wife his remarks statement 45 U.S. Van der J. , . : ; ! “ ” " ' ’s -- — ( )
"""
WORDS = st.sampled_from([*VOCABULARY.split(), "\n\n"])
LETTERS = st.characters(codec="utf-8", exclude_characters="\0")  # normalised texts have no NUL
TEXT = st.one_of(st.text(LETTERS, max_size=150), st.lists(WORDS, max_size=60).map(" ".join))
SPANS = st.lists(st.tuples(st.integers(0, 250), st.integers(1, 25)), max_size=8)
LABELS = st.sampled_from(["PERSON", "ORGANIZATION", "LOCATION", "MISC"])
ENTITIES = st.lists(st.tuples(st.integers(0, 250), st.integers(1, 25), LABELS), max_size=10)


def ranges(text: str, spans: list[tuple[int, int]]) -> list[Range]:
    cut = [Range(start, min(len(text), start + length)) for start, length in spans if start < len(text)]
    return [span for span in cut if text[span.start : span.end].strip()]


def entities_of(text: str, spans: list[tuple[int, int, str]]) -> list[Entity]:
    return [
        Entity(Range(a, min(len(text), a + n)), label, 0.5 + n / 100)
        for a, n, label in spans
        if a < len(text)
    ]


def resolver(text: str, entities: list[Entity], sources: list[Range]) -> Resolver:
    return Resolver(
        text,
        article_id="a",
        entities=entities,
        attributions=[Attribution("indirect", (Range(0, 1),), source, None, 0.9) for source in sources],
        sentences=sentences(text),
        quoted=quoted_stretches(text),
    )


@given(TEXT, ENTITIES, SPANS)
def test_every_source_gets_an_actor_whose_mention_is_its_words(
    text: str, seen: list[tuple[int, int, str]], spans: list[tuple[int, int]]
) -> None:
    sources = ranges(text, spans)
    made = resolver(text, entities_of(text, seen), sources)
    for source in sources:
        actor = made.resolve(source)
        assert actor.mention is not None
        assert text[actor.mention.start : actor.mention.end] == actor.mention.exact
        assert source.start <= actor.mention.start
        assert actor.mention.end <= source.end
        assert 0.0 <= actor.confidence <= 1.0


@given(TEXT, ENTITIES, SPANS, st.randoms(use_true_random=False))
def test_actors_do_not_depend_on_the_order_of_attributions_or_entities(text, seen, spans, random) -> None:  # type: ignore[no-untyped-def]
    sources, entities = ranges(text, spans), entities_of(text, seen)

    def actors(asked: list[Range]) -> dict[Range, Actor]:
        made = resolver(text, entities, asked)
        return {source: made.resolve(source) for source in asked}

    first = actors(sources)
    random.shuffle(sources)
    assert actors(sources) == first


@given(TEXT, ENTITIES)
def test_mentions_are_words_of_the_text_and_each_person_has_one_given_name_and_gender(
    text: str, seen: list[tuple[int, int, str]]
) -> None:
    cast = Cast(text, entities_of(text, seen))
    for member in cast.members:
        for mention in member.mentions:
            assert text[mention.span.start : mention.span.end].strip()
            assert mention.name in member.names
    for member in cast.people:
        full = [person_name(tuple(name.split())) for name in member.names if " " in name]
        given_names = {fold(name.given) for name in full if name.given and len(fold(name.given)) > 1}
        assert len(given_names) <= 1  # never two first names under one surname; initials may stand for one
        assert len({name.suffix for name in full}) <= 1
        assert len({gender for name in full if name.given and (gender := gender_of_given(name.given))}) <= 1


FIRST = st.sampled_from(["Bill", "Hillary", "Anna", "Paul", "Chelsea", "Jörg"])


@given(st.lists(FIRST, min_size=2, max_size=4, unique=True), st.sampled_from(["Clinton", "Lee", "King"]))
def test_bearers_of_one_surname_stay_apart(first_names: list[str], surname: str) -> None:
    text = "".join(f"{first} {surname} said so. " for first in first_names)
    sources = [Range(*match.span()) for match in re.finditer(rf"\w+ {surname}", text)]
    made = resolver(text, [Entity(source, "PERSON", 0.9) for source in sources], sources)
    actors = [made.resolve(source) for source in sources]
    assert [actor.name for actor in actors] == [f"{first} {surname}" for first in first_names]
    assert all(actor.kind is ActorKind.PERSON for actor in actors)
    assert len({actor.actor_id for actor in actors}) == len(first_names)


@given(
    st.sampled_from(["he", "she"]),
    st.lists(st.sampled_from(["Anna Lee", "Jane Poe", "Paul Jones", "Bill Hill"]), min_size=1, max_size=6),
)
def test_no_pronoun_leads_to_somebody_of_the_other_gender(pronoun: str, names: list[str]) -> None:
    text = " ".join(f"{name} came." for name in names) + f" Then {pronoun} said so."
    source = Range(*re.search(rf"\b{pronoun}\b", text).span())  # type: ignore[union-attr]
    entities = [
        Entity(Range(*match.span()), "PERSON", 0.9)
        for name in set(names)
        for match in re.finditer(name, text)
    ]
    actor = resolver(text, entities, [source]).resolve(source)
    assert (
        actor.name in (("Paul Jones", "Bill Hill") if pronoun == "he" else ("Anna Lee", "Jane Poe"))
        or actor.kind is ActorKind.UNNAMED
    )


SHAPES = {
    "news": (
        "Anna Lee, a senator, met Paul Jones in Rome. “He is fine,” she said. They said they know. Lee, who"
        " left, said it.\n\n"
    ),
    "one sentence": "Anna Lee met Paul Jones and he said she knew ",
    "pronouns": "he she his her they it ",
    "one name": "Anna ",
    "a list": "Anna Lee, Paul Jones and ",
    "dashes": " -- who said -- Anna Lee -- who ",
    "handles": "@anna_l\n",
    "quotations": "“Anna” he said ",
    "plurals": "officials said they ",
}


def calls(work: Callable[[], object]) -> int:
    """How many functions ``work`` calls, written in Python or not: the same number on every machine."""
    count = 0

    def counter(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(counter)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("unit", SHAPES.values(), ids=SHAPES)
def test_work_grows_with_the_length_of_the_text(unit: str) -> None:
    def work(length: int) -> Callable[[], object]:
        text = unit * (length // len(unit))
        names = re.finditer(r"Anna Lee|Paul Jones|Anna|Lee", text)
        entities = [Entity(Range(*match.span()), "PERSON", 0.9) for match in names]
        sources = [
            Range(*match.span()) for match in re.finditer(r"\b(?:[Hh]e|she|who|[Tt]hey|it|his|Lee)\b", text)
        ]
        return lambda: resolver(text, entities, sources)

    assert calls(work(16_000)) < 6 * calls(work(4_000))  # linear is 4, quadratic is 16


MANY = {
    "bearers of one surname": "# Lee came. Lee said so. ",
    "initials of one surname": "Anna# Lee came. #. Lee left. Lee said so. ",
    "middle names of one person": "Anna # Lee came. Lee said so. ",
    "holders of one office": "Senator # came. The senator said so. ",
    "descriptions of the holders of one office": "Senator Lee # came. The # senator said so. ",
    "roles of one person": "Anna Lee, a #er, came. The #er said so. ",
    "organisations": "The # Bank came. The bank said so. ",
}


def letters(number: int) -> str:
    """Another word for every number."""
    return chr(ord("A") + number % 26) + (letters(number // 26 - 1).lower() if number >= 26 else "")


@pytest.mark.parametrize("unit", MANY.values(), ids=MANY)
def test_work_grows_with_the_length_of_the_text_whoever_it_names(unit: str) -> None:
    def work(count: int) -> Callable[[], object]:
        text = "".join(unit.replace("#", letters(number)) for number in range(count))
        label = "ORGANIZATION" if "Bank" in unit else "PERSON"
        entities = [
            Entity(Range(*match.span()), label, 0.9)
            for match in re.finditer(r"(?!The\b)[A-Z]\w*\.?(?: [A-Z]\w*)*", text)
        ]
        sources = [Range(*match.span()) for match in re.finditer(r"(?:The (?:\w+ )?)?\w+(?= said)", text)]
        return lambda: resolver(text, entities, sources)

    work(1)()  # what is loaded once is loaded
    assert calls(work(800)) < 6 * calls(work(200))  # linear is 4, quadratic is 16
