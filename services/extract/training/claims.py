"""ClaimBuster's sentences as training windows: several to a window, each with its label."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from services.extract.claims.fit import HELD_OUT, average_precision, fit
from services.extract.tagger.encoding import CLS_ID, SEP_ID, SPECIAL_CASE, Pieces, encode
from services.extract.training.calibrate import reliability
from services.extract.training.model import AttributionTagger


@dataclass(frozen=True, slots=True)
class Sentence:
    """A debate sentence: ``label`` is 1 when annotators found it check-worthy."""

    pieces: Pieces
    label: int


@dataclass(frozen=True, slots=True)
class ClaimBatch:
    """Windows [batch, pieces]. ``sentences`` numbers each piece's sentence over the batch, -1 outside; ``labels`` has one entry each."""

    ids: Tensor
    case: Tensor
    mask: Tensor
    sentences: Tensor
    labels: Tensor


def read_sentences(path: Path, tokenizer: Tokenizer, held_out: bool = False) -> list[Sentence]:
    """The sentences that are trained on, or those held out (every fifth, by id: the same as for the surface model's figures)."""
    rows = sorted(json.loads(path.read_text(encoding="utf-8")), key=lambda row: row["sentence_id"])
    chosen = [row for number, row in enumerate(rows) if (number % HELD_OUT == 0) == held_out]
    return [Sentence(encode(tokenizer, row["text"]), int(row["label"])) for row in chosen if row["text"].strip()]


def pack(sentences: Sequence[Sentence], size: int, generator: random.Random) -> list[list[Sentence]]:
    """Shuffled sentences put into windows of at most ``size`` pieces, between one and twelve to a window: at work a sentence is read
    among its neighbours, in a quotation often alone."""
    order = list(sentences)
    generator.shuffle(order)
    windows: list[list[Sentence]] = []
    current: list[Sentence] = []
    room, wanted = size, generator.randint(1, 12)
    for sentence in order:
        length = len(sentence.pieces)
        if length > size:
            continue
        if current and (length > room or len(current) >= wanted):
            windows.append(current)
            current, room, wanted = [], size, generator.randint(1, 12)
        current.append(sentence)
        room -= length
    return [*windows, current] if current else windows


def make_claim_batch(windows: Sequence[Sequence[Sentence]], device: torch.device) -> ClaimBatch:
    """Frame, pad and stack windows."""
    longest = max(sum(len(sentence.pieces) for sentence in window) for window in windows) + 2
    shape = (len(windows), longest)
    ids, case = np.zeros(shape, np.int64), np.full(shape, SPECIAL_CASE, np.int64)
    mask, owners = np.zeros(shape, np.int64), np.full(shape, -1, np.int64)
    labels: list[int] = []
    for row, window in enumerate(windows):
        ids[row, 0], place = CLS_ID, 1
        for sentence in window:
            part = slice(place, place + len(sentence.pieces))
            ids[row, part], case[row, part], owners[row, part] = sentence.pieces.ids, sentence.pieces.case, len(labels)
            labels.append(sentence.label)
            place = part.stop
        ids[row, place] = SEP_ID
        mask[row, : place + 1] = 1
    tensors = [torch.from_numpy(array).to(device) for array in (ids, case, mask, owners)]
    return ClaimBatch(*tensors, labels=torch.tensor(labels, dtype=torch.float32, device=device))


def sentence_scores(claim: Tensor, batch: ClaimBatch) -> Tensor:
    """The mean of the pieces' logits, per sentence."""
    inside = batch.sentences >= 0
    owners = batch.sentences[inside]
    zeros = torch.zeros(len(batch.labels), device=claim.device)
    return zeros.index_add(0, owners, claim[inside].float()) / zeros.index_add(0, owners, torch.ones_like(owners, dtype=torch.float32))


def refit_claim_head(model: AttributionTagger, sentences: Sequence[Sentence], size: int, ridge: float = 1.0) -> None:
    """Replace the check-worthiness head by a penalised logistic regression on the finished encoder's mean hidden states, each sentence
    read alone and among others. The head that was trained with the encoder lags behind it: the encoder moved on until the last step.

    ``ridge``: of standardised features; 0.3, 1 and 3 differ in the third decimal of the average precision of five folds.
    """
    generator = random.Random(0)
    windows = [[sentence] for sentence in sentences] + pack(sentences, size, generator)
    windows.sort(key=lambda window: sum(len(sentence.pieces) for sentence in window))
    features, labels = [], []
    with torch.no_grad():
        for place in range(0, len(windows), 16):
            batch = make_claim_batch(windows[place : place + 16], torch.device("cpu"))
            features.append(_mean_states(model, batch).numpy())
            labels.append(batch.labels.numpy())
    x, y = np.concatenate(features).astype(np.float64), np.concatenate(labels).astype(np.float64)
    mean, deviation = x.mean(0), np.maximum(x.std(0), 1e-6)
    weights = fit((x - mean) / deviation, y, ridge)
    with torch.no_grad():
        model.claim.weight[0] = torch.from_numpy(weights[:-1] / deviation)
        model.claim.bias[0] = weights[-1] - (weights[:-1] / deviation) @ mean


def claim_figures(model: AttributionTagger, sentences: Sequence[Sentence]) -> dict[str, float]:
    """Average precision, expected calibration error (ten bins) and base rate on sentences that nothing was fitted to, each read alone."""
    order = sorted(sentences, key=lambda sentence: len(sentence.pieces))  # little padding
    scores, labels = [], []
    with torch.no_grad():
        for place in range(0, len(order), 32):
            batch = make_claim_batch([[sentence] for sentence in order[place : place + 32]], torch.device("cpu"))
            scores.append(sentence_scores(model(batch.ids, batch.case, batch.mask).claim, batch).numpy())
            labels.append(batch.labels.numpy())
    logits, right = np.concatenate(scores).astype(np.float64), np.concatenate(labels).astype(np.float64)
    measured = reliability(1 / (1 + np.exp(-logits)), right)
    return {
        "sentences": len(right),
        "average_precision": round(average_precision(logits, right), 4),
        "expected_calibration_error": measured["expected_calibration_error"],
        "base_rate": round(float(right.mean()), 4),
    }


def _mean_states(model: AttributionTagger, batch: ClaimBatch) -> Tensor:
    hidden = model.encode(batch.ids, batch.case, batch.mask)
    inside = batch.sentences >= 0
    owners = batch.sentences[inside]
    total = torch.zeros(len(batch.labels), hidden.shape[-1]).index_add(0, owners, hidden[inside])
    return total / torch.bincount(owners, minlength=len(batch.labels))[:, None]
