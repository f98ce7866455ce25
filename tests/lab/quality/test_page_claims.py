"""Type and check-worthiness of claims on labelled pages: which claim answers for a label, and the figures by
hand."""

import pytest

from lab.quality.news_speech_labels import LabelledClaim, anchor, make_label, make_page
from lab.quality.page_claims import (
    Answer,
    answers,
    interval,
    page_claims,
    table,
    types_right,
    worth_precision,
)
from services.extract.types import Range

TEXT = "Ida Holm said taxes rose by 5 percent. She likes the new bridge very much."
RISE, BRIDGE = Range(14, 37), Range(39, 73)


def claim(span: Range, worth: bool, kind: str) -> LabelledClaim:
    return LabelledClaim(anchor(TEXT, span), worth, kind, False)


def answer(page: str, worth: bool, given: tuple[str, float], found: tuple[str, float] | None) -> Answer:
    return Answer(page, claim(RISE, worth, "quantity"), given, found)


def test_every_labelled_claim_is_answered_at_its_place() -> None:
    claims = [claim(RISE, True, "quantity"), claim(BRIDGE, False, "opinion")]
    label = make_label(TEXT, [Range(0, 8)], [Range(9, 13)], [RISE, BRIDGE], claims=claims)
    moved = f"A headline\n{TEXT}"
    page = make_page("a.html", "work", TEXT, [label])
    assert [moved[slice(*span)] for span, _ in page_claims(page, moved)] == [
        TEXT[slice(*RISE)],
        TEXT[slice(*BRIDGE)],
    ]
    rows = answers(page, moved, (), lambda spans: None)
    assert [(row.label.type, row.given[0], row.found) for row in rows] == [
        ("quantity", "quantity", None),
        ("opinion", "opinion", None),
    ]
    assert rows[0].given[1] > rows[1].given[1]


def test_what_is_not_found_counts_as_wrong_and_as_not_worth_checking() -> None:
    rows = [
        answer("a", True, ("quantity", 0.9), None),
        answer("a", False, ("event", 0.2), ("quantity", 0.4)),
        answer("b", True, ("quantity", 0.8), ("quantity", 0.7)),
    ]
    assert types_right(rows, found=False) == types_right(rows, found=True) == pytest.approx(2 / 3)
    assert worth_precision(rows, found=False) == 1.0
    assert worth_precision(rows, found=True) == pytest.approx((1 + 2 / 3) / 2)
    assert interval(rows, types_right, found=False) == pytest.approx((0.5, 1.0))
    assert "3 claims, 2 worth checking (base rate 0.667), 2 found" in table(rows)
