"""Edges as annotators set them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.extract.passes.continued import MAX_PIECES
from services.extract.passes.conventions import as_annotated
from services.extract.passes.quotations import Quotations
from services.extract.passes.registry import reconcile
from services.extract.text.quotes import quoted_stretches
from services.extract.types import Attribution, Entity, Range

Shown = tuple[str | None, str | None, list[str]]


def at(text: str, words: str) -> Range:
    start = text.index(words)
    return Range(start, start + len(words))


def made(text: str, source: str | None, cue: str | None, *content: str) -> Attribution:
    return Attribution(
        "indirect",
        tuple(at(text, words) for words in content),
        at(text, source) if source else None,
        at(text, cue) if cue else None,
        0.9,
    )


def shown(text: str, attribution: Attribution) -> Shown:
    source, cue = (
        None if span is None else text[slice(*span)] for span in (attribution.source, attribution.cue)
    )
    return source, cue, [text[slice(*piece)] for piece in attribution.content]


def found(text: str, *attributions: Attribution, people: tuple[str, ...] = ()) -> list[Shown]:
    entities = [Entity(at(text, name), "PERSON", 0.9) for name in people]
    return [
        shown(text, item.attribution)
        for item in reconcile(text, attributions, Quotations(text, quoted_stretches(text)), entities)
    ]


@pytest.mark.parametrize(
    ("text", "given_", "wanted"),
    [
        (
            "Lee told Fox News the bridge is shut.",
            ("Lee", "told Fox News", "the bridge is shut"),
            ("Lee", "told", ["the bridge is shut"]),
        ),
        ("Lee told of a bridge that was shut.", ("Lee", "told of", "a bridge that was shut"), None),
        (
            "Lee called for a new bridge.",
            ("Lee", "called", "for a new bridge"),
            ("Lee", "called for", ["a new bridge"]),
        ),
        (
            "Lee called for a new bridge.",
            ("Lee", "called", "a new bridge"),
            ("Lee", "called for", ["a new bridge"]),
        ),
        ("Lee called the bridge a trap.", ("Lee", "called", "the bridge a trap"), None),
        (
            "The plan was backed by Lee.",
            ("Lee", "was backed by", "The plan"),
            ("Lee", "was backed", ["The plan"]),
        ),
        ("Lee was struck by how old it was.", ("Lee", "was struck by", "how old it was"), None),
        (
            "He has a plan, which Lee says will fail.",
            ("Lee", "says", "will fail"),
            ("Lee", "says", ["which", "will fail"]),
        ),
        (
            "He spoke of what Lee says will fail.",
            ("Lee", "says", "will fail"),
            ("Lee", "says", ["what", "will fail"]),
        ),
        ("He wrote a letter in which Lee says it will fail.", ("Lee", "says", "it will fail"), None),
        ("He has a plan, which Lee, who left, says will fail.", ("Lee", "says", "will fail"), None),
    ],
)
def test_edges_are_where_annotators_set_them(
    text: str, given_: tuple[str, str, str], wanted: Shown | None
) -> None:
    attribution = made(text, *given_)
    assert shown(text, as_annotated(text, attribution)) == (wanted or shown(text, attribution))


def test_what_someone_called_something_in_quotation_marks_stays_a_quotation() -> None:
    text = "He has a plan, which Lee called “a trap”."
    quoted = Attribution("direct", (at(text, "“a trap”"),), at(text, "Lee"), at(text, "called"), 0.9)
    assert as_annotated(text, quoted) == quoted


def test_no_pronoun_is_added_to_as_many_pieces_as_a_statement_may_have() -> None:
    text = "a plan, which Lee says " + "will fail, " * MAX_PIECES
    first = text.index("will")
    pieces = tuple(Range(first + 11 * number, first + 11 * number + 9) for number in range(MAX_PIECES))
    source, cue = (Range(text.index(word), text.index(word) + len(word)) for word in ("Lee", "says"))
    full = Attribution("indirect", pieces, source, cue, 0.9)
    assert as_annotated(text, full).content == pieces
    assert (
        len(as_annotated(text, Attribution("indirect", pieces[1:], source, cue, 0.9)).content) == MAX_PIECES
    )


WORDS = st.lists(
    st.sampled_from(["Lee", "told", "called", "for", "by", "which", "what", "of", "says", "it", "“so”", ","]),
    min_size=3,
).map(" ".join)


@given(WORDS, st.data())
def test_an_edge_put_right_lies_in_the_text_and_content_stays_disjoint(
    text: str, data: st.DataObject
) -> None:
    marks = sorted(data.draw(st.lists(st.integers(0, len(text)), min_size=6, max_size=6, unique=True)))
    source, cue, content = (Range(*marks[pair : pair + 2]) for pair in (0, 2, 4))
    result = as_annotated(text, Attribution("indirect", (content,), source, cue, 0.9))
    assert result.cue is not None
    spans = [*result.content, result.cue]
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(
        before.end <= after.start for before, after in zip(sorted(spans), sorted(spans)[1:], strict=False)
    )


def test_content_stops_before_a_sentence_that_is_not_quoted() -> None:
    text = "She wrote: “No, I am only playing!” Both were dance troupes. He left."
    assert found(text, made(text, "She", "wrote", "“No, I am only playing!” Both were dance troupes")) == [
        ("She", "wrote", ["“No, I am only playing!”"])
    ]
    quoted = "“It is done. We won,” Lee said."
    assert found(quoted, made(quoted, "Lee", "said", "“It is done. We won,”")) == [
        ("Lee", "said", ["“It is done. We won,”"])
    ]


def test_a_noun_for_words_and_a_colon_name_whose_quotation_follows() -> None:
    text = "Lee’s bottom line about the men he had met was short: “Nobody who lies should win this race.”"
    drawn_in = made(text, "he", "had met", "“Nobody who lies should win this race.”")
    assert found(text, drawn_in) == [("Lee’s", "bottom line", ["“Nobody who lies should win this race.”"])]


def test_a_headline_above_a_transcript_is_no_turn_of_it() -> None:
    text = (
        "Lee: no new bridge.\n\nShe spoke on Sunday.\n\nHOST: Will you build it?\n\nLEE: No. I will"
        " not.\n\nHOST: Why?"
    )
    assert [words for _, _, words in found(text, people=("Lee", "LEE"))][-3:] == [
        ["Will you build it?"],
        ["No. I will not."],
        ["Why?"],
    ]
    assert not any("She spoke on Sunday." in words for _, _, words in found(text, people=("Lee", "LEE")))
