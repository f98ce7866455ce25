"""Weights to the ONNX file that ships: 8-bit where it costs nothing, float where it does.

Two parts of the encoder are written in operators that onnxruntime runs faster than what the exporter would write (on one core of a
processor with AVX-512 VNNI, medians of interleaved runs): attention as one operator (4 % more windows a second), and layer normalisation as
InstanceNormalization of the pieces (7 %; the same arithmetic in a sixth of the time). The network's last steps, from the pair scores to
the few best links, are in the graph too: only what the decoder reads leaves it.
"""

from __future__ import annotations

import copy
import tempfile
from pathlib import Path
from typing import Any

import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import Tensor, nn
from torch.nn import functional
from torch.onnx import symbolic_helper
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from services.extract.tagger.network import LINKS_KEPT, OUTPUTS
from services.extract.training.model import AttributionTagger

INPUTS = ("ids", "case")
HEADS = ("/tag/", "/ner/", "/q/", "/k/", "/source_q/", "/source_k/", "/end/", "/claim/")
"""Small, and every answer passes through them: kept in float."""


class EightBitEmbedding(nn.Module):
    """An embedding table in 8 bits with one scale per row: rows of rare words are not crushed by the range of common ones."""

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
    """Each piece's states with mean 0 and variance 1. ``ones`` and ``zeros`` [pieces] are what the ONNX operator wants."""
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


def _attend(module: nn.Module, query: Tensor, key: Tensor, value: Tensor, _mask: None, scaling: float, **_: Any) -> tuple[Tensor, None]:
    """The encoder's attention in one operator; ``query``, ``key`` and ``value`` are [batch, heads, pieces, width of a head]."""
    heads = query.shape[1]
    together = (states.transpose(1, 2).flatten(2) for states in (query, key, value))
    attended = torch.ops.onrecord.attention(*together, heads, float(scaling))
    return attended.unflatten(-1, (heads, -1)), None


ALL_ATTENTION_FUNCTIONS.register("onrecord", _attend)


class _Norm(nn.Module):
    """A layer normalisation as :func:`_normalise`, its parameters under their old names."""

    def __init__(self, norm: nn.LayerNorm) -> None:
        super().__init__()
        self.weight, self.bias, self.epsilon = norm.weight, norm.bias, norm.eps

    def forward(self, states: Tensor) -> Tensor:
        ones = torch.ones_like(states[0, :, 0])
        normal: Tensor = torch.ops.onrecord.normalise(states, ones, torch.zeros_like(ones), self.epsilon)
        return normal * self.weight + self.bias


class _AtWork(nn.Module):
    """The network as it answers at work (``network.OUTPUTS``), for windows without padding: there is one window to a call, and a mask of
    ones would cost a fifth of its time."""

    def __init__(self, model: AttributionTagger) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: Tensor, case: Tensor) -> tuple[Tensor, ...]:
        tag, ner, link, source, end, claim = self.model(ids, case, None)
        # the first and the last row and column are the marks that frame the window; in ``source`` the first column is "none".
        # A window of a few pieces has fewer columns than are kept: it gets some that nothing links to.
        link = functional.pad(link[:, :, 1:-1], (0, LINKS_KEPT), value=_HIDDEN).softmax(-1)
        link_probability, link_to = link.topk(LINKS_KEPT, -1)
        none = source[:, :, :-1].softmax(-1)[:, :, 0]
        answers = (tag.log_softmax(-1), ner.log_softmax(-1), link_to, link_probability, none, end, claim)
        return tuple(answer[:, 1:-1] for answer in answers)


def _at_work(model: AttributionTagger) -> _AtWork:
    """A copy of ``model`` in the form that is exported."""
    model = copy.deepcopy(model).eval()
    model.bert.config._attn_implementation = "onrecord"
    norms = [(name, module) for name, module in model.named_modules() if isinstance(module, nn.LayerNorm)]
    for name, norm in norms:
        parent, _, own = name.rpartition(".")
        setattr(model.get_submodule(parent), own, _Norm(norm))
    return _AtWork(model)


def export_float(model: AttributionTagger, path: Path) -> None:
    """Write the network in float, batch and length free."""
    _export(_at_work(model), path)


def _export(network: _AtWork, path: Path) -> None:
    ids = torch.randint(1000, 20000, (1, 64))
    free = {name: {0: "batch", 1: "pieces"} for name in INPUTS} | {name: {0: "batch", 1: "kept"} for name in OUTPUTS}
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


def export_int8(model: AttributionTagger, path: Path, float_nodes: tuple[str, ...] = HEADS, reduce_range: bool = False) -> None:
    """Write the network with 8-bit weights, one scale per output channel; nodes whose name contains one of ``float_nodes`` stay float."""
    import onnx

    network = _at_work(model)
    embeddings = network.model.bert.embeddings
    embeddings.word_embeddings = EightBitEmbedding(embeddings.word_embeddings.weight.detach())
    embeddings.position_embeddings = HalfEmbedding(embeddings.position_embeddings.weight.detach())
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "float.onnx"
        _export(network, plain)
        nodes = onnx.load(plain).graph.node
        kept = [node.name for node in nodes if node.op_type == "MatMul" and any(part in node.name for part in float_nodes)]
        quantize_dynamic(
            plain,
            path,
            op_types_to_quantize=["MatMul"],
            per_channel=True,
            reduce_range=reduce_range,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=kept,
        )
    written = onnx.load(path)
    del written.graph.value_info[:]  # shapes that onnxruntime finds out by itself: 70 kB
    onnx.save(written, path)
