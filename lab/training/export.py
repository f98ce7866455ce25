"""Weights to the ONNX file that ships: 8-bit where it costs nothing, float where it does.

The encoder is written out for what it has to do at work, in operators that onnxruntime runs faster than what
the exporter would write (on one core of a processor with AVX-512 VNNI, medians of interleaved runs):
attention as one operator (4 % more windows a second), layer normalisation as InstanceNormalization of the
pieces (7 %; the same arithmetic in a sixth of the time), and none of the 280 operators that only work out
shapes, masks and positions (7 %). The network's last steps, from the pair scores to the few best links, are
in the graph too: only what the decoder reads leaves it.
"""

from __future__ import annotations

import copy
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import Tensor, nn
from torch.nn import functional
from torch.onnx import symbolic_helper

from lab.training.model import AttributionTagger
from services.extract.tagger.network import LINKS_KEPT, OUTPUTS

INPUTS = ("ids", "case")
_FLOAT = "/claim/"
"""The one head that stays in float: in 8 bits its log-odds, which are calibrated, would be off by a tenth.
The others lose nothing."""


class EightBitEmbedding(nn.Module):
    """An embedding table in 8 bits with one scale per row: rows of rare words are not crushed by the range of
    common ones."""

    def __init__(self, table: Tensor) -> None:
        super().__init__()
        scale = table.abs().amax(dim=1, keepdim=True).clamp_min(1e-8) / 127
        self.register_buffer("table", torch.round(table / scale).to(torch.int8))
        self.register_buffer("scale", scale.to(torch.float16))

    def forward(self, ids: Tensor) -> Tensor:
        return self.table[ids].float() * self.scale[ids].float()


class HalfEmbedding(nn.Module):
    """A small embedding table in 16 bits."""

    def __init__(self, table: Tensor) -> None:
        super().__init__()
        self.register_buffer("weight", table.to(torch.float16))

    def forward(self, ids: Tensor) -> Tensor:
        return self.weight[ids].float()


_OPSET = 17
_HIDDEN = -1e4  # logit of a column that is not there: its probability is 0

_library = torch.library.Library("onrecord", "DEF")
_library.define("attention(Tensor query, Tensor key, Tensor value, int heads, float scale) -> Tensor")
_library.define("normalise(Tensor states, Tensor ones, Tensor zeros, float epsilon) -> Tensor")


def _attention(query: Tensor, key: Tensor, value: Tensor, heads: int, scale: float) -> Tensor:
    """Attention of every piece to every piece; all [batch, pieces, width]."""
    query, key, value = (states.unflatten(-1, (heads, -1)).transpose(1, 2) for states in (query, key, value))
    return functional.scaled_dot_product_attention(query, key, value, scale=scale).transpose(1, 2).flatten(2)


def _normalise(states: Tensor, ones: Tensor, zeros: Tensor, epsilon: float) -> Tensor:
    """Each piece's states with mean 0 and variance 1. ``ones`` and ``zeros`` [pieces] are what the ONNX
    operator wants."""
    return functional.layer_norm(states, states.shape[-1:], eps=epsilon)


def _write_attention(graph: Any, query: Any, key: Any, value: Any, heads: Any, scale: Any) -> Any:
    return graph.op(
        "com.microsoft::MultiHeadAttention",
        *(query, key, value),
        num_heads_i=symbolic_helper._get_const(heads, "i", "heads"),
        scale_f=symbolic_helper._get_const(scale, "f", "scale"),
    ).setType(query.type())


def _write_normalise(graph: Any, states: Any, ones: Any, zeros: Any, epsilon: Any) -> Any:
    constant = symbolic_helper._get_const(epsilon, "f", "epsilon")
    return graph.op("InstanceNormalization", states, ones, zeros, epsilon_f=constant).setType(states.type())


_library.impl("attention", _attention, "CPU")
_library.impl("normalise", _normalise, "CPU")
torch.onnx.register_custom_op_symbolic("onrecord::attention", _write_attention, _OPSET)
torch.onnx.register_custom_op_symbolic("onrecord::normalise", _write_normalise, _OPSET)


class _Units:
    """What every normalisation of a window needs: a one and a zero for each piece."""

    ones: Tensor
    zeros: Tensor


class _Norm(nn.Module):
    """A layer normalisation as :func:`_normalise`, its parameters under their old names."""

    def __init__(self, norm: nn.LayerNorm, units: _Units) -> None:
        super().__init__()
        self.weight, self.bias, self.epsilon, self.units = norm.weight, norm.bias, norm.eps, units

    def forward(self, states: Tensor) -> Tensor:
        normal: Tensor = torch.ops.onrecord.normalise(states, self.units.ones, self.units.zeros, self.epsilon)
        return normal * self.weight + self.bias


