"""Identity across articles: the measures, and what the invented pairs must not fall below."""

from __future__ import annotations

from collections import Counter

import pytest

from lab.quality.identity import Item, b_cubed, hard_pairs, pairwise

MOST_SORTS = 10
"""Sorts of pairs at least: none may be lost from the file unnoticed."""


def test_measures_by_hand() -> None:
    items = [Item("a", "x"), Item("a", "x"), Item("a", "y"), Item("b", "y")]
    assert pairwise(items) == (1 / 2, 1 / 3)
    precision, recall, f1 = b_cubed(items)
    assert precision == pytest.approx((1 + 1 + 1 / 2 + 1 / 2) / 4)
    assert recall == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1) / 4)
    assert f1 == pytest.approx(2 * precision * recall / (precision + recall))


def test_invented_pairs_are_told_apart_and_put_together() -> None:
    seen = Counter((pair.same, found) for pair, found in hard_pairs())
    assert len({pair.sort for pair, _ in hard_pairs()}) >= MOST_SORTS
    assert seen.total() >= 300
    assert seen[True, True] / (seen[True, True] + seen[False, True]) >= 0.99
    assert seen[True, True] / (seen[True, True] + seen[True, False]) >= 0.95
