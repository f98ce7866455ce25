"""Dropout that costs little on a CPU."""

from __future__ import annotations

import torch
from torch import Tensor, nn

_POOL = 1 << 23
"""Numbers drawn once: five times what one batch's hidden states need, so that places rarely meet the same
part."""


class PooledDropout(nn.Module):
    """Inverted dropout whose mask is a random stretch of numbers drawn once.

    Drawing fresh numbers for every call took 45 % of a training step on two CPU cores; reading a stretch
    takes 2 %.
    """

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability = probability
        kept = torch.rand(_POOL) >= probability
        self.register_buffer("pool", kept.float() / (1 - probability), persistent=False)

    def forward(self, hidden: Tensor) -> Tensor:
        if not self.training or not self.probability:
            return hidden
        count = hidden.numel()
        if count > _POOL:
            return nn.functional.dropout(hidden, self.probability)
        start = int(torch.randint(0, _POOL - count + 1, ()))
        return hidden * self.pool[start : start + count].view_as(hidden)


def use_pooled_dropout(module: nn.Module, probability: float) -> None:
    """Put one shared :class:`PooledDropout` in the place of every dropout below ``module``; attention's own
    is turned off (with it the fused kernel cannot be used)."""
    shared = PooledDropout(probability)
    for part in list(module.modules()):
        for name, child in list(part.named_children()):
            if isinstance(child, nn.Dropout):
                # the attention's dropout is read as a probability beside the fused kernel
                attention = name == "dropout" and hasattr(part, "query")
                setattr(part, name, nn.Dropout(0.0) if attention else shared)
        if hasattr(part, "dropout_prob"):
            part.dropout_prob = 0.0
