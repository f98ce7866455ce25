"""From scores of BIO tags to spans of whole words: the best tag sequence under the BIO grammar (Viterbi)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from services.extract.tagger.encoding import IntArray

FloatArray = npt.NDArray[np.float32]

FORBIDDEN = np.float32(-1e9)  # finite, so that sums of it stay comparable


class TagSpan(NamedTuple):
    """Words ``[start, end)`` carry label ``label``; ``score`` is the mean probability of their tags (0..1)."""

    label: int
    start: int
    end: int
    score: float


def word_scores(piece_scores: FloatArray, first_pieces: IntArray) -> FloatArray:
    """Log-scores [words, tags] of giving a whole word one tag, from those of its pieces [pieces, tags].

    Tag 0 is O, odd tags are B, even ones the I of the B before. A word that is B has the I of the same label on its other pieces.
    Scores are means over the pieces, so that a long word does not outvote its neighbours.
    """
    if not len(first_pieces):
        return np.zeros((0, piece_scores.shape[1]), np.float32)
    total = np.add.reduceat(piece_scores, first_pieces, axis=0)
    begins = np.arange(1, piece_scores.shape[1], 2)
    total[:, begins] = total[:, begins + 1] - piece_scores[first_pieces][:, begins + 1] + piece_scores[first_pieces][:, begins]
    lengths = np.diff(np.append(first_pieces, len(piece_scores)))
    scores: FloatArray = (total / lengths[:, None]).astype(np.float32)
    return scores


def grammar(tags: int) -> FloatArray:
    """Transition scores [from, to] of the BIO grammar: 0 where allowed, very low where an I would not continue its own label."""
    transitions = np.zeros((tags, tags), np.float32)
    for inside in range(2, tags, 2):
        transitions[:, inside] = FORBIDDEN
        transitions[[inside - 1, inside], inside] = 0
    return transitions


def best_tags(scores: FloatArray, transitions: FloatArray, boundary: IntArray | None = None, steps: FloatArray | None = None) -> IntArray:
    """The best tag of each word: Viterbi over ``scores`` [words, tags].

    ``transitions`` [classes, from, to] hold one table per class of boundary, ``boundary`` [words] the class before each word (None: 0).
    ``steps`` [words, from, to] are added to the transition into each word.
    """
    count, tags = scores.shape
    if not count:
        return np.zeros(0, np.int64)
    classes = np.zeros(count, np.int64) if boundary is None else boundary
    moves = transitions[classes] if steps is None else transitions[classes] + steps
    back = np.zeros((count, tags), np.int64)
    best = scores[0].copy()
    best[2::2] = FORBIDDEN  # nothing can be continued at the start
    every = np.arange(tags)
    for index in range(1, count):
        candidates = best[:, None] + moves[index]
        choice = candidates.argmax(axis=0)
        back[index] = choice
        best = candidates[choice, every] + scores[index]
    path = np.zeros(count, np.int64)
    path[-1] = int(best.argmax())
    for index in range(count - 1, 0, -1):
        path[index - 1] = back[index, path[index]]
    return path


def tag_spans(tags: IntArray, scores: FloatArray) -> list[TagSpan]:
    """The labelled spans of a tag sequence that obeys the grammar, in order. ``scores`` [words, tags] are log-probabilities."""
    spans: list[TagSpan] = []
    starts = np.flatnonzero(tags % 2 == 1)
    for start in starts:
        tag = int(tags[start])
        end = int(start) + 1
        while end < len(tags) and tags[end] == tag + 1:
            end += 1
        # B and I of a label are one class here: how sure the network is of the label, wherever the span begins.
        probability = np.exp(scores[start:end, tag]) + np.exp(scores[start:end, tag + 1])
        spans.append(TagSpan(tag // 2, int(start), end, float(min(1.0, probability.mean()))))
    return spans


def end_steps(ends: FloatArray, label: int, tags: int, weight: float) -> FloatArray:
    """Scores [words, from, to] of the transition into each word, from the log-odds [words] that a span of ``label`` ends with a word:
    leaving the span earns ``weight`` times the logarithm of that probability, going on that of its complement."""
    steps = np.zeros((len(ends), tags, tags), np.float32)
    if len(ends) > 1:
        before = ends[:-1]
        leaves = -weight * np.logaddexp(0, -before)
        stays = -weight * np.logaddexp(0, before)
        begin, inside = 2 * label + 1, 2 * label + 2
        steps[1:, begin : inside + 1, :] = leaves[:, None, None]
        steps[1:, begin : inside + 1, inside] = stays[:, None]
    return steps
