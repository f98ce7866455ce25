"""How far confidences can be believed: reliability by bins, expected calibration error, Brier score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from lab.quality.polnear import GoldArticle
from lab.quality.scoring import (
    JACCARD,
    OVERLAP,
    Tokens,
    agree,
    attributions_as_items,
    gold_as_items,
    match_items,
)
from services.extract.types import Attribution

BINS = 10  # of equal width: what the published definition of the expected calibration error uses

Judged = tuple[float, bool]
"""A confidence, and whether what it was given to is right."""


class Bin(NamedTuple):
    """Confidences from ``low`` (included) to ``high``: how many, their mean, and the share of them that is
    right."""

    low: float
    high: float
    items: int
    confidence: float
    right: float


def reliability(judged: Sequence[Judged]) -> tuple[Bin, ...]:
    """The bins that hold anything, from the lowest up; 1.0 falls in the last."""
    groups: dict[int, list[Judged]] = {}
    for confidence, right in judged:
        groups.setdefault(min(int(confidence * BINS), BINS - 1), []).append((confidence, right))
    return tuple(
        Bin(
            number / BINS,
            (number + 1) / BINS,
            len(group),
            sum(confidence for confidence, _ in group) / len(group),
            sum(right for _, right in group) / len(group),
        )
        for number, group in sorted(groups.items())
    )


def expected_calibration_error(bins: Sequence[Bin]) -> float:
    """The mean distance of confidence and share of right, each bin weighing what it holds; 0 when there is
    none."""
    items = sum(group.items for group in bins)
    return sum(group.items * abs(group.confidence - group.right) for group in bins) / items if items else 0.0


def brier(judged: Sequence[Judged]) -> float:
    """The mean squared distance of confidence and outcome; 0 when there is none."""
    return sum((confidence - right) ** 2 for confidence, right in judged) / len(judged) if judged else 0.0


def judged_attributions(article: GoldArticle, found: Sequence[Attribution]) -> list[Judged]:
    """Every attribution's confidence, and whether content (Jaccard ≥ .5) and source (any overlap) are right:
    what it is calibrated for."""
    right = source_verdicts(article, found)
    return [(item.confidence, right.get(number, False)) for number, item in enumerate(found)]


def judged_sources(article: GoldArticle, found: Sequence[Attribution]) -> list[Judged]:
    """The source's confidence in attributions whose content is right, and whether the source is, too."""
    return [
        (found[number].source_confidence, right) for number, right in source_verdicts(article, found).items()
    ]


def source_verdicts(article: GoldArticle, found: Sequence[Attribution]) -> dict[int, bool]:
    """Of the attributions whose content is right (Jaccard ≥ .5), by number: whether the source is (any
    overlap, or none in both)."""
    tokens = Tokens(article.text)
    gold, predicted = gold_as_items(article, tokens), attributions_as_items(article.text, tokens, found)
    right = {}
    for row, column in match_items(gold, predicted):
        left, other = gold[row].tokens, predicted[column].tokens
        if agree(left["content"], other["content"], JACCARD):
            right[column] = agree(left["source"], other["source"], OVERLAP)
    return right


def reliability_json(judged: Sequence[Judged]) -> dict[str, object]:
    """The same as the table, for machines."""
    bins = reliability(judged)
    return {
        "judged": len(judged),
        "expected_calibration_error": round(expected_calibration_error(bins), 4),
        "brier": round(brier(judged), 4),
        "bins": [{name: round(value, 4) for name, value in group._asdict().items()} for group in bins],
    }


def reliability_table(title: str, judged: Sequence[Judged]) -> str:
    """The bins as text for a terminal, the errors above them."""
    bins = reliability(judged)
    error = expected_calibration_error(bins)
    errors = f"expected calibration error {error:.3f}, Brier score {brier(judged):.3f}"
    lines = [f"-- confidence of {title}: {len(judged)} judged, {errors}"]
    if bins:
        lines.append(f"{'confidence':>14}{'items':>8}{'mean':>8}{'right':>8}")
    lines += [
        f"{f'{b.low:.1f}–{b.high:.1f}':>14}{b.items:>8}{b.confidence:>8.3f}{b.right:>8.3f}" for b in bins
    ]
    return "\n".join(lines)
