"""Words, and what the text itself says of the boundary before each: line breaks, quotation marks, full stops.

A span of speech seldom runs over the end of a sentence outside quotation marks and often does inside them;
how often is counted in the training corpus and given to the decoder as transition scores per class of
boundary.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from services.extract.tagger.characters import Character, character_flags, code_points, counts
from services.extract.text.quotes import quoted_stretches

if TYPE_CHECKING:
    from services.extract.tagger.encoding import IntArray, Pieces

# What the tokenizer cuts but no span may: initials, numbers, hyphenated words, negated auxiliaries. Every
# alternative starts at the edge of a word, so that the search stays linear in a text that is one endless
# word.
_ONE_WORD = re.compile(r"\b(?:(?:[^\W\d_]\.){2,}|\d++(?:[.,:/]\d++)++|\w++(?:(?:-\w++)++|(?<=\wn)[’']t\b))")


class Boundary(IntEnum):
    """The place between a word and the one before it; the first that applies. ``INSIDE`` is added within
    quotation marks."""

    PLAIN = 0
    LINE = 1
    BEFORE_OPENING_MARK = 2
    BEFORE_CLOSING_MARK = 3
    BEFORE_STOP = 4
    BEFORE_COMMA = 5
    AFTER_CLOSING_MARK = 6
    AFTER_STOP = 7
    AFTER_COMMA = 8
    AFTER_OPENING_MARK = 9
    BEFORE_PUNCTUATION = 10
    AFTER_PUNCTUATION = 11
    INSIDE = 12


BOUNDARIES = 2 * Boundary.INSIDE

_WORD, _OPENING, _CLOSING, _STOP, _COMMA, _OTHER = range(6)
_STOPS = [ord(mark) for mark in ".!?"]
_BEFORE = {
    _OPENING: Boundary.BEFORE_OPENING_MARK,
    _CLOSING: Boundary.BEFORE_CLOSING_MARK,
    _STOP: Boundary.BEFORE_STOP,
    _COMMA: Boundary.BEFORE_COMMA,
}
_AFTER = {
    _CLOSING: Boundary.AFTER_CLOSING_MARK,
    _STOP: Boundary.AFTER_STOP,
    _COMMA: Boundary.AFTER_COMMA,
    _OPENING: Boundary.AFTER_OPENING_MARK,
}


def _between(before: int, kind: int) -> Boundary:
    """The class of the place between two words of one line, by what they are."""
    if kind in _BEFORE:
        return _BEFORE[kind]
    if before in _AFTER:
        return _AFTER[before]
    if kind == _OTHER:
        return Boundary.BEFORE_PUNCTUATION
    return Boundary.AFTER_PUNCTUATION if before == _OTHER else Boundary.PLAIN


_BETWEEN = np.array(
    [[_between(before, kind) for kind in range(_OTHER + 1)] for before in range(_OTHER + 1)], np.int64
)


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a text as the decoder sees them, one entry per word in each array.

    ``first`` and ``last``: its pieces ``[first, last)``. ``starts`` and ``ends``: code points. ``boundary``:
    class of the place before it. ``quoted``: it stands inside quotation marks. ``is_opening``,
    ``is_closing``: it is a quotation mark. ``is_word``: it has a letter or a digit.
    """

    first: IntArray
    last: IntArray
    starts: IntArray
    ends: IntArray
    boundary: IntArray
    quoted: npt.NDArray[np.bool_]
    is_opening: npt.NDArray[np.bool_]
    is_closing: npt.NDArray[np.bool_]
    is_word: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.first)


def read_words(text: str, pieces: Pieces) -> Words:
    """Group pieces into words and class the boundaries between them."""
    first = _first_pieces(text, pieces)
    last = np.append(first[1:], len(pieces)).astype(np.int64) if len(first) else first
    starts, ends = pieces.starts[first], pieces.ends[last - 1]
    quoted = np.zeros(len(first), np.bool_)
    kinds = _kinds(text, starts, ends)
    stretches = quoted_stretches(text)
    edges = np.array([(*stretch.outer, *stretch.inner) for stretch in stretches])
    places = np.searchsorted(starts, edges, "left").tolist()
    for stretch, (outer, outer_end, inner, inner_end) in zip(stretches, places, strict=True):
        quoted[inner:inner_end] = True
        kinds[outer:inner] = _OPENING
        if stretch.closed:
            kinds[inner_end:outer_end] = _CLOSING
    boundary = _boundaries(kinds, pieces.starts_line[first], quoted)
    return Words(
        first, last, starts, ends, boundary, quoted, kinds == _OPENING, kinds == _CLOSING, kinds == _WORD
    )


def _first_pieces(text: str, pieces: Pieces) -> IntArray:
    words = pieces.words
    if not len(words):
        return np.zeros(0, np.int64)
    begins = np.concatenate([[True], words[1:] != words[:-1]])
    inside = np.array([(match.start() + 1, match.end()) for match in _ONE_WORD.finditer(text)])
    for first, last in np.searchsorted(pieces.starts, inside, "left").tolist():
        begins[first:last] = False
    begins[0] = True
    return np.flatnonzero(begins)


def _kinds(text: str, starts: IntArray, ends: IntArray) -> IntArray:
    """What each word is, quotation marks aside."""
    points = code_points(text)
    flags = character_flags(points)
    spelled = counts(flags, Character.ALNUM)
    mark = np.where(ends - starts == 1, points[starts], 0)
    full_stop = np.isin(mark, _STOPS) & ((flags[ends] & int(Character.ALNUM)) == 0)
    return np.select(
        [full_stop, mark == ord(","), spelled[ends] > spelled[starts]], [_STOP, _COMMA, _WORD], _OTHER
    )


def _boundaries(
    kinds: IntArray, starts_line: npt.NDArray[np.bool_], quoted: npt.NDArray[np.bool_]
) -> IntArray:
    before = np.concatenate([[_WORD], kinds[:-1]])
    classes = np.where(starts_line, Boundary.LINE, _BETWEEN[before, kinds])
    return np.asarray(classes + Boundary.INSIDE * quoted, np.int64)
