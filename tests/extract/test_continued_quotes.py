"""Quoted paragraphs without a source or a cue belong to the words right before them."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.extract.passes.calibration import OFFSET, SLOPE
from services.extract.passes.quotations import Quotations
from services.extract.passes.registry import Found, reconcile
from services.extract.text.quotes import quoted_stretches
from services.extract.types import Attribution, Range


def reconciled(text: str, *attributions: Attribution) -> list[Found]:
    return reconcile(text, attributions, Quotations(text, quoted_stretches(text)))


def place(text: str, words: str) -> Range:
    assert text.count(words) == 1
    return Range(text.index(words), text.index(words) + len(words))


def said(text: str, content: str, source: str, cue: str) -> Attribution:
    return Attribution("indirect", (place(text, content),), place(text, source), place(text, cue), 0.9)


def contents(text: str, found: list[Found]) -> list[list[str]]:
    return [[text[start:end] for start, end in item.attribution.content] for item in found]


def test_paragraphs_that_nobody_is_named_for_are_one_speech() -> None:
    text = (
        "The race ended late.\n\n“It was a hard night for us.\n\n“We did all we could.\n\n“We will be"
        " back.”\n\nTickets are on sale."
    )
    [only] = contents(text, reconciled(text))
    assert only == ["“It was a hard night for us.", "“We did all we could.", "“We will be back.”"]


def test_a_quoted_paragraph_goes_on_with_the_statement_before_it() -> None:
    text = (
        "Lee confirmed that all teams are ready.\n\n“The storms are moving fast. We urge everybody to stay at"
        " home.”"
    )
    found = reconciled(text, said(text, "that all teams are ready", "Lee", "confirmed"))
    assert contents(text, found) == [
        ["that all teams are ready", "“The storms are moving fast. We urge everybody to stay at home.”"]
    ]
    assert found[0].attribution.kind == "mixed"


@pytest.mark.parametrize(
    ("text", "content", "cue"),
    [
        # a headline says nothing further down
        ("Lee pleads for calm\n\n“It was a hard night for us. We did all we could.”", "calm", "pleads for"),
        # something stands between
        (
            "Lee said all was well.\n\nIt was not.\n\n“It was a hard night for us. We did all we could.”",
            "all was well",
            "said",
        ),
        (
            "“All is well,” Lee said on Monday.\n\n“It was a hard night for us. We did all we could.”",
            "“All is well,”",
            "said",
        ),
        # a heading made of a quotation
        ("Lee said all was well.\n\n‘It was a hard night’\n\nThe race ended late.", "all was well", "said"),
    ],
)
def test_what_is_no_continuation_stands_alone(text: str, content: str, cue: str) -> None:
    first, *_ = contents(text, reconciled(text, said(text, content, "Lee", cue)))
    assert first == [content]


def test_the_same_words_by_the_same_cue_are_reported_once_by_the_surest() -> None:
    text = "The bridge is closed, according to a Lee report. Kim agreed."
    sure = said(text, "The bridge is closed", "a Lee report", "according to")
    as_sure_as_speech = 1 / (1 + math.exp(-SLOPE * math.log(0.9 / (1 - 0.9)) - OFFSET))
    for order in (
        (sure, replace(sure, confidence=0.6, source=None)),
        (replace(sure, confidence=0.6, source=None), sure),
    ):
        found = reconciled(text, *order)
        assert [(item.attribution.source, item.attribution.confidence) for item in found] == [
            (sure.source, as_sure_as_speech)
        ]


def test_a_few_words_in_marks_by_a_cue_without_a_source_are_nobodys_speech() -> None:
    text = (
        "The wide definition of “family” makes sense. Lee called it “a great big family”, and “we are all so"
        " glad to be one” was heard."
    )
    definition, called, heard = (
        Attribution("direct", (place(text, words),), source, place(text, cue), 0.6)
        for words, source, cue in (
            ("“family”", None, "definition of"),
            ("“a great big family”", place(text, "Lee"), "called"),
            ("“we are all so glad to be one”", None, "was heard"),
        )
    )
    found = contents(text, reconciled(text, definition, called, heard))
    assert found == [["“a great big family”"], ["“we are all so glad to be one”"]]


@given(
    st.lists(
        st.sampled_from(["“It was late.”", "“We left.", "He left.", "‘No way’", '"Yes, we can."', "“", "”"]),
        max_size=8,
    )
)
def test_joining_loses_no_words_and_keeps_them_in_order(paragraphs: list[str]) -> None:
    text = "\n\n".join(paragraphs)
    found = reconciled(text)
    pieces = [piece for item in found for piece in item.attribution.content]
    assert pieces == sorted(pieces)
    assert all(before.end <= after.start for before, after in pairwise(pieces))
