"""What is said in brackets stays in them."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.extract.passes.brackets import brackets, within_brackets
from services.extract.types import Attribution, Range

TEXT = "The road is closed (“for weeks,” said Moss) and the school is empty."


def at(words: str) -> Range:
    return Range(TEXT.index(words), TEXT.index(words) + len(words))


@pytest.mark.parametrize(
    ("content", "source", "cue", "kept"),
    [
        (("The road is closed (“for weeks,”",), "Moss) and the school", "said", (("“for weeks,”",), "Moss")),
        (("The road is closed",), "Moss", "said", (("The road is closed",), "Moss")),
        (("“for weeks,”",), "the school", "said", (("“for weeks,”",), "the school")),
        (
            ("“for weeks,”", "and the school is empty"),
            "Moss",
            "is closed",
            (("and the school is empty",), "Moss"),
        ),
    ],
)
def test_content_and_source_keep_to_the_brackets_of_their_cue(
    content: tuple[str, ...], source: str, cue: str, kept: tuple[tuple[str, ...], str]
) -> None:
    found = within_brackets(
        Attribution("mixed", tuple(map(at, content)), at(source), at(cue), 0.9), brackets(TEXT)
    )
    assert found.source is not None
    assert (tuple(TEXT[slice(*piece)] for piece in found.content), TEXT[slice(*found.source)]) == kept


@given(st.text("()[]a \n", max_size=60))
def test_pairs_are_disjoint_in_order_and_keep_to_their_paragraph(text: str) -> None:
    pairs = brackets(text)
    assert all(one.end < other.start for one, other in itertools.pairwise(pairs))
    assert all(
        text[pair.start - 1] + text[pair.end] in ("()", "[]") and "\n" not in text[slice(*pair)]
        for pair in pairs
    )
