from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.extract.text.quotes import quoted_stretches

STYLES = [
    ('"A b," he said. "C d."', ["A b,", "C d."]),
    ("“A b,” he said. “C d.”", ["A b,", "C d."]),
    (
        "'We won't go,' she said. 'The ministers' plan is dead,' he added.",
        ["We won't go,", "The ministers' plan is dead,"],
    ),
    (
        "‘We won’t go,’ she said. ‘The ministers’ plan is dead,’ he added.",
        ["We won’t go,", "The ministers’ plan is dead,"],
    ),
    ("« Bonjour », dit-il. «Oui».", ["Bonjour", "Oui"]),
    ("‹Oui› et « non »", ["Oui", "non"]),
    ("„Guten Tag“, sagte er. „Nein,” sagte sie.", ["Guten Tag", "Nein,"]),
    ("»Ja«, sagte er.", ["Ja"]),
    ("”Hej”, sa han.", ["Hej"]),
    ("「はい」と言った『本』", ["はい", "本"]),
    ("``Penn style,'' he said.", ["Penn style,"]),
    ('“Typed" and "mixed”', ["Typed", "mixed"]),
    ("“Closed with an opener“ said he", ["Closed with an opener"]),
    ('He said:"No."', ["No."]),
    ("“No”—“Yes”", ["No", "Yes"]),
    ("(“No,” he said)", ["No,"]),
]


@pytest.mark.parametrize(("text", "expected"), STYLES, ids=[text[:24] for text, _ in STYLES])
def test_every_style_of_marks_is_paired(text: str, expected: list[str]) -> None:
    found = quoted_stretches(text)
    assert [text[s.inner.start : s.inner.end] for s in found] == expected
    assert all(s.closed and s.depth == 0 for s in found)


@pytest.mark.parametrize(
    "text",
    [
        "He wasn't there; the '90s rock 'n' roll, get 'em, 'tis.",
        "The ministers’ plan and James’ book weren’t ‘til then.",
        "He is 6'2\" tall, the board 5'10\".",
        '"""',
        "''",
        "",
    ],
)
def test_apostrophes_and_inches_quote_nothing(text: str) -> None:
    assert quoted_stretches(text) == []


def test_nested_quotations_know_their_depth() -> None:
    text = "“He said ‘no way’ to me,” she said. “A “B” c,” he said."
    found = [(text[s.inner.start : s.inner.end], s.depth) for s in quoted_stretches(text)]
    assert found == [("He said ‘no way’ to me,", 0), ("no way", 1), ("A “B” c,", 0), ("B", 1)]


def test_a_quotation_reopened_in_each_paragraph_continues() -> None:
    text = "“First part.\n\n“Second part.\n\n“Third,” he said."
    found = quoted_stretches(text)
    assert [(text[s.inner.start : s.inner.end], s.closed, s.continues) for s in found] == [
        ("First part.", False, True),
        ("Second part.", False, True),
        ("Third,", True, False),
    ]


def test_a_quotation_not_reopened_is_carried_to_its_closing_mark() -> None:
    text = "“First part.\n\nSecond part,” he said."
    found = quoted_stretches(text)
    assert [(text[s.inner.start : s.inner.end], s.continues) for s in found] == [
        ("First part.", True),
        ("Second part,", False),
    ]


def test_an_unclosed_quotation_ends_with_its_paragraph() -> None:
    text = "“Never closed, he said.\n\nNext paragraph, “fine.”"
    found = quoted_stretches(text)
    assert [(text[s.inner.start : s.inner.end], s.closed, s.continues) for s in found] == [
        ("Never closed, he said.", False, False),
        ("fine.", True, False),
    ]


def test_a_forgotten_closing_mark_does_not_swallow_the_next_quotation() -> None:
    text = "“A forgotten. “B said,” he said."
    assert [(text[s.inner.start : s.inner.end], s.closed) for s in quoted_stretches(text)] == [
        ("A forgotten.", False),
        ("B said,", True),
    ]


@given(st.text(alphabet="ab .,\n“”‘’\"'«»„「」!?s`", max_size=120))
def test_stretches_are_sorted_and_lie_inside_the_text(text: str) -> None:
    found = quoted_stretches(text)
    assert found == sorted(found, key=lambda s: (s.outer.start, -s.outer.end))
    for s in found:
        assert 0 <= s.outer.start <= s.inner.start < s.inner.end <= s.outer.end <= len(text)
        assert text[s.inner.start : s.inner.end].strip() == text[s.inner.start : s.inner.end]
    outermost = [s for s in found if s.depth == 0]
    assert all(a.outer.end <= b.outer.start for a, b in pairwise(outermost))
