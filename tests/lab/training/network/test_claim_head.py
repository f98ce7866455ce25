"""The check-worthiness head fitted to debates and to news."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from lab.training.claims import LabelledArticle, Sentence, claim_figures, refit_claim_head
from lab.training.model import AttributionTagger
from services.extract.tagger.encoding import encode

WORTHY = (
    "Taxes rose by 5 percent.",
    "The bridge cost 3 million.",
    "Rents fell in 2014.",
    "Crime rose by 12 percent.",
)
OTHER = ("I like it here.", "Thank you so much.", "We love this town.", "You are very kind.")


@pytest.fixture
def sentences(tokenizer: Tokenizer) -> list[Sentence]:
    return [Sentence(encode(tokenizer, text), int(text in WORTHY), text) for text in (*WORTHY, *OTHER)] * 5


@pytest.fixture
def article(tokenizer: Tokenizer) -> LabelledArticle:
    pieces = encode(tokenizer, " ".join(f"The mayor said: “{text}”" for text in (*WORTHY, *OTHER)))
    places = np.array_split(np.arange(len(pieces)), len(WORTHY) + len(OTHER))
    return LabelledArticle(pieces, tuple(places), (1,) * len(WORTHY) + (0,) * len(OTHER))


def test_sentences_are_told_apart_and_figures_are_those_of_reading_alone(
    model: AttributionTagger, sentences: list[Sentence], article: LabelledArticle
) -> None:
    model.eval()
    alone = refit_claim_head(model, sentences, 254, [article])
    figures = claim_figures(model, sentences, alone)
    assert figures["average_precision_network"] == 1.0
    assert figures["average_precision"] == 1.0
    assert figures["base_rate"] == 0.5


def test_each_reading_has_an_intercept_of_its_own(
    model: AttributionTagger, sentences: list[Sentence], article: LabelledArticle
) -> None:
    model.eval()
    alone = refit_claim_head(model, sentences, 254, [article])
    with torch.no_grad():
        ids = torch.from_numpy(np.concatenate([[101], article.pieces.ids, [102]])[None])
        case = torch.from_numpy(np.concatenate([[15], article.pieces.case, [15]])[None])
        inside = model(ids, case, None).claim[0, 1:-1].numpy()
        first = sentences[0].pieces
        lone = model(
            torch.from_numpy(np.concatenate([[101], first.ids, [102]])[None]),
            torch.from_numpy(np.concatenate([[15], first.case, [15]])[None]),
            None,
        ).claim[0, 1:-1]
    in_article = np.array([inside[place].mean() for place in article.statements])
    probability = 1 / (1 + np.exp(-in_article))
    # half the statements are worthy: the head is calibrated where it is used
    assert abs(probability.mean() - 0.5) < 0.1
    assert float(lone.mean()) + alone > 0  # and, shifted, for a sentence by itself


def test_without_news_nothing_is_shifted(model: AttributionTagger, sentences: list[Sentence]) -> None:
    model.eval()
    assert refit_claim_head(model, sentences, 254) == 0.0
