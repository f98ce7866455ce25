"""Identity across articles: the measures, and what the invented pairs must not fall below."""

from __future__ import annotations

import pytest

from lab.quality.identity import Item, b_cubed, interval, pair_figures, pairwise
from lab.quality.identity_pairs import Answer, hard_pairs, pairs

MOST_SORTS = 10
"""Sorts of pairs at least: none may be lost from the file unnoticed."""


def test_measures_by_hand() -> None:
    items = [Item("a", "x"), Item("a", "x"), Item("a", "y"), Item("b", "y")]
    assert pairwise(items) == (1 / 2, 1 / 3)
    precision, recall, f1 = b_cubed(items)
    assert precision == pytest.approx((1 + 1 + 1 / 2 + 1 / 2) / 4)
    assert recall == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1) / 4)
    assert f1 == pytest.approx(2 * precision * recall / (precision + recall))


def test_pairs_of_two_articles_by_hand() -> None:
    items = [
        Item("a", "x", "1"),
        Item("a", "x", "1"),
        Item("a", "y", "2"),
        Item("b", "y", "2"),
        Item("a", "x", "3"),
    ]
    assert pairwise(items, across=True) == (2 / 2, 2 / 5)


def test_an_interval_holds_its_figure_and_is_nothing_where_articles_agree() -> None:
    alike = [Item("a", "x", str(article)) for article in range(4)]
    assert interval(alike, lambda items: b_cubed(items)[2]) == (1.0, 1.0)
    mixed = [*alike, Item("a", "y", "9")]
    low, high = interval(mixed, lambda items: pairwise(items)[1])
    assert 0 <= low < pairwise(mixed)[1] < high <= 1


def test_invented_groups_are_told_apart_and_put_together() -> None:
    found = list(hard_pairs())
    assert len({pair.sort for pair in found}) >= MOST_SORTS
    assert len(found) >= 300
    precision, recall, _, _ = pair_figures(found)
    assert precision >= 0.99
    assert recall >= 0.95


def test_invented_pairs_get_their_answers() -> None:
    found = list(pairs())
    assert len(found) >= 300
    assert {pair.right for pair in found} == set(Answer)
    assert 0.4 < sum(pair.aside for pair in found) / len(found) < 0.6
    precision, recall, shown, exact = pair_figures([pair for pair in found if not pair.aside])
    assert precision >= 0.97
    assert recall >= 0.95
    assert shown >= 0.7
    assert exact >= 0.94
