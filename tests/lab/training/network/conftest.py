"""A network small enough to train in a test, and articles small enough to learn by heart."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest.importorskip(
    "torch", reason="PyTorch is not installed (several GB): `make train-test` installs it and runs these"
)
pytest.importorskip("onnx", reason="onnx is not installed: `make train-test` installs it and runs these")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
from tokenizers import Tokenizer
from transformers import BertConfig

from lab.quality.polnear import GoldArticle, GoldAttribution
from lab.training.config import TrainingConfig
from lab.training.data import Example, label_article
from lab.training.model import AttributionTagger
from services.extract.tagger.encoding import encode
from services.extract.tagger.spec import SHIPPED
from services.extract.types import Range

PEOPLE = ("Ida Holm", "the mayor", "Jonas Ek", "a spokeswoman")
CLAIMS = ("the bridge will open in May", "nobody was hurt", "prices fell by a tenth")


@pytest.fixture
def tokenizer() -> Tokenizer:
    return Tokenizer.from_file(str(SHIPPED / "tokenizer.json"))


@pytest.fixture
def examples(tokenizer: Tokenizer) -> list[Example]:
    made = []
    for number, person in enumerate(PEOPLE):
        text, items = "", []
        for claim in CLAIMS:
            start = len(text)
            text += f"{person} said {claim} on day {number}. "
            end = start + len(person)
            items.append(
                GoldAttribution(
                    (Range(start, end),), (Range(end + 1, end + 5),), (Range(end + 6, end + 6 + len(claim)),)
                )
            )
        article = GoldArticle(person, text, tuple(items), 1, Path("none"))
        made.append(
            label_article(article, encode(tokenizer, text), [(item.source[0], "PERSON") for item in items])
        )
    return made


@pytest.fixture
def model() -> AttributionTagger:
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=30522,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        attn_implementation="sdpa",
    )
    made = AttributionTagger(config)
    with torch.no_grad():
        for value in made.parameters():  # no two alike: the exporter stores equal tensors once
            value.add_(0.01 * torch.randn_like(value))
    return made


@pytest.fixture
def config(tmp_path: Path) -> TrainingConfig:
    return TrainingConfig(
        Path("none"),
        tmp_path,
        epochs=(2, 4),
        encoder_rates=(1e-3, 5e-4),
        head_rates=(1e-2, 1e-3),
        batch=2,
        window=40,
        threads=1,
        save_every=3,
    )
