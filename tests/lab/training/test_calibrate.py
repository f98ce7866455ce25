"""What training fits beside the network: transitions counted in annotation, confidences that mean what they
say."""

from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from lab.quality.polnear import GoldArticle, GoldAttribution
from lab.training.calibrate import (
    fit_confidence,
    fit_source_confidence,
    gold_tags,
    halves,
    reliability,
    transition_scores,
    tried,
)
from services.extract.tagger.boundaries import BOUNDARIES, read_words
from services.extract.tagger.confidence import Evidence, probability
from services.extract.tagger.encoding import encode
from services.extract.tagger.spec import ROLE_TAGS, SHIPPED
from services.extract.types import Range

TOKENIZER = Tokenizer.from_file(str(SHIPPED / "tokenizer.json"))
TEXT = "The mayor said it is safe."


def article() -> GoldArticle:
    def at(words: str) -> tuple[Range, ...]:
        start = TEXT.index(words)
        return (Range(start, start + len(words)),)

    return GoldArticle(
        "a", TEXT, (GoldAttribution(at("The mayor"), at("said"), at("it is safe")),), 1, Path("a.ann")
    )


def test_annotation_on_words() -> None:
    words = read_words(TEXT, encode(TOKENIZER, TEXT))
    assert [ROLE_TAGS[tag] for tag in gold_tags(article(), words)] == [
        "B-SOURCE",
        "I-SOURCE",
        "B-CUE",
        "B-CONTENT",
        "I-CONTENT",
        "I-CONTENT",
        "O",
    ]


def test_transitions_prefer_what_was_annotated() -> None:
    scores = transition_scores([article()] * 50, TOKENIZER)
    assert scores.shape == (BOUNDARIES, len(ROLE_TAGS), len(ROLE_TAGS))
    assert np.isfinite(scores).all()
    source, cue = ROLE_TAGS.index("I-SOURCE"), ROLE_TAGS.index("B-CUE")
    assert scores[0, source].argmax() == cue


def evidence(content: float, quoted: float) -> Evidence:
    return Evidence(content, 0.8, 0.8, 0.7, 0.7, 0.5, 1.0, 1.0, quoted, 12.0, 0.1)


def test_fitted_confidences_are_calibrated_on_other_items() -> None:
    random = np.random.default_rng(0)
    items = [evidence(float(random.uniform(0.3, 0.99)), float(random.integers(2))) for _ in range(4000)]
    features = np.array([item.features() for item in items])
    # Right as often as the logit of its content's probability says, a little more so in quotation marks.
    truth = 1 / (1 + np.exp(-(1.2 * features[:, 0] - 0.5 + 0.8 * features[:, 8])))
    right = (random.random(len(items)) < truth).astype(float)
    calibration = fit_confidence(features[:2000], right[:2000])
    sure = np.array(
        [probability(item.features(), calibration.weights, calibration.bias) for item in items[2000:]]
    )
    assert reliability(sure, right[2000:])["expected_calibration_error"] < 0.04
    assert abs(calibration.weights[0] - 1.2) < 0.2
    assert abs(calibration.weights[8] - 0.8) < 0.3
    assert reliability(np.full(2000, 0.99), right[2000:])["expected_calibration_error"] > 0.1


def test_a_source_is_fitted_by_what_speaks_for_it_or_for_there_being_none() -> None:
    random = np.random.default_rng(1)

    def item() -> Evidence:
        source, link, none = (float(number) for number in random.uniform(0.05, 0.95, 3))
        return evidence(0.9, 0.0)._replace(
            source=source, source_link=link, no_source=none, has_source=float(random.integers(2))
        )

    items = [item() for _ in range(6000)]
    features = np.array([one.source_features() for one in items])
    for_it = [np.log((1 - e.no_source) / e.no_source) * (1 if e.has_source else -1) for e in items]
    truth = 1 / (1 + np.exp(-(1.0 + 0.8 * np.array(for_it))))
    right = (random.random(len(items)) < truth).astype(float)
    (fitted_on, tried_on) = halves([(features[n : n + 1], right[n : n + 1]) for n in range(len(items))])
    calibration = fit_source_confidence(*fitted_on)
    assert abs(calibration.weights[2] - 0.8) < 0.1
    assert all(abs(weight) < 0.1 for weight in calibration.weights[:2])
    assert tried(calibration, *tried_on)["expected_calibration_error"] < 0.04
