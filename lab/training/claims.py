"""Check-worthiness: ClaimBuster's sentences as training windows, several to a window; the head fitted to them
and news."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from tokenizers import Tokenizer
from torch import Tensor

from lab.fits.claims import HELD_OUT, average_precision, fit
from lab.quality.news_labels import NEWS_LABELS, read_labels
from lab.quality.polnear import read_raw, split_folder
from lab.training.calibrate import reliability
from lab.training.model import AttributionTagger
from services.extract.claims.checkworthiness import combine
from services.extract.claims.propositions import judged
from services.extract.tagger.encoding import CLS_ID, SEP_ID, SPECIAL_CASE, IntArray, Pieces, encode
from services.extract.tagger.windows import WindowPlan, plan_windows
from services.extract.types import Range

FloatArray = npt.NDArray[np.float64]

# of standardised features; 1, 10, 100, 300, 1000: .904, .912, .922, .923, .922 average precision of five
# folds
_RIDGE = 100.0


@dataclass(frozen=True, slots=True)
class Sentence:
    """A debate sentence: ``label`` is 1 when annotators found it check-worthy."""

    pieces: Pieces
    label: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class LabelledArticle:
    """An article with statements in it: the pieces of each, and 1 where it is check-worthy."""

    pieces: Pieces
    statements: tuple[IntArray, ...]
    labels: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ClaimBatch:
    """Windows [batch, pieces]. ``sentences`` numbers each piece's sentence over the batch, -1 outside;
    ``labels`` has one entry each."""

    ids: Tensor
    case: Tensor
    mask: Tensor
    sentences: Tensor
    labels: Tensor


def read_sentences(path: Path, tokenizer: Tokenizer, held_out: bool = False) -> list[Sentence]:
    """The sentences that are trained on, or those held out (every fifth, by id: the same as for the surface
    model's figures)."""
    rows = sorted(json.loads(path.read_text(encoding="utf-8")), key=lambda row: row["sentence_id"])
    chosen = [row for number, row in enumerate(rows) if (number % HELD_OUT == 0) == held_out]
    return [
        Sentence(encode(tokenizer, row["text"]), int(row["label"]), row["text"])
        for row in chosen
        if row["text"].strip()
    ]


def read_news(corpus: Path, tokenizer: Tokenizer, labels: Path = NEWS_LABELS) -> list[LabelledArticle]:
    """The labelled statements of news, in their articles: at work the network reads a statement there."""
    folder = split_folder(corpus, "train") / "text"
    by_file: dict[str, list[tuple[tuple[Range, ...], int]]] = {}
    for label in read_labels(labels):
        by_file.setdefault(label.file, []).append((label.spans, int(label.worthy)))
    articles = []
    for file, rows in sorted(by_file.items()):
        pieces = encode(tokenizer, read_raw(folder / file))
        articles.append(
            LabelledArticle(
                pieces,
                tuple(_inside(pieces, spans) for spans, _ in rows),
                tuple(worthy for _, worthy in rows),
            )
        )
    return articles


def _inside(pieces: Pieces, spans: Sequence[Range]) -> IntArray:
    """The numbers of the pieces in ``spans``."""
    edges = [
        (np.searchsorted(pieces.ends, start, "right"), np.searchsorted(pieces.starts, end, "left"))
        for start, end in spans
    ]
    return np.concatenate([np.arange(first, last, dtype=np.int64) for first, last in edges])


def pack(sentences: Sequence[Sentence], size: int, generator: random.Random) -> list[list[Sentence]]:
    """Shuffled sentences put into windows of at most ``size`` pieces, between one and twelve to a window: at
    work a sentence is read among its neighbours, in a quotation often alone."""
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
            ids[row, part], case[row, part], owners[row, part] = (
                sentence.pieces.ids,
                sentence.pieces.case,
                len(labels),
            )
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
    return zeros.index_add(0, owners, claim[inside].float()) / zeros.index_add(
        0, owners, torch.ones_like(owners, dtype=torch.float32)
    )


def refit_claim_head(
    model: AttributionTagger, sentences: Sequence[Sentence], size: int, news: Sequence[LabelledArticle] = ()
) -> float:
    """Replace the check-worthiness head by a penalised logistic regression on the finished encoder's mean
    hidden states, of debate sentences read alone and of news statements read in their articles (windows of
    ``size`` pieces). The head that was trained with the encoder lags behind it: the encoder moved on until
    the last step.

    An encoder's states in an article lie elsewhere than those of a sentence alone, and statements in news are
    check-worthy less often, so each has an intercept of its own. The head keeps that of news, when there is
    some, for at work it reads articles. Returned is what to add to the log-odds of a sentence that is read
    alone.
    """
    x = _states_alone(model, sentences)
    y = np.array([sentence.label for sentence in sentences], np.float64)
    shift = np.zeros(x.shape[1])
    if news:
        in_articles = np.concatenate([_states_in(model, article, size) for article in news])
        shift = in_articles.mean(0) - x.mean(0)
        x = np.concatenate([x, in_articles - shift])
        y = np.concatenate([y, [label for article in news for label in article.labels]])
    mean, deviation = x.mean(0), np.maximum(x.std(0), 1e-6)
    weights = fit((x - mean) / deviation, y, _RIDGE)
    head = weights[:-1] / deviation
    with torch.no_grad():
        model.claim.weight[0] = torch.from_numpy(head)
        model.claim.bias[0] = weights[-1] - head @ (mean + shift)
    return float(head @ shift)


def claim_figures(
    model: AttributionTagger, sentences: Sequence[Sentence], alone: float = 0.0
) -> dict[str, float]:
    """Average precision and expected calibration error (ten bins) of the published score, the network's and
    the words' together, and the average precision of each, on sentences that nothing was fitted to, each read
    alone.

    ``alone``: what :func:`refit_claim_head` returned.
    """
    head, bias = model.claim.weight[0].detach().numpy(), float(model.claim.bias[0].detach()) + alone
    network = (_states_alone(model, sentences) @ head + bias).astype(np.float64)
    words = np.array([judged(sentence.text).worth for sentence in sentences])
    right = np.array([sentence.label for sentence in sentences], np.float64)
    published = np.array([combine(one, other) for one, other in zip(words, network, strict=True)])
    measured = reliability(1 / (1 + np.exp(-published)), right)
    return {
        "sentences": len(right),
        "average_precision": round(average_precision(published, right), 4),
        "average_precision_network": round(average_precision(network, right), 4),
        "average_precision_words": round(average_precision(words, right), 4),
        "expected_calibration_error": measured["expected_calibration_error"],
        "base_rate": round(float(right.mean()), 4),
    }


def _states_alone(model: AttributionTagger, sentences: Sequence[Sentence]) -> FloatArray:
    """[sentences, width]: the mean hidden state of each, read alone."""
    order = sorted(range(len(sentences)), key=lambda number: len(sentences[number].pieces))  # little padding
    states = np.zeros((len(sentences), model.claim.in_features))
    with torch.no_grad():
        for place in range(0, len(order), 32):
            chosen = order[place : place + 32]
            batch = make_claim_batch([[sentences[number]] for number in chosen], torch.device("cpu"))
            states[chosen] = _mean_states(model, batch).numpy()
    return states


def _states_in(model: AttributionTagger, article: LabelledArticle, size: int) -> FloatArray:
    """[statements, width]: the mean hidden state of each, read in the windows that are read at work."""
    pieces = article.pieces
    states = np.zeros((len(pieces), model.claim.in_features))
    for window in plan_windows(pieces.starts_line, WindowPlan(size=size)):
        part = slice(window.start, window.end)
        ids = torch.from_numpy(np.concatenate([[CLS_ID], pieces.ids[part], [SEP_ID]])[None])
        case = torch.from_numpy(np.concatenate([[SPECIAL_CASE], pieces.case[part], [SPECIAL_CASE]])[None])
        with torch.no_grad():
            hidden = model.encode(ids, case, None)[0].numpy()
        kept = slice(window.keep_start - window.start + 1, window.keep_end - window.start + 1)
        states[window.keep_start : window.keep_end] = hidden[kept]
    return np.stack([states[statement].mean(0) for statement in article.statements])


def _mean_states(model: AttributionTagger, batch: ClaimBatch) -> Tensor:
    hidden = model.encode(batch.ids, batch.case, batch.mask)
    inside = batch.sentences >= 0
    owners = batch.sentences[inside]
    total = torch.zeros(len(batch.labels), hidden.shape[-1]).index_add(0, owners, hidden[inside])
    return total / torch.bincount(owners, minlength=len(batch.labels))[:, None]
