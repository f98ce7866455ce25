"""What a model folder says of its model (``model.json``): labels, windows, how its scores are read, and its
fingerprint."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.extract.tagger.bio import FloatArray, grammar
from services.extract.tagger.boundaries import BOUNDARIES
from services.extract.tagger.windows import WindowPlan

SHIPPED = Path(__file__).parent.parent / "model"

ROLE_TAGS = ("O", "B-SOURCE", "I-SOURCE", "B-CUE", "I-CUE", "B-CONTENT", "I-CONTENT")
ENTITY_TAGS = (
    "O",
    "B-PERSON",
    "I-PERSON",
    "B-ORGANIZATION",
    "I-ORGANIZATION",
    "B-LOCATION",
    "I-LOCATION",
    "B-MISC",
    "I-MISC",
)
SOURCE, CUE, CONTENT = range(3)  # label numbers of the role tags


class ModelBroken(Exception):
    """A model folder that is incomplete or not what its ``model.json`` says; the message names the file and
    the cure."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Windows(_Frozen):
    """How texts are cut, in pieces; see ``WindowPlan``. Context on both sides leaves at least half of a
    window to be kept."""

    size: int = Field(default=254, ge=128, le=510)
    context: int = Field(default=32, ge=0, le=32)
    paragraph_context: int = Field(default=16, ge=0, le=32)


class Decoding(_Frozen):
    """How scores become attributions. ``transitions`` [classes of boundary][7][7]: log-scores added between
    neighbouring words' role tags, the grammar's bans aside. ``end_weight``: of the ends of contents beside
    them. ``none_weight``: of the network's saying that there is no source."""

    transitions: tuple[tuple[tuple[float, ...], ...], ...] = (((0.0,) * 7,) * 7,) * BOUNDARIES
    end_weight: float = 0.0
    none_weight: float = 0.0
    same_paragraph: float = 0.2
    per_piece: float = 0.004
    minimum: float = 0.02


class Calibration(_Frozen):
    """Logistic regression from an attribution's evidence (``Evidence.features``) to its confidence. The
    default trusts the content's own probability alone."""

    weights: tuple[float, ...] = Field(default=(1.0, *(0.0,) * 9), min_length=10, max_length=10)
    bias: float = 0.0


class SourceCalibration(_Frozen):
    """The same from ``Evidence.source_features`` to the confidence of the source. The default trusts the
    source's own probability and that there is one."""

    weights: tuple[float, ...] = Field(default=(0.5, 0.0, 0.5, 0.0), min_length=4, max_length=4)
    bias: float = 0.0


class ModelSpec(_Frozen):
    """``model.json``. ``training`` and ``figures`` are for people and are not read by the program."""

    name: str
    version: str
    sha256: str
    roles: tuple[str, ...] = ROLE_TAGS
    entities: tuple[str, ...] = ENTITY_TAGS
    windows: Windows = Windows()
    decoding: Decoding = Decoding()
    calibration: Calibration = Calibration()
    source_calibration: SourceCalibration = SourceCalibration()
    training: dict[str, object] = Field(default_factory=dict)
    figures: dict[str, object] = Field(default_factory=dict)

    @property
    def plan(self) -> WindowPlan:
        """How texts are cut into windows."""
        return WindowPlan(**self.windows.model_dump())

    @property
    def role_transitions(self) -> FloatArray:
        """Transition scores [class of boundary, from, to] of the role tags, the BIO grammar included."""
        learned = np.array(self.decoding.transitions, np.float32)
        transitions: FloatArray = grammar(len(self.roles))[None] + learned
        return transitions


def read_spec(folder: Path) -> ModelSpec:
    """Read and check ``model.json`` of a model folder.

    Raises:
        ModelBroken: a file is missing, or the model is not the one the file describes.
    """
    for name in ("model.json", "model.onnx", "tokenizer.json"):
        if not (folder / name).is_file():
            raise ModelBroken(
                f"{folder / name} is missing: check the model out again, or train one with `make train`"
            )
    try:
        spec = ModelSpec.model_validate_json((folder / "model.json").read_bytes())
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc']))} {fault['msg']}".strip() for fault in error.errors()
        )
        raise ModelBroken(
            f"{folder / 'model.json'} describes no model ({faults}): check it out again"
        ) from error
    digest = hashlib.sha256((folder / "model.onnx").read_bytes()).hexdigest()
    if digest != spec.sha256:
        raise ModelBroken(
            f"{folder / 'model.onnx'} is not the model that model.json describes (sha256 {digest}): check"
            " both out again"
        )
    return spec
