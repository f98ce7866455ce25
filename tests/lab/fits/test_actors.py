"""Fitting the ranking of pronouns on coreference chains."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np

from lab.fits.actors import BY_HAND, Choice, agreement, chains, choices, fit
from lab.quality.polnear import GoldArticle, GoldAttribution
from services.extract.actors.ranking import WEIGHTS
from services.extract.types import Entity, Range, Tagged

TEXT = "Anna Lee met Jane Poe. She waved. He left."


def layer(chain: str) -> bytes:
    rows = ""
    offset = 0
    for word in ["Anna", "Lee", "met", "Jane", "Poe", ".", "She", "waved", ".", "He", "left", "."]:
        offset = TEXT.index(word, offset)
        label = "PERSON" if word in ("Anna", "Lee", "Jane", "Poe") else "O"
        rows += f"<token><word>{word}</word><CharacterOffsetBegin>{offset}</CharacterOffsetBegin><NER>{label}</NER></token>"
    heads = "".join(f"<mention><sentence>1</sentence><head>{head}</head></mention>" for head in chain.split())
    return (
        f'<root><document><sentences><sentence id="1"><tokens>{rows}</tokens></sentence></sentences>'
        f"<coreference><coreference>{heads}</coreference></coreference></document></root>"
    ).encode()


def test_a_chain_names_the_person_of_its_pronouns(tmp_path: Path) -> None:
    path = tmp_path / "a.xml.gz"
    path.write_bytes(gzip.compress(layer("2 7")))
    assert chains(path) == {TEXT.index("She"): [("ana", "le")]}  # names are folded
    path.write_bytes(gzip.compress(layer("2 5 7")))
    assert chains(path) == {}  # two persons: the chain is wrong


def test_a_pronoun_shows_its_candidates_and_which_is_right() -> None:
    source = GoldAttribution((Range(23, 26),), (), (Range(27, 32),))
    article = GoldArticle("a", TEXT, (source,), 1, Path("a.ann"))
    entities = (Entity(Range(0, 8), "PERSON", 0.9), Entity(Range(13, 21), "PERSON", 0.9))
    (choice,) = choices(
        article, {23: [("ana", "le")], 34: [("bo", "hil")]}, lambda _text: Tagged((), entities)
    )
    assert choice.evidence.shape == (2, len(WEIGHTS))
    assert sorted(choice.right) == [False, True]
    assert choice.weight > 1  # it is a source


def test_weights_move_from_those_set_by_hand_to_what_the_choices_show() -> None:
    assert list(BY_HAND) == list(WEIGHTS)
    evidence = np.zeros((2, len(WEIGHTS)))
    evidence[1, list(WEIGHTS).index("by pronoun")] = 1.0
    data = [Choice(evidence, np.array([False, True]), 1.0)] * 200
    weights = fit(data)
    assert weights[list(WEIGHTS).index("by pronoun")] > 0.5
    assert weights[list(WEIGHTS).index("sentences")] == BY_HAND["sentences"]
    assert agreement(data, weights) == 1.0
