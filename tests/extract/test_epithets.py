"""A capitalised word before somebody's full name is no part of it, though the tagger takes it for a name."""

from __future__ import annotations

import pytest

from services.extract.actors.entities import snap
from services.extract.actors.tokens import Tokens
from services.extract.types import Entity, Range


def names(text: str, *entities: str) -> list[str]:
    found, reached = [], 0
    for entity in entities:
        start = text.index(entity, reached)
        reached = start + len(entity)
        found.append(Entity(Range(start, reached), "PERSON", 0.9))
    return [text[slice(*item.span)] for item in snap(Tokens(text), found)]


@pytest.mark.parametrize("word", ["Brave", "Plucky", "Heartbroken"])
def test_an_epithet_stays_outside_the_name(word: str) -> None:
    text = f"{word} Sam Hill has described the crash. Sam Hill said the driver wrote to him."
    assert names(text, word, "Sam Hill", "Sam Hill") == [word, "Sam Hill", "Sam Hill"]


def test_a_name_in_two_pieces_is_still_one() -> None:
    text = "Xolani Mbeki Nkosi said it was late. Anna Lena Reed agreed."
    assert names(text, "Xolani", "Mbeki Nkosi", "Anna", "Lena Reed")[0] == "Xolani Mbeki Nkosi"
    assert names("Sam Hill said so.", "Sam", "Hill") == ["Sam Hill"]
