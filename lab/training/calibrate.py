"""Fitting what turns scores into answers: transitions counted in the training split, confidences fitted to
held-out articles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from lab.quality.calibration import source_verdicts
from lab.quality.polnear import GoldArticle
from services.extract.tagger.boundaries import BOUNDARIES, Words, read_words
from services.extract.tagger.decode import Found
from services.extract.tagger.encoding import encode
from services.extract.tagger.spec import ROLE_TAGS, Calibration, SourceCalibration

FloatArray = npt.NDArray[np.float64]

# Transition scores count this much beside the network's own log-probabilities. The network has seen the
# neighbours too, so taking them in full would count the same evidence twice; .2 to .4 are alike on both
# halves of PolNeAR dev, 0 and 1 are worse.
TRANSITION_WEIGHT = 0.3
_BACK_OFF = 3.0  # pseudo-counts by which a rare class of boundary leans on the table of all boundaries
_RIDGE = 1.0  # of the logistic regressions: ten weights on about a thousand items need little
_STEPS = 50


def gold_tags(article: GoldArticle, words: Words) -> npt.NDArray[np.int64]:
    """The role tag of each word."""
    tags = np.zeros(len(words), np.int64)
    for item in article.attributions:
        for label, spans in enumerate((item.source, item.cue, item.content)):
            for span in spans:
                first = int(np.searchsorted(words.ends, span.start, "right"))
                last = int(np.searchsorted(words.starts, span.end, "left"))
                if last > first:
                    tags[first:last] = 2 * label + 2
                    tags[first] = 2 * label + 1
    return tags


def transition_scores(articles: Iterable[GoldArticle], tokenizer: Tokenizer) -> FloatArray:
    """[classes of boundary, from, to]: weighted log-probabilities of the next word's tag, counted in
    annotated articles."""
    size = len(ROLE_TAGS)
    counts = np.zeros((BOUNDARIES, size, size))
    for article in articles:
        words = read_words(article.text, encode(tokenizer, article.text))
        tags = gold_tags(article, words)
        np.add.at(counts, (words.boundary[1:], tags[:-1], tags[1:]), 1)
    overall = counts.sum(axis=0) + 0.5
    overall /= overall.sum(axis=1, keepdims=True)
    smoothed = counts + _BACK_OFF * overall
    scores: FloatArray = TRANSITION_WEIGHT * np.log(smoothed / smoothed.sum(axis=2, keepdims=True))
    return scores


def labelled(article: GoldArticle, found: Sequence[Found]) -> tuple[FloatArray, FloatArray]:
    """Features [items, features] of what was found, and 1 where content (Jaccard ≥ .5) and source (any
    overlap) are right, else 0."""
    verdicts = source_verdicts(article, [item.attribution for item in found])
    right = np.array([verdicts.get(number, False) for number in range(len(found))], float)
    features = np.array([item.evidence.features() for item in found], float).reshape(
        len(found), len(Calibration().weights)
    )
    return features, right


def labelled_sources(article: GoldArticle, found: Sequence[Found]) -> tuple[FloatArray, FloatArray]:
    """The same of the sources alone, where content is right."""
    verdicts = source_verdicts(article, [item.attribution for item in found])
    features = [found[number].evidence.source_features() for number in verdicts]
    width = len(SourceCalibration().weights)
    return np.array(features, float).reshape(len(features), width), np.array(list(verdicts.values()), float)


def fit_confidence(features: FloatArray, right: FloatArray) -> Calibration:
    """What turns the features of attributions into their confidence."""
    weights, bias = _logistic(features, right)
    return Calibration(weights=weights, bias=bias)


def fit_source_confidence(features: FloatArray, right: FloatArray) -> SourceCalibration:
    """The same for sources."""
    weights, bias = _logistic(features, right)
    return SourceCalibration(weights=weights, bias=bias)


def _logistic(features: FloatArray, right: FloatArray) -> tuple[tuple[float, ...], float]:
    """Ridge logistic regression by Newton's method: weights and bias."""
    design = np.hstack([features, np.ones((len(features), 1))])
    weights = np.zeros(design.shape[1])
    penalty = np.full(len(weights), _RIDGE)
    penalty[-1] = 0.0
    for _ in range(_STEPS):
        probability = 1 / (1 + np.exp(-design @ weights))
        gradient = design.T @ (right - probability) - penalty * weights
        hessian = (design * (probability * (1 - probability))[:, None]).T @ design + np.diag(penalty + 1e-9)
        weights = weights + np.linalg.solve(hessian, gradient)
    return tuple(np.round(weights[:-1], 4).tolist()), round(float(weights[-1]), 4)


def reliability(confidence: FloatArray, right: FloatArray, bins: int = 10) -> dict[str, float]:
    """How well confidences are calibrated: expected calibration error, Brier score, and how often items at .9
    or more and below .5 are right; a figure that no item speaks for is left out."""
    if not len(confidence):
        return {}
    edges = np.minimum((confidence * bins).astype(int), bins - 1)
    groups = [edges == number for number in np.unique(edges)]
    error = sum(abs(confidence[group].mean() - right[group].mean()) * group.mean() for group in groups)
    measured = {"expected_calibration_error": error, "brier": ((confidence - right) ** 2).mean()}
    for name, group in (("right_at_0.9", confidence >= 0.9), ("right_below_0.5", confidence < 0.5)):
        if group.any():
            measured[name] = right[group].mean()
    return {name: round(float(value), 4) for name, value in measured.items()}


def halves(pairs: Sequence[tuple[FloatArray, FloatArray]]) -> list[tuple[FloatArray, FloatArray]]:
    """Features and verdicts of every second article from the first, and of the others."""
    return [
        (
            np.concatenate([features for features, _ in pairs[half::2]]),
            np.concatenate([right for _, right in pairs[half::2]]),
        )
        for half in (0, 1)
    ]


def tried(
    calibration: Calibration | SourceCalibration, features: FloatArray, right: FloatArray
) -> dict[str, float]:
    """How well a calibration does on items that it was not fitted to."""
    return reliability(
        1 / (1 + np.exp(-(features @ np.array(calibration.weights) + calibration.bias))), right
    )
