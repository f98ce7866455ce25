"""From scores of BIO tags to spans of whole words: the best tag sequence under the BIO grammar (Viterbi)."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from services.extract.tagger.encoding import IntArray

FloatArray = npt.NDArray[np.float32]

FORBIDDEN = np.float32(-1e9)  # finite, so that sums of it stay comparable


class TagSpan(NamedTuple):
    """Words ``[start, end)`` carry label ``label``; ``score`` is the mean probability of their tags
    (0..1)."""

    label: int
    start: int
    end: int
    score: float


def word_scores(piece_scores: FloatArray, first_pieces: IntArray) -> FloatArray:
    """Log-scores [words, tags] of giving a whole word one tag, from those of its pieces [pieces, tags].

    Tag 0 is O, odd tags are B, even ones the I of the B before. A word that is B has the I of the same label
    on its other pieces. Scores are means over the pieces, so that a long word does not outvote its
    neighbours.
    """
    if not len(first_pieces):
        return np.zeros((0, piece_scores.shape[1]), np.float32)
    total = np.add.reduceat(piece_scores, first_pieces, axis=0)
    begins = np.arange(1, piece_scores.shape[1], 2)
    total[:, begins] = (
        total[:, begins + 1]
        - piece_scores[first_pieces][:, begins + 1]
        + piece_scores[first_pieces][:, begins]
    )
    lengths = np.diff(np.append(first_pieces, len(piece_scores)))
    scores: FloatArray = (total / lengths[:, None]).astype(np.float32)
    return scores


def grammar(tags: int) -> FloatArray:
    """Transition scores [from, to] of the BIO grammar: 0 where allowed, very low where an I would not
    continue its own label."""
    transitions = np.zeros((tags, tags), np.float32)
    for inside in range(2, tags, 2):
        transitions[:, inside] = FORBIDDEN
        transitions[[inside - 1, inside], inside] = 0
    return transitions


def best_tags(
    scores: FloatArray,
    transitions: FloatArray,
    boundary: IntArray | None = None,
    steps: FloatArray | None = None,
) -> IntArray:
    """The best tag of each word: Viterbi over ``scores`` [words, tags].

    ``transitions`` [classes, from, to] hold one table per class of boundary, ``boundary`` [words] the class
    before each word (None: 0). ``steps`` [words, from, to] are added to the transition into each word.

    The words are cut into as many stretches as a stretch has words, and all stretches are read side by side,
    from every tag that the word before could have: word by word, most of the time would go into calling
    NumPy.
    """
    count, tags = scores.shape
    if not count:
        return np.zeros(0, np.int64)
    best = scores[0].astype(np.float64)
    best[2::2] = FORBIDDEN  # nothing can be continued at the start
    if count == 1:
        return np.array([best.argmax()])
    length = math.isqrt(count - 1)
    stretches = -(-(count - 1) // length)
    stay = np.where(np.eye(tags, dtype=np.bool_), np.float32(0), FORBIDDEN)
    moves = np.empty((stretches * length, tags, tags), np.float32)
    moves[: count - 1] = transitions[0 if boundary is None else boundary[1:]] + scores[1:, None, :]
    if steps is not None:
        moves[: count - 1] += steps[1:]
    moves[count - 1 :] = stay  # what fills the last stretch up
    side_by_side = np.ascontiguousarray(moves.reshape(stretches, length, tags, tags).transpose(1, 2, 3, 0))
    # reached[n] [tag before the stretch, tag of its n-th word, stretch]: the best way from the one to the
    # other
    reached = np.empty((length + 1, tags, tags, stretches), np.float32)
    reached[0] = stay[:, :, None]
    for index, move in enumerate(side_by_side):
        (reached[index][:, :, None] + move).max(axis=1, out=reached[index + 1])
    before, last = _ends_of_stretches(best, reached[-1].transpose(2, 0, 1).astype(np.float64))
    path = np.empty((stretches, length), np.int64)
    every = np.arange(stretches)
    for index in range(length - 1, -1, -1):
        path[:, index] = last
        last = (reached[index][before, :, every].T + side_by_side[index][:, last, every]).argmax(axis=0)
    return np.concatenate([before[:1], path.ravel()[: count - 1]])


def best_under_grammar(scores: FloatArray) -> IntArray:
    """The best tag of each word where transitions are nothing but the grammar: :func:`best_tags` of the few
    stretches that need it.

    Each word's own best tag is the best there is, unless an I does not continue its label. Then the words
    from the O before to the next O are decided together, as if anything could stand before them; that is the
    best of the whole text too if they do not begin with an I.
    """
    tags: IntArray = scores.argmax(axis=1)
    before = np.concatenate([[0], tags[:-1]])
    broken = (tags > 0) & (tags % 2 == 0) & (before != tags) & (before != tags - 1)
    if not broken.any():
        return tags
    stretch = np.cumsum(tags == 0)
    chosen = np.flatnonzero(np.isin(stretch, stretch[broken]))
    begins = np.diff(stretch[chosen], prepend=-1) > 0
    allowed = grammar(scores.shape[1])
    anything = np.zeros_like(scores[:1])  # a word before the first, so that it is no start of a text
    boundary = np.concatenate([[0], begins.astype(np.int64)])
    decided = best_tags(
        np.concatenate([anything, scores[chosen]]), np.stack([allowed, np.zeros_like(allowed)]), boundary
    )[1:]
    first = decided[begins]
    if bool(((first > 0) & (first % 2 == 0)).any()):
        return best_tags(scores, allowed[None])
    tags[chosen] = decided
    return tags


def _ends_of_stretches(
    best: npt.NDArray[np.float64], ways: npt.NDArray[np.float64]
) -> tuple[IntArray, IntArray]:
    """The best path's tags before each stretch and at its end. ``best``: scores of the first word's tags;
    ``ways`` [stretches, tag before, last tag]: those of the best way through each stretch."""
    choices = []
    for way in ways:
        candidates = best[:, None] + way
        choices.append(candidates.argmax(axis=0).tolist())
        best = candidates.max(axis=0)
    last = [int(best.argmax())]
    for choice in reversed(choices):
        last.append(choice[last[-1]])
    met = np.array(last[::-1])
    return met[:-1], met[1:]


def tag_spans(tags: IntArray, scores: FloatArray) -> list[TagSpan]:
    """The labelled spans of a tag sequence that obeys the grammar, in order. ``scores`` [words, tags] are
    log-probabilities."""
    labels = (tags - 1) // 2
    # B and I of a label are one class here: how sure the network is of the label, wherever the span begins.
    begin = np.maximum(1, 2 * labels + 1)
    words = np.arange(len(tags))
    total = np.concatenate(
        [[0.0], np.cumsum(np.exp(scores[words, begin]) + np.exp(scores[words, begin + 1]), dtype=np.float64)]
    )
    starts = np.flatnonzero(tags % 2 == 1)
    outside = np.append(np.flatnonzero((tags == 0) | (tags % 2 == 1)), len(tags))
    ends = outside[np.searchsorted(outside, starts, "right")]
    means = np.minimum(1.0, (total[ends] - total[starts]) / (ends - starts))
    return list(map(TagSpan, labels[starts].tolist(), starts.tolist(), ends.tolist(), means.tolist()))


def end_steps(ends: FloatArray, label: int, tags: int, weight: float) -> FloatArray:
    """Scores [words, from, to] of the transition into each word, from the log-odds [words] that a span of
    ``label`` ends with a word: leaving the span earns ``weight`` times the logarithm of that probability,
    going on that of its complement."""
    steps = np.zeros((len(ends), tags, tags), np.float32)
    if len(ends) > 1:
        before = ends[:-1]
        leaves = -weight * np.logaddexp(0, -before)
        stays = -weight * np.logaddexp(0, before)
        begin, inside = 2 * label + 1, 2 * label + 2
        steps[1:, begin : inside + 1, :] = leaves[:, None, None]
        steps[1:, begin : inside + 1, inside] = stays[:, None]
    return steps
