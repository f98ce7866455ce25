"""Calibration measured on cases small enough to count by hand."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.quality.calibration import (
    brier,
    expected_calibration_error,
    judged_attributions,
    judged_sources,
    reliability,
    reliability_table,
)
from lab.quality.polnear import GoldArticle, GoldAttribution
from services.extract.types import Attribution, Range

judged_pairs = st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=40)


def test_bins_errors_and_table() -> None:
    judged = [(0.95, True), (0.95, True), (0.91, False), (1.0, True), (0.2, False)]
    low, high = reliability(judged)
    assert (low.low, low.items, low.right) == (0.2, 1, 0.0)
    assert (high.items, high.right) == (4, 0.75)
    assert high.confidence == pytest.approx(0.9525)
    assert expected_calibration_error((low, high)) == pytest.approx((0.2 + 4 * 0.2025) / 5)
    assert brier([(0.5, True), (1.0, False)]) == pytest.approx(0.625)
    said = reliability_table("things", judged)
    assert "confidence of things: 5 judged, expected calibration error 0.202" in said
    assert said.count("\n") == 3


def test_nothing_judged_is_no_error() -> None:
    assert reliability([]) == ()
    assert expected_calibration_error(()) == brier([]) == 0.0
    assert "0 judged" in reliability_table("nothing", [])


@given(judged_pairs)
def test_bins_lose_nothing_and_errors_stay_in_range(judged: list[tuple[float, bool]]) -> None:
    bins = reliability(judged)
    assert sum(group.items for group in bins) == len(judged)
    assert all(group.low <= group.confidence <= group.high + 1e-9 for group in bins)
    assert 0.0 <= expected_calibration_error(bins) <= 1.0 + 1e-9
    assert 0.0 <= brier(judged) <= 1.0


@given(st.lists(st.booleans(), min_size=1, max_size=30))
def test_the_share_of_right_ones_as_confidence_is_perfectly_calibrated(right: list[bool]) -> None:
    share = sum(right) / len(right)
    assert expected_calibration_error(reliability([(share, verdict) for verdict in right])) == pytest.approx(
        0.0, abs=1e-9
    )


def test_an_attribution_is_right_with_half_its_content_and_any_of_its_source() -> None:
    text = "The ministry said the bridge will reopen in May. Its head agreed."
    gold = GoldAttribution((Range(0, 12),), (Range(13, 17),), (Range(18, 47),))
    article = GoldArticle("a", text, (gold,), 1, Path("a.ann"))
    content = Range(22, 47)
    for source, right in ((Range(4, 12), True), (Range(49, 57), False), (None, False)):
        assert judged_attributions(article, [Attribution("indirect", (content,), source, None, 0.8)]) == [
            (0.8, right)
        ]
    assert judged_attributions(article, [Attribution("indirect", (Range(58, 64),), None, None, 0.1)]) == [
        (0.1, False)
    ]


def test_sources_are_judged_where_content_is_right() -> None:
    text = "The ministry said the bridge will reopen in May. Its head agreed. “Soon,” it read."
    gold = (
        GoldAttribution((Range(0, 12),), (Range(13, 17),), (Range(18, 47),)),
        GoldAttribution((), (), (Range(66, 73),)),
    )
    article = GoldArticle("a", text, gold, 1, Path("a.ann"))
    bridge, soon, agreed = Range(22, 47), Range(66, 73), Range(53, 64)
    found = [
        Attribution("indirect", (bridge,), Range(49, 57), None, 0.5, source_confidence=0.6),  # another's
        Attribution("direct", (soon,), None, None, 0.5, source_confidence=0.7),  # nobody's in both
        # not reported: nothing to judge
        Attribution("indirect", (agreed,), Range(49, 57), None, 0.5, source_confidence=0.8),
    ]
    assert judged_sources(article, found) == [(0.6, False), (0.7, True)]
    named = [Attribution("direct", (soon,), Range(0, 12), None, 0.5, source_confidence=0.9)]
    assert judged_sources(article, named) == [(0.9, False)]  # a speaker where the text names none
