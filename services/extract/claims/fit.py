"""Fit the check-worthiness model: ``python -m services.extract.claims.fit ClaimBuster.json``.

Logistic regression with an L2 penalty by Newton's method on :mod:`services.extract.claims.features`. Every fifth sentence, by id,
is held out for the figures that are written beside the coefficients; the shipped coefficients are fitted without them.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import numpy.typing as npt

from services.extract.claims.features import NAMES, features

Array = npt.NDArray[np.float64]
_PENALTY = 3.0  # chosen on five folds of the training part: 1, 3 and 10 differ in the third decimal
_STEPS = 30  # Newton's method converges in fewer than ten
HELD_OUT = 5


def fit(x: Array, y: Array, penalty: float = _PENALTY) -> Array:
    """Coefficients, the intercept last, of a penalised logistic regression; ``x`` is standardised by the caller."""
    design = np.hstack([x, np.ones((len(x), 1))])
    weights = np.zeros(design.shape[1])
    ridge = np.diag([penalty] * x.shape[1] + [0.0])
    for _ in range(_STEPS):
        probability = 1.0 / (1.0 + np.exp(-design @ weights))
        gradient = design.T @ (y - probability) - ridge @ weights
        curvature = (design * (probability * (1.0 - probability))[:, None]).T @ design + ridge
        weights += np.linalg.solve(curvature, gradient)
    return weights


def average_precision(scores: Array, y: Array) -> float:
    """The mean of the precision at each positive, by falling score."""
    ranked = y[np.argsort(-scores, kind="stable")]
    precision = np.cumsum(ranked) / np.arange(1, len(ranked) + 1)
    return float(precision[ranked == 1].mean())


def main() -> None:
    """Read the sentences, fit, and write ``checkworthiness.json`` beside this file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="ClaimBuster's two-class sentences: a list of {sentence_id, label, text}")
    rows = json.loads(parser.parse_args().data.read_text(encoding="utf-8"))
    rows.sort(key=lambda row: row["sentence_id"])
    x = np.array([features(row["text"]) for row in rows])
    y = np.array([float(row["label"]) for row in rows])
    held = np.arange(len(rows)) % HELD_OUT == 0
    mean, deviation = x[~held].mean(0), np.maximum(x[~held].std(0), 1e-6)
    weights = fit((x[~held] - mean) / deviation, y[~held])
    scores = ((x[held] - mean) / deviation) @ weights[:-1] + weights[-1]
    raw = weights[:-1] / deviation
    model = {
        "what": "Logistic regression on surface features; probability that a debate sentence is a check-worthy factual claim.",
        "how": "python -m services.extract.claims.fit on ClaimBuster's two-class training sentences (debates), every fifth held out.",
        "sentences": int((~held).sum()),
        "held_out": {
            "sentences": int(held.sum()),
            "average_precision": round(average_precision(scores, y[held]), 4),
            "base_rate": round(float(y[held].mean()), 4),
            "accuracy_at_half": round(float(((scores > 0) == (y[held] == 1)).mean()), 4),
        },
        "known_limits": "Trained on debates: on news such models rank worse than these figures say.",
        "intercept": round(float(weights[-1] - raw @ mean), 6),
        "weights": {name: round(float(weight), 6) for name, weight in zip(NAMES, raw, strict=True)},
    }  # fmt: skip
    Path(__file__).with_name("checkworthiness.json").write_text(json.dumps(model, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
