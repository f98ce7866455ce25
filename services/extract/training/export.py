"""Weights to the ONNX file that ships: 8-bit where it costs nothing, float where it does."""

from __future__ import annotations

import tempfile
from pathlib import Path

import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import Tensor, nn

from services.extract.tagger.network import OUTPUTS
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


class _Unmasked(nn.Module):
    """The network for windows without padding: at work there is one window to a call, and a mask of ones would cost a fifth of its time."""

    def __init__(self, model: AttributionTagger) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: Tensor, case: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.model(ids, case, None))


def export_float(model: AttributionTagger, path: Path) -> None:
    """Write the network in float, batch and length free."""
    ids = torch.randint(1000, 20000, (1, 64))
    free = {name: {0: "batch", 1: "pieces"} for name in (*INPUTS, *OUTPUTS)}
    torch.onnx.export(
        _Unmasked(model).eval(),
        (ids, torch.zeros_like(ids)),
        str(path),
        input_names=list(INPUTS),
        output_names=list(OUTPUTS),
        dynamic_axes=free,
        opset_version=17,
        dynamo=False,
    )


def export_int8(model: AttributionTagger, path: Path, float_nodes: tuple[str, ...] = HEADS, reduce_range: bool = False) -> None:
    """Write the network with 8-bit weights, one scale per output channel; nodes whose name contains one of ``float_nodes`` stay float."""
    import onnx

    model.bert.embeddings.word_embeddings = EightBitEmbedding(model.bert.embeddings.word_embeddings.weight.detach())
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "float.onnx"
        export_float(model, plain)
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
