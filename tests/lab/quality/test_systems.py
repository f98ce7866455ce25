"""Scoring recorded output: offsets of a normalised text mapped back onto the file."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.quality.mapping import CharacterMap
from lab.quality.polnear import GoldArticle
from lab.quality.systems import PredictionsBroken, recorded_system
from services.extract.types import Range

ORIGINAL = (
    "Talks are\nnear, says\nhttps://example.org/a-very-long-address-that-was-dropped\nthe  minister. “Soon,”"
    " he said."
)
DERIVED = "Talks are near, says the minister. “Soon,” he said."


def span(text: str, words: str) -> dict[str, int]:
    start = text.index(words)
    return {"start": start, "end": start + len(words)}


def test_white_space_and_dropped_stretches_are_stepped_over() -> None:
    places = CharacterMap(DERIVED, ORIGINAL)
    for words in ("Talks", "the", "minister", "“Soon,”", "he said."):
        here = span(DERIVED, words)
        there = places.place(Range(here["start"], here["end"]))
        assert there is not None
        assert ORIGINAL[there.start : there.end] == words


def test_an_exchanged_character_does_not_shift_the_rest() -> None:
    places = CharacterMap(
        "It isn’t “so” and that is all there is to say about it.",
        'It isn\'t "so" and that is all there is to say about it.',
    )
    assert places.place(Range(14, 17)) == Range(14, 17)


@given(st.text(alphabet="ab .\n“", max_size=60), st.text(alphabet="ab .\n“", max_size=60))
def test_every_place_is_inside_and_shows_the_same_characters(derived: str, original: str) -> None:
    places = CharacterMap(derived, original)
    for index, character in enumerate(derived):
        there = places.place(Range(index, index + 1))
        if there is not None:
            assert original[there.start : there.end] == character


@given(st.text(max_size=80))
def test_a_text_maps_onto_itself(text: str) -> None:
    places = CharacterMap(text, text)
    for index, character in enumerate(text):
        assert places.place(Range(index, index + 1)) == (
            None if character.isspace() else Range(index, index + 1)
        )


def test_recorded_output_is_found_by_file_name(tmp_path: Path) -> None:
    record = {
        "article_id": "x",
        "path": "some/where/a.txt",
        "text": DERIVED,
        "attributions": [
            {
                "kind": "direct",
                "content": [span(DERIVED, "“Soon,”")],
                "source": span(DERIVED, "he"),
                "cue": None,
                "actor": {},
                "confidence": 0.9,
                "source_confidence": 0.95,
            }
        ],
    }
    path = tmp_path / "out.jsonl"
    path.write_text(json.dumps(record) + "\n", encoding="utf-8")
    system = recorded_system(path)
    (item,) = system(GoldArticle("a", ORIGINAL, (), 1, Path("a.ann")))
    assert ORIGINAL[item.content[0].start : item.content[0].end] == "“Soon,”"
    assert item.cue is None
    assert (item.confidence, item.source_confidence) == (0.9, 0.95)
    with pytest.raises(PredictionsBroken, match="article b"):
        system(GoldArticle("b", ORIGINAL, (), 1, Path("b.ann")))


@pytest.mark.parametrize("line", ["{", "[]", '{"path": "a.txt"}', '{"text": "x", "attributions": []}'])
def test_a_broken_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "out.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(PredictionsBroken, match="line 1"):
        recorded_system(path)
