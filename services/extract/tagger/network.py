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

# Links kept per piece. The distribution is peaked: the eight best hold over 99 % of it, and memory stays
# linear in the text.
LINKS_KEPT = 8

OUTPUTS = ("tag", "ner", "link_to", "link_probability", "none", "end", "claim")
"""What the graph answers, one entry per piece of the window: the fields of :class:`Scores`, links counted
from the window's first piece."""


@dataclass(frozen=True, slots=True)
class Scores:
    """What the network says of each of ``n`` pieces.

    ``roles`` [n, 7] and ``entities`` [n, 9]: log-probabilities of the BIO tags. ``link_to`` [n, 8] and
    ``link_probability`` [n, 8]: the pieces that most likely are the first of the cue (without a cue: of the
    content) of the attribution each piece belongs to; -1 stands for no link. ``no_source`` [n]: to a piece of
    a cue or content, how probably its attribution names no source. ``ends`` [n]: log-odds that a content this
    piece is part of ends with its word. ``claims`` [n]: evidence that the piece's sentence is check-worthy,
    log-odds when averaged over the sentence.
    """

    roles: FloatArray
    entities: FloatArray
    link_to: IntArray
    link_probability: FloatArray
    no_source: FloatArray
    ends: FloatArray
    claims: FloatArray


class Network:
    """One ONNX session. Stateless between calls, so safe to share between threads."""

    def __init__(self, path: Path, roles: int, entities: int, threads: int = 1) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3  # errors only: warnings about the graph are for who exports it
        # an idle service must not burn a core
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._roles = roles
        self._entities = entities

    def __call__(self, pieces: Pieces, plan: WindowPlan) -> Scores:
        """Score every piece, each from the window that keeps it."""
        count = len(pieces)
        scores = Scores(
            roles=np.zeros((count, self._roles), np.float32),
            entities=np.zeros((count, self._entities), np.float32),
            link_to=np.full((count, LINKS_KEPT), -1, np.int64),
            link_probability=np.zeros((count, LINKS_KEPT), np.float32),
            no_source=np.zeros(count, np.float32),
            ends=np.zeros(count, np.float32),
            claims=np.zeros(count, np.float32),
        )
        for window in plan_windows(pieces.starts_line, plan):
            answer = self._read(pieces, window.start, window.end)
            inside = slice(window.keep_start - window.start, window.keep_end - window.start)
            outside = slice(window.keep_start, window.keep_end)
            scores.roles[outside], scores.entities[outside] = answer["tag"][inside], answer["ner"][inside]
            to, probability = answer["link_to"][inside], answer["link_probability"][inside]
            scores.link_to[outside] = np.where(probability > 0, to + window.start, -1)
            scores.link_probability[outside] = probability
            scores.no_source[outside] = answer["none"][inside]
            scores.ends[outside], scores.claims[outside] = answer["end"][inside], answer["claim"][inside]
        return scores

    def _read(self, pieces: Pieces, start: int, end: int) -> dict[str, FloatArray]:
        """The answers for pieces ``[start, end)``, read between the two framing marks."""
        ids = np.concatenate([[CLS_ID], pieces.ids[start:end], [SEP_ID]])[None]
        case = np.concatenate([[SPECIAL_CASE], pieces.case[start:end], [SPECIAL_CASE]])[None]
        answers = self._session.run(OUTPUTS, {"ids": ids, "case": case})
        return {name: answer[0] for name, answer in zip(OUTPUTS, answers, strict=True)}
