"""Fit type and check-worthiness of propositions: ``python -m lab.fits.claims --corpus POLNEAR --pages
FOLDER``.

Logistic regressions on words, word pairs and looks (:mod:`services.extract.claims.propositions`): one over
the eight types, one for worth. Fitted to the claims of the work pages (lab/labels/speech), to statements of
GUM news and of PolNeAR's training part, and to invented ones (lab/labels/checkworthiness). First each
publisher of the work pages is left out in turn: what is then right of its claims is printed and written
beside the weights. Penalties were chosen by those figures; locked pages are read by no one here.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.sparse import csr_matrix, hstack

import services.extract.claims
from lab.quality.gum_gold import COMMITTED as GUM
from lab.quality.gum_gold import read_gum
from lab.quality.news_labels import PROPOSITIONS, Label, locate, read_labels
from lab.quality.news_speech_labels import COMMITTED as SPEECH
from lab.quality.news_speech_labels import WORK, read_pages
from lab.quality.page_claims import page_claims
from lab.quality.polnear import read_raw, split_folder
from schemas.events import ClaimType
from services.extract.claims.propositions import LOOKS, TYPES, Model, looks
from services.extract.claims.words import grams
from services.extract.cli_json import read_article
from services.extract.text.clean import clean
from services.extract.text.html import HtmlLimits, HtmlReader

Array = npt.NDArray[np.float64]
_PENALTY = 3.0  # of a dense regression, on standardised features
_STEPS = 30  # Newton's method converges in fewer than ten
HELD_OUT = 5
SHIPPED = Path(services.extract.claims.__file__).with_name("propositions.json")
"""The weights that the package carries."""
INVENTED = PROPOSITIONS.with_name("invented.jsonl")

_WORD_PENALTY = 3.0
_LOOK_PENALTY = 20.0
_SEEN = 2  # statements a word or a pair must stand in
_DIGITS = 2  # of a word's weight: its rounding error is far below the fit's
_ITERATIONS = 80


@dataclass(frozen=True, slots=True)
class Statement:
    """A labelled statement; ``group``: the publisher of a work page, empty for what is always fitted to."""

    text: str
    worth: bool
    type: ClaimType
    group: str = ""


def fit(x: Array, y: Array, penalty: float = _PENALTY) -> Array:
    """Coefficients, the intercept last, of a penalised logistic regression by Newton's method; ``x`` is
    standardised by the caller."""
    design = np.hstack([x, np.ones((len(x), 1))])
    weights = np.zeros(design.shape[1])
    ridge = np.diag([penalty] * x.shape[1] + [0.0])
    for _ in range(_STEPS):
        probability = 1.0 / (1.0 + np.exp(-design @ weights))
        gradient = design.T @ (y - probability) - ridge @ weights
        curvature = (design * (probability * (1.0 - probability))[:, None]).T @ design + ridge
        weights += np.linalg.solve(curvature, gradient)
    return weights


class Prepared:
    """Statements as features, made once for all fits."""

    def __init__(self, statements: Sequence[Statement]) -> None:
        self.statements = statements
        self.grams = [grams(statement.text) for statement in statements]
        self.looks = np.array([looks(statement.text) for statement in statements])
        self.types = np.array([TYPES.index(statement.type) for statement in statements])
        self.worth = np.array([int(statement.worth) for statement in statements])


def fit_model(prepared: Prepared, rows: Sequence[int]) -> Model:
    """The two regressions on some of the statements."""
    counts = Counter(gram for row in rows for gram in prepared.grams[row])
    columns = {
        gram: number
        for number, gram in enumerate(sorted(gram for gram, count in counts.items() if count >= _SEEN))
    }
    places = [
        (number, columns[gram])
        for number, row in enumerate(rows)
        for gram in sorted(prepared.grams[row])
        if gram in columns
    ]
    across, down = np.array(places).reshape(-1, 2).T
    words = csr_matrix((np.ones(len(places)), (across, down)), shape=(len(rows), len(columns)))
    plain = prepared.looks[list(rows)]
    mean, deviation = plain.mean(0), np.maximum(plain.std(0), 1e-6)
    x = hstack([words, csr_matrix((plain - mean) / deviation)]).tocsr()
    penalty = np.r_[np.full(len(columns), _WORD_PENALTY), np.full(len(LOOKS), _LOOK_PENALTY)]
    types = _softmax(x, prepared.types[list(rows)], len(TYPES), penalty)
    worth = _softmax(x, prepared.worth[list(rows)], 2, penalty)
    every = np.hstack([types, worth[:, 1:] - worth[:, :1]])
    of_words, of_looks, intercepts = (
        every[: len(columns)],
        every[len(columns) : -1] / deviation[:, None],
        every[-1],
    )
    intercepts = intercepts - mean @ of_looks
    return Model(
        intercepts=[round(float(value), 4) for value in intercepts],
        looks={
            name: [round(float(value), 4) for value in row] for name, row in zip(LOOKS, of_looks, strict=True)
        },
        words={
            gram: rounded
            for gram, row in zip(columns, of_words, strict=True)
            if any(rounded := [round(float(value), _DIGITS) for value in row])
        },
    )


def _softmax(x: csr_matrix, y: npt.NDArray[np.int64], classes: int, penalty: Array) -> Array:
    """Weights [features + 1, classes] of a penalised multinomial regression, the intercepts last."""
    size, rows, turned = x.shape[1], np.arange(len(y)), x.T.tocsr()

    def loss(flat: Array) -> tuple[float, Array]:
        weights, intercepts = flat[: size * classes].reshape(size, classes), flat[size * classes :]
        scores = x @ weights + intercepts
        scores -= scores.max(1, keepdims=True)
        odds = np.exp(scores)
        share = odds / odds.sum(1, keepdims=True)
        value = -np.log(share[rows, y] + 1e-12).sum() + 0.5 * (penalty[:, None] * weights**2).sum()
        share[rows, y] -= 1
        return float(value), np.r_[(turned @ share + penalty[:, None] * weights).ravel(), share.sum(0)]

    start = np.zeros((size + 1) * classes)
    found: Array = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": _ITERATIONS}).x
    return found.reshape(size + 1, classes)


def average_precision(scores: Array, y: Array) -> float:
    """The mean of the precision at each positive, by falling score."""
    ranked = y[np.argsort(-scores, kind="stable")]
    precision = np.cumsum(ranked) / np.arange(1, len(ranked) + 1)
    return float(precision[ranked == 1].mean())


def left_out(prepared: Prepared) -> dict[str, float]:
    """What is right of each publisher's claims when the others are fitted to: all of them together."""
    groups = [statement.group for statement in prepared.statements]
    tried, types, worth = [], [], []
    for group in sorted(set(groups) - {""}):
        model = fit_model(prepared, [row for row, other in enumerate(groups) if other != group])
        for row in (row for row, other in enumerate(groups) if other == group):
            judged = model(prepared.statements[row].text)
            tried.append(row)
            types.append(judged.type is prepared.statements[row].type)
            worth.append(judged.worth)
    labels = prepared.worth[tried].astype(np.float64)
    return {
        "claims": len(tried),
        "types_right": round(float(np.mean(types)), 4),
        "average_precision_of_words": round(average_precision(np.array(worth), labels), 4),
        "base_rate": round(float(labels.mean()), 4),
    }


