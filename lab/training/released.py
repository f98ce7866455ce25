"""A released model's weights, as training goes on from them: what was rounded to 8 bits stays rounded, and
learning mends it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor

_MATRICES = ("MatMul", "MatMulInteger")
_TABLE = "bert.embeddings.word_embeddings"


def released_weights(path: Path) -> dict[str, Tensor]:
    """The float weights of a ``model.onnx`` as :func:`~lab.training.export.export_int8` writes it, by the
    names of :class:`~lab.training.model.AttributionTagger`.

    Matrices lose their names in the export and get numbers; the nodes that multiply by them keep the module's
    path.
    """
    graph = onnx.load(path).graph
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    found = {
        name.removeprefix("model."): value for name, value in stored.items() if name.startswith("model.")
    }
    table, scale = found.pop(f"{_TABLE}.table"), found.pop(f"{_TABLE}.scale")
    found[f"{_TABLE}.weight"] = table.astype(np.float32) * scale.astype(np.float32)
    for node in graph.node:
        if node.op_type not in _MATRICES or node.input[1] not in stored:
            continue
        matrix = stored[node.input[1]]
        if node.op_type == "MatMulInteger":
            name = node.input[1].removesuffix("_quantized")
            matrix = (matrix.astype(np.float32) - stored[f"{name}_zero_point"]) * stored[f"{name}_scale"]
        module = ".".join(node.name.removeprefix("/model/").split("/")[:-1])
        found[f"{module}.weight"] = np.ascontiguousarray(matrix.T)
    return {name: torch.from_numpy(np.array(value, dtype=np.float32)) for name, value in found.items()}