class _SelfAttention(nn.Module):
    """The encoder's attention as :func:`_attention`, its projections under their old names."""

    def __init__(self, attention: Any) -> None:
        super().__init__()
        self.query, self.key, self.value = attention.query, attention.key, attention.value
        self.heads, self.scale = attention.num_attention_heads, float(attention.scaling)

    def forward(self, states: Tensor, *_: Any, **__: Any) -> tuple[Tensor, None]:
        projected = (self.query(states), self.key(states), self.value(states))
        return torch.ops.onrecord.attention(*projected, self.heads, self.scale), None


class _Layers(nn.Module):
    """The encoder's layers one after the other, under their old names."""

    def __init__(self, layer: nn.ModuleList) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, states: Tensor) -> Tensor:
        for layer in self.layer:
            states = layer(states)
        return states


class _Encoder(nn.Module):
    """The encoder, its parts under their old names: one segment, nothing masked, positions from the first."""

    def __init__(self, bert: Any) -> None:
        super().__init__()
        self.embeddings, self.encoder, self.units = bert.embeddings, _Layers(bert.encoder.layer), _Units()
        norms = [(name, module) for name, module in self.named_modules() if isinstance(module, nn.LayerNorm)]
        for name, norm in norms:
            parent, _, own = name.rpartition(".")
            setattr(self.get_submodule(parent), own, _Norm(norm, self.units))
        for layer in self.encoder.layer:
            layer.attention.self = _SelfAttention(layer.attention.self)

    def forward(self, inputs_embeds: Tensor, attention_mask: None) -> SimpleNamespace:
        pieces = inputs_embeds[0, :, 0]
        self.units.ones, self.units.zeros = torch.ones_like(pieces), torch.zeros_like(pieces)
        segment = self.embeddings.token_type_embeddings(torch.zeros_like(pieces, dtype=torch.int64))
        position = self.embeddings.position_embeddings.weight[: inputs_embeds.shape[1]].float()
        states = self.embeddings.LayerNorm(inputs_embeds + segment + position)
        return SimpleNamespace(last_hidden_state=self.encoder(states))


class _AtWork(nn.Module):
    """The network as it answers at work (``network.OUTPUTS``), for windows without padding: there is one
    window to a call, and a mask of ones would cost a fifth of its time."""

    def __init__(self, model: AttributionTagger) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: Tensor, case: Tensor) -> tuple[Tensor, ...]:
        tag, ner, link, source, end, claim = self.model(ids, case, None)
        # the first and the last row and column are the marks that frame the window; in ``source`` the first
        # column is "none". A window of a few pieces has fewer columns than are kept: it gets some that
        # nothing links to.
        link = functional.pad(link[:, :, 1:-1], (0, LINKS_KEPT), value=_HIDDEN).softmax(-1)
        link_probability, link_to = link.topk(LINKS_KEPT, -1)
        none = source[:, :, :-1].softmax(-1)[:, :, 0]
        answers = (tag.log_softmax(-1), ner.log_softmax(-1), link_to, link_probability, none, end, claim)
        return tuple(answer[:, 1:-1] for answer in answers)


def _at_work(model: AttributionTagger) -> _AtWork:
    """A copy of ``model`` in the form that is exported."""
    model = copy.deepcopy(model).eval()
    model.bert = _Encoder(model.bert)
    return _AtWork(model)


def export_float(model: AttributionTagger, path: Path) -> None:
    """Write the network in float, batch and length free."""
    _export(_at_work(model), path)


def _export(network: _AtWork, path: Path) -> None:
    ids = torch.randint(1000, 20000, (1, 64))
    free = {name: {0: "batch", 1: "pieces"} for name in INPUTS} | {
        name: {0: "batch", 1: "kept"} for name in OUTPUTS
    }
    torch.onnx.export(
        network,
        (ids, torch.zeros_like(ids)),
        str(path),
        input_names=list(INPUTS),
        output_names=list(OUTPUTS),
        dynamic_axes=free,
        opset_version=_OPSET,
        custom_opsets={"com.microsoft": 1},
        dynamo=False,
    )


def export_int8(model: AttributionTagger, path: Path, reduce_range: bool = False) -> None:
    """Write the network with 8-bit weights, one scale per output channel; but see ``_FLOAT``."""
    import onnx

    network = _at_work(model)
    embeddings = network.model.bert.embeddings
    embeddings.word_embeddings = EightBitEmbedding(embeddings.word_embeddings.weight.detach())
    embeddings.position_embeddings = HalfEmbedding(embeddings.position_embeddings.weight.detach())
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "float.onnx"
        _export(network, plain)
        quantize_dynamic(
            plain,
            path,
            op_types_to_quantize=["MatMul"],
            per_channel=True,
            reduce_range=reduce_range,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=[node.name for node in onnx.load(plain).graph.node if _FLOAT in node.name],
        )
    written = onnx.load(path)
    del written.graph.value_info[:]  # shapes that onnxruntime finds out by itself: 70 kB
    onnx.save(written, path)
