"""Fitting what turns scores into answers: transitions counted in the training split, confidences fitted to held-out articles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from services.extract.quality.polnear import GoldArticle
from services.extract.quality.scoring import JACCARD, OVERLAP, Tokens, agree, make_item, match_items
from services.extract.tagger.boundaries import BOUNDARIES, Words, read_words
from services.extract.tagger.decode import Found
from services.extract.tagger.encoding import encode
from services.extract.tagger.spec import ROLE_TAGS, Calibration

FloatArray = npt.NDArray[np.float64]

# Transition scores count this much beside the network's own log-probabilities. The network has seen the neighbours too, so taking them in
# full would count the same evidence twice; .2 to .4 are alike on both halves of PolNeAR dev, 0 and 1 are worse.
TRANSITION_WEIGHT = 0.3
_BACK_OFF = 3.0  # pseudo-counts by which a rare class of boundary leans on the table of all boundaries
_RIDGE = 1.0  # of the logistic regression: ten weights on about a thousand items need little


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
    """[classes of boundary, from, to]: weighted log-probabilities of the next word's tag, counted in annotated articles."""
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
    """Features [items, features] of what was found, and 1 where content (Jaccard ≥ .5) and source (any overlap) are right, else 0."""
    tokens = Tokens(article.text)
    gold = [make_item(article.text, tokens, item.source, item.cue, item.content) for item in article.attributions]
    items = [item.attribution for item in found]
    predicted = [
        make_item(article.text, tokens, (item.source,) if item.source else (), (item.cue,) if item.cue else (), item.content)
        for item in items
    ]
    right = np.zeros(len(items))
    for row, column in match_items(gold, predicted):
        left, other = gold[row].tokens, predicted[column].tokens
        right[column] = agree(left["content"], other["content"], JACCARD) and agree(left["source"], other["source"], OVERLAP)
    features = np.array([item.evidence.features() for item in found], float).reshape(len(found), len(Calibration().weights))
    return features, right


def fit_confidence(features: FloatArray, right: FloatArray, steps: int = 50) -> Calibration:
    """Ridge logistic regression by Newton's method."""
    design = np.hstack([features, np.ones((len(features), 1))])
    weights = np.zeros(design.shape[1])
    penalty = np.full(len(weights), _RIDGE)
    penalty[-1] = 0.0
    for _ in range(steps):
        probability = 1 / (1 + np.exp(-design @ weights))
        gradient = design.T @ (right - probability) - penalty * weights
        hessian = (design * (probability * (1 - probability))[:, None]).T @ design + np.diag(penalty + 1e-9)
        weights = weights + np.linalg.solve(hessian, gradient)
    return Calibration(weights=tuple(np.round(weights[:-1], 4).tolist()), bias=round(float(weights[-1]), 4))


def reliability(confidence: FloatArray, right: FloatArray, bins: int = 10) -> dict[str, float]:
    """How well confidences are calibrated: expected calibration error, Brier score, and how often items at .9 or more and below .5 are
    right; a figure that no item speaks for is left out."""
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
