"""The encoder: runs the ONNX model over a text's windows and gathers one answer per piece."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import onnxruntime

from services.extract.tagger.encoding import CLS_ID, SEP_ID, SPECIAL_CASE, IntArray, Pieces
from services.extract.tagger.windows import WindowPlan, plan_windows

if TYPE_CHECKING:
    from pathlib import Path

FloatArray = npt.NDArray[np.float32]

# Links kept per piece. The distribution is peaked: the eight best hold over 99 % of it, and memory stays linear in the text.
LINKS_KEPT = 8

OUTPUTS = ("tag", "ner", "link", "source", "end", "claim")


@dataclass(frozen=True, slots=True)
class Scores:
    """What the network says of each of ``n`` pieces.

    ``roles`` [n, 7] and ``entities`` [n, 9]: log-probabilities of the BIO tags. ``link_to`` [n, 8] and ``link_probability`` [n, 8]: the
    pieces that most likely are the first of the cue (without a cue: of the content) of the attribution each piece belongs to.
    ``source_to`` and ``source_probability`` [n, 8]: to a piece of a cue or content, the pieces that most likely are the first of its
    source; -1 stands for no source. ``ends`` [n]: log-odds that a content this piece is part of ends with its word. ``claims`` [n]:
    evidence that the piece's sentence is check-worthy, log-odds when averaged over the sentence.
    """

    roles: FloatArray
    entities: FloatArray
    link_to: IntArray
    link_probability: FloatArray
    source_to: IntArray
    source_probability: FloatArray
    ends: FloatArray
    claims: FloatArray


def log_softmax(logits: FloatArray) -> FloatArray:
    """Natural logarithm of the softmax over the last axis."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    normalised: FloatArray = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return normalised


class Network:
    """One ONNX session. Stateless between calls, so safe to share between threads."""

    def __init__(self, path: Path, roles: int, entities: int, threads: int = 1) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3  # errors only: warnings about the graph are for who exports it
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # an idle service must not burn a core
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._roles = roles
        self._entities = entities

    def __call__(self, pieces: Pieces, plan: WindowPlan) -> Scores:
        """Score every piece, each from the window that keeps it."""
        count = len(pieces)
        kept = min(LINKS_KEPT, plan.size)
        scores = Scores(
            roles=np.zeros((count, self._roles), np.float32),
            entities=np.zeros((count, self._entities), np.float32),
            link_to=np.full((count, kept), -1, np.int64),
            link_probability=np.zeros((count, kept), np.float32),
            source_to=np.full((count, kept), -1, np.int64),
            source_probability=np.zeros((count, kept), np.float32),
            ends=np.zeros(count, np.float32),
            claims=np.zeros(count, np.float32),
        )
        for window in plan_windows(pieces.starts_line, plan):
            answer = self._read(pieces, window.start, window.end)
            # the first and the last row and column are the marks that frame the window; in ``source`` the first column is "none"
            inside = slice(window.keep_start - window.start + 1, window.keep_end - window.start + 1)
            outside = slice(window.keep_start, window.keep_end)
            scores.roles[outside] = log_softmax(answer["tag"][inside])
            scores.entities[outside] = log_softmax(answer["ner"][inside])
            scores.ends[outside], scores.claims[outside] = answer["end"][inside], answer["claim"][inside]
            _keep_best(answer["link"][inside, 1:-1], window.start, scores.link_to[outside], scores.link_probability[outside])
            _keep_best(answer["source"][inside, :-1], window.start - 1, scores.source_to[outside], scores.source_probability[outside])
            scores.source_to[outside][scores.source_to[outside] < window.start] = -1
        return scores

    def _read(self, pieces: Pieces, start: int, end: int) -> dict[str, FloatArray]:
        """The raw scores of pieces ``[start, end)``, the two framing marks included."""
        ids = np.concatenate([[CLS_ID], pieces.ids[start:end], [SEP_ID]])[None]
        case = np.concatenate([[SPECIAL_CASE], pieces.case[start:end], [SPECIAL_CASE]])[None]
        answers = self._session.run(OUTPUTS, {"ids": ids, "case": case})
        return {name: answer[0] for name, answer in zip(OUTPUTS, answers, strict=True)}


def _keep_best(logits: FloatArray, offset: int, to: IntArray, probability: FloatArray) -> None:
    """Fill ``to`` with the most probable columns of each row, moved by ``offset``, and ``probability`` with their softmax."""
    kept = to.shape[1]
    distribution = np.exp(log_softmax(logits))
    best = np.argsort(-distribution, axis=1, kind="stable")[:, :kept]
    to[:, : best.shape[1]] = best + offset
    probability[:, : best.shape[1]] = np.take_along_axis(distribution, best, axis=1)
