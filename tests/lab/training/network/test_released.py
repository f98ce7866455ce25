"""From weights to the shipped file and back."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from lab.training.export import export_float, export_int8
from lab.training.model import AttributionTagger
from lab.training.released import released_weights
from services.extract.tagger.network import LINKS_KEPT, OUTPUTS

pytestmark = pytest.mark.filterwarnings("ignore")  # the exporter's own


def test_a_released_file_gives_its_weights_back(model: AttributionTagger, tmp_path: Path) -> None:
    file = tmp_path / "model.onnx"
    before = {name: value.clone() for name, value in model.state_dict().items()}
    export_int8(copy.deepcopy(model), file, reduce_range=True)
    found = released_weights(file)
    assert found.keys() == {name for name, value in before.items() if value.is_floating_point()}
    for name, value in found.items():
        assert value.shape == before[name].shape
        # seven bits: half a step of a sixty-fourth of the largest weight
        assert (value - before[name]).abs().max() <= before[name].abs().max() / 64 + 1e-6, name


def test_the_file_in_float_answers_as_the_network_does(model: AttributionTagger, tmp_path: Path) -> None:
    file = tmp_path / "float.onnx"
    model.eval()
    export_float(model, file)
    ids = torch.randint(1000, 20000, (1, 50))
    case = torch.randint(0, 15, (1, 50))
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    found = session.run(names, {"ids": ids.numpy(), "case": case.numpy()})
    with torch.no_grad():
        raw = model(ids, case, None)
    links = raw.link[:, 1:-1, 1:-1].softmax(-1)
    expected = {
        "tag": raw.tag.log_softmax(-1)[:, 1:-1],
        "ner": raw.ner.log_softmax(-1)[:, 1:-1],
        "link_probability": links.sort(-1, descending=True).values[:, :, :LINKS_KEPT],
        "none": raw.source[:, 1:-1, :-1].softmax(-1)[:, :, 0],
        "end": raw.end[:, 1:-1],
        "claim": raw.claim[:, 1:-1],
    }
    answers = dict(zip(names, found, strict=True))
    assert answers.keys() == expected.keys() | {"link_to"} == set(OUTPUTS)
    for name, value in expected.items():
        assert np.allclose(answers[name], value.numpy(), atol=1e-4), name
    assert np.allclose(
        np.take_along_axis(links.numpy(), answers["link_to"], -1), answers["link_probability"], atol=1e-4
    )


@pytest.mark.parametrize("pieces", [1, 7])
def test_a_window_of_a_few_pieces_has_fewer_links(
    model: AttributionTagger, tmp_path: Path, pieces: int
) -> None:
    file = tmp_path / "float.onnx"
    export_float(model, file)
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    ids = np.full((1, pieces + 2), 2000)
    to, probability = session.run(["link_to", "link_probability"], {"ids": ids, "case": np.zeros_like(ids)})
    assert to.shape == probability.shape == (1, pieces, LINKS_KEPT)
    assert bool(((probability > 0) == (to < pieces)).all())
    assert np.allclose(probability.sum(-1), 1)
