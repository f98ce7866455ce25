"""Kinds of reports that the network alone gets wrong, on whole sentences: who speaks, and which words are
speech at all."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from schemas.events import Article
from services.extract.extract import Extractor

Read = Callable[[str], list[tuple[str | None, list[str]]]]


FULL_STOPS = [
    ("“The road is closed,” said Ames. Hale, the mayor, disagreed.", [("Ames", "“The road is closed,”")]),
    (
        "“We are out of flour,” said Perrin. Okoye, who runs the bakery, shrugged.",
        [("Perrin", "“We are out of flour,”")],
    ),
    (
        "The road is closed, said Malone. Dwayne Brooks, a farmer, said he would walk.",
        [("Malone", "The road is closed"), ("Dwayne Brooks, a farmer,", "he would walk")],
    ),
    (
        "“Will you resign?” asked Labour MP Dan Holt. “No,” said the minister, Rhys Cole.",
        [("Labour MP Dan Holt", "“Will you resign?”"), ("the minister, Rhys Cole", "“No,”")],
    ),
    ("“It is late,” said John A. Smith Jr.", [("John A. Smith Jr.", "“It is late,”")]),
]


@pytest.mark.parametrize(("text", "wanted"), FULL_STOPS, ids=[text[:30] for text, _ in FULL_STOPS])
def test_a_source_ends_with_its_sentence(read: Read, text: str, wanted: list[tuple[str, str]]) -> None:
    assert read(text) == [(source, [content]) for source, content in wanted]


RELAYED = [
    ("“The port will stay shut,” the Harbour News Agency quoted deputy minister Li Guoqiang as saying on Monday.",
     "deputy minister Li Guoqiang", "“The port will stay shut,”"),
    ("State media quoted President Omar Haddad as saying the port would stay shut.",
     "President Omar Haddad", "the port would stay shut"),
    ("Police were quoted by the Daily Herald as saying the man had fled.", "Police", "the man had fled"),
    ("Dunn quoted the mayor, Rosa Lind, as saying: “The well is dry.”", "the mayor, Rosa Lind", "“The well is dry.”"),
    ("Local media cited witnesses as saying two men ran away.", "witnesses", "two men ran away"),
    ("“It is over,” Marta Bell was quoted as telling the court.", "Marta Bell", "“It is over,”"),
    ("She was cited by the paper as saying the vote was “a farce.”", "She", "the vote was “a farce.”"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "source", "content"), RELAYED, ids=[text[:30] for text, *_ in RELAYED])
def test_whoever_is_quoted_as_saying_it_has_said_it(read: Read, text: str, source: str, content: str) -> None:
    assert read(text) == [(source, [content])]


def test_the_same_as_saying_quotes_nobody(read: Read) -> None:
    assert all(source is None for source, _ in read("Walking out is not the same as saying that he lied."))


NAMELESS = [
    "A witness, who declined to be named, saw the car.",
    "The official declined to be named because he was not authorised to speak.",
    "She asked not to be named.",
    "Two drivers requested anonymity to speak freely.",
    "The clerk refused to give her name.",
]


@pytest.mark.parametrize("text", NAMELESS)
def test_that_a_source_is_not_to_be_named_is_no_statement(read: Read, text: str) -> None:
    assert read(text) == []


def test_a_wish_about_another_name_is_one(read: Read) -> None:
    assert [source for source, _ in read("The council asked that the street be named after Bell.")] == [
        "The council"
    ]


CLEFTS = [
    ("It was Paul Dunn, not Jane Ames, who said the road was closed.", "Paul Dunn", "the road was closed"),
    ("It was the mayor who said that taxes would rise.", "the mayor", "that taxes would rise"),
    (
        "It was not Lee but his deputy, Ana Roth, who told reporters the port was shut.",
        "his deputy, Ana Roth",
        "the port was shut",
    ),
    (
        "It was Marta Bell and not her brother who warned that the bank would fail.",
        "Marta Bell",
        "that the bank would fail",
    ),
    (
        "It was Paul Dunn — not Jane Ames — who told the court that the well was dry.",
        "Paul Dunn",
        "that the well was dry",
    ),
    (
        "It is the director, Tom Hale, who says the school must close.",
        "the director, Tom Hale",
        "the school must close",
    ),
]


@pytest.mark.parametrize(("text", "source", "content"), CLEFTS, ids=[text[:30] for text, *_ in CLEFTS])
def test_it_was_somebody_who_said_it(read: Read, text: str, source: str, content: str) -> None:
    assert read(text) == [(source, [content])]


def test_it_was_not_him_who_said_it(read: Read) -> None:
    assert ("Lee", ["so"]) not in read("It was not Lee who said so.")


POLLS = [
    (
        "According to a poll of 1,004 adults, most want a new bridge.",
        "a poll of 1,004 adults",
        "most want a new bridge",
    ),
    (
        "Most want a new bridge, according to a poll of 1,004 adults.",
        "a poll of 1,004 adults",
        "Most want a new bridge",
    ),
    (
        "A survey of 2,300 doctors found that hours were too long.",
        "A survey of 2,300 doctors",
        "that hours were too long",
    ),
]


@pytest.mark.parametrize(("text", "source", "content"), POLLS, ids=[text[:30] for text, *_ in POLLS])
def test_a_number_does_not_end_a_source(read: Read, text: str, source: str, content: str) -> None:
    assert read(text) == [(source, [content])]


def test_a_number_does_not_end_an_actor_s_name(extractor: Extractor, article: Callable[..., Article]) -> None:
    found = extractor.extract(article("A poll of 1,004 adults found that most want a new bridge."))
    assert [item.actor.name for item in found.attributions] == ["A poll of 1,004 adults"]


def test_a_noun_behind_a_quotation_is_no_verb_of_saying(read: Read) -> None:
    text = "Farida Khan turned to the reporters. “Nobody warned us about the dam.” The reporters took notes."
    assert [source for source, _ in read(text)] == ["Farida Khan"]


def test_a_sentence_in_brackets_ends_before_them(read: Read) -> None:
    assert read("(Ames said that she had not been asked.)") == [("Ames", ["that she had not been asked"])]