def statements(corpus: Path, pages: Path) -> Iterator[Statement]:
    """Everything that is fitted to."""
    reader = HtmlReader(HtmlLimits())
    try:
        for page in (page for page in read_pages(SPEECH) if page.part == WORK):
            text, publisher = clean(read_article(pages / page.page), reader).text, page.page.split("_")[1]
            for span, claim in page_claims(page, text):
                yield Statement(text[span.start : span.end], claim.worth, ClaimType(claim.type), publisher)
    finally:
        reader.close()
    texts = {article.name: article.text for article in read_gum(GUM)}
    folder = split_folder(corpus, "train") / "text"
    for label in read_labels(PROPOSITIONS):
        yield _statement(label, texts[label.file] if label.source == "gum" else read_raw(folder / label.file))
    for line in INVENTED.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield Statement(row["text"], bool(row["worthy"]), ClaimType(row["type"]))


def _statement(label: Label, text: str) -> Statement:
    spans = locate(label, text)
    if spans is None or label.kind is None:
        raise SystemExit(
            f"{PROPOSITIONS}: the statement at {label.spans} of {label.file} has no type or no place in that"
            " file"
        )
    return Statement(
        " ".join(text[span.start : span.end] for span in spans), label.worthy, ClaimType(label.kind)
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the statements, try each publisher, fit, and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="folder of PolNeAR")
    parser.add_argument("--pages", type=Path, required=True, help="folder with the labelled pages (.html.gz)")
    parser.add_argument("--out", type=Path, default=SHIPPED, help="(default: the shipped one)")
    options = parser.parse_args(arguments)
    prepared = Prepared(list(statements(options.corpus, options.pages)))
    tried = left_out(prepared)
    print(json.dumps(tried))
    model = fit_model(prepared, range(len(prepared.statements)))
    head = {
        "what": (
            "Logistic regressions on words and looks: scores of eight types of proposition, then log-odds of"
            " being worth checking."
        ),
        "how": (
            "python -m lab.fits.claims on claims of work pages, statements of GUM news and PolNeAR's training"
            " part, and invented ones."
        ),
        "statements": len(prepared.statements),
        "each_publisher_left_out": tried,
        "columns": [*(kind.value for kind in TYPES), "worth"],
        "intercepts": model.intercepts,
    }
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in head.items()]
    for part, weights in (("looks", model.looks), ("words", model.words)):
        rows = ",\n".join(f"{json.dumps(name)}: {json.dumps(row)}" for name, row in weights.items())
        lines.append(f'"{part}": {{\n{rows}\n}}')
    options.out.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
