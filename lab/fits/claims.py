"""Fit the check-worthiness of words: ``python -m lab.fits.claims ClaimBuster.json``.

Logistic regression on :mod:`services.extract.claims.features` and :mod:`services.extract.claims.words` together, the latter with a
penalty of their own. Every fifth sentence, by id, is held out for the figures that are written beside the coefficients; the shipped
coefficients are fitted without them. Everything chosen was chosen by cross-validation on the other four fifths.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

import services.extract.claims
from services.extract.claims.features import NAMES, features
from services.extract.claims.words import Surface, grams

Array = npt.NDArray[np.float64]
_PENALTY = 3.0  # of a dense regression, on standardised features
_STEPS = 30  # Newton's method converges in fewer than ten
HELD_OUT = 5
SHIPPED = Path(services.extract.claims.__file__).with_name("checkworthiness.json")
"""The weights that the package carries."""

# Chosen on five folds of the training part, where halving or doubling one moves the average precision (.839) by less than .002.
_WORD_PENALTY = 6.0
_FEATURE_PENALTY = 70.0
_SEEN = 3  # sentences a word or a pair must stand in
_SMALLEST = 0.05  # lighter words are dropped: half of them, and no more than .001 of average precision


def fit(x: Array, y: Array, penalty: float = _PENALTY) -> Array:
    """Coefficients, the intercept last, of a penalised logistic regression by Newton's method; ``x`` is standardised by the caller."""
    design = np.hstack([x, np.ones((len(x), 1))])
    weights = np.zeros(design.shape[1])
    ridge = np.diag([penalty] * x.shape[1] + [0.0])
    for _ in range(_STEPS):
        probability = 1.0 / (1.0 + np.exp(-design @ weights))
        gradient = design.T @ (y - probability) - ridge @ weights
        curvature = (design * (probability * (1.0 - probability))[:, None]).T @ design + ridge
        weights += np.linalg.solve(curvature, gradient)
    return weights


def fit_surface(sentences: Sequence[str], y: Array) -> Surface:
    """The penalised regression on features and words, by L-BFGS; words of little weight are dropped."""
    found = [grams(sentence) for sentence in sentences]
    counts = Counter(gram for some in found for gram in some)
    columns = {gram: number for number, gram in enumerate(sorted(gram for gram, count in counts.items() if count >= _SEEN))}
    places = [(row, columns[gram]) for row, some in enumerate(found) for gram in sorted(some) if gram in columns]
    rows, taken = zip(*places, strict=True) if places else ((), ())
    words = csr_matrix((np.ones(len(places)), (rows, taken)), shape=(len(sentences), len(columns)))
    plain = np.array([features(sentence) for sentence in sentences])
    mean, deviation = plain.mean(0), np.maximum(plain.std(0), 1e-6)
    scaled, size = (plain - mean) / deviation, len(columns)
    penalty = np.r_[np.full(size, _WORD_PENALTY), np.full(len(NAMES), _FEATURE_PENALTY), 0.0]

    def loss(v: Array) -> tuple[float, Array]:
        log_odds = words @ v[:size] + scaled @ v[size:-1] + v[-1]
        error = 1.0 / (1.0 + np.exp(-log_odds)) - y
        value = np.logaddexp(0, log_odds).sum() - y @ log_odds + 0.5 * penalty @ v**2
        return float(value), np.r_[words.T @ error, scaled.T @ error, error.sum()] + penalty * v

    v: Array = minimize(loss, np.zeros(len(penalty)), jac=True, method="L-BFGS-B", options={"maxiter": 500}).x
    raw = v[size:-1] / deviation
    return Surface(
        intercept=round(float(v[-1] - raw @ mean), 6),
        weights={name: round(float(weight), 6) for name, weight in zip(NAMES, raw, strict=True)},
        words={gram: round(float(v[place]), 3) for gram, place in columns.items() if abs(v[place]) >= _SMALLEST},
    )


def average_precision(scores: Array, y: Array) -> float:
    """The mean of the precision at each positive, by falling score."""
    ranked = y[np.argsort(-scores, kind="stable")]
    precision = np.cumsum(ranked) / np.arange(1, len(ranked) + 1)
    return float(precision[ranked == 1].mean())


def read_rows(path: Path) -> tuple[list[str], Array, npt.NDArray[np.bool_]]:
    """ClaimBuster's sentences by id, their labels, and which of them are held out."""
    rows = sorted(json.loads(path.read_text(encoding="utf-8")), key=lambda row: row["sentence_id"])
    held = np.arange(len(rows)) % HELD_OUT == 0
    return [row["text"] for row in rows], np.array([float(row["label"]) for row in rows]), held


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the sentences, fit, and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="ClaimBuster's two-class sentences: a list of {sentence_id, label, text}")
    parser.add_argument("--out", type=Path, default=SHIPPED, help="(default: the shipped one)")
    options = parser.parse_args(arguments)
    texts, y, held = read_rows(options.data)
    surface = fit_surface([text for text, out in zip(texts, held, strict=True) if not out], y[~held])
    scores = np.array([surface(text) for text, out in zip(texts, held, strict=True) if out])
    model = {
        "what": "Logistic regression on surface features and words; probability that a debate sentence is a check-worthy factual claim.",
        "how": "python -m lab.fits.claims on ClaimBuster's two-class training sentences (debates), every fifth held out.",
        "sentences": int((~held).sum()),
        "held_out": {
            "sentences": int(held.sum()),
            "average_precision": round(average_precision(scores, y[held]), 4),
            "base_rate": round(float(y[held].mean()), 4),
            "accuracy_at_half": round(float(((scores > 0) == (y[held] == 1)).mean()), 4),
        },
        "known_limits": "Trained on debates: on news such models rank worse than these figures say.",
        **surface._asdict(),
    }
    options.out.write_text(json.dumps(model, indent=0) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
