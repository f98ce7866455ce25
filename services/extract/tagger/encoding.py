"""Text to the network's input: word pieces with their place in the text, and a code of each piece's case and
layout."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from services.extract.tagger.characters import Character, character_flags, code_points, counts

if TYPE_CHECKING:
    from tokenizers import Tokenizer

IntArray = npt.NDArray[np.int64]

CLS_ID = 101  # of the uncased BERT vocabulary the encoder was trained with
SEP_ID = 102
SPECIAL_CASE = 15  # the case code of the two marks that frame a window
PUNCTUATION_CASE = 4  # case code modulo 5 of a piece that starts with neither a letter nor a digit

# The tokenizer speaks UTF-8, which has no lone surrogates; one replacement character each keeps the offsets.
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Pieces:
    """The word pieces of one text, in order. All arrays have one entry per piece.

    ``starts`` and ``ends`` are code points of the text; ``words`` numbers the words (pieces of one word share
    it, ascending); ``case`` is 0 lower, 1 Initial, 2 UPPER, 3 digit, 4 other, plus 5 where the piece starts a
    line, plus 10 where it is glued to the piece before it.
    """

    ids: IntArray
    case: IntArray
    starts: IntArray
    ends: IntArray
    words: IntArray

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def starts_line(self) -> npt.NDArray[np.bool_]:
        """True where a piece is the first of its line."""
        layout = self.case // 5
        return np.asarray(layout == 1)


def case_codes(text: str, starts: IntArray, ends: IntArray) -> IntArray:
    """Case and layout of each piece (see ``Pieces.case``); the base vocabulary is uncased and blind to line
    breaks."""
    flags = character_flags(code_points(text))
    upper, lower, lines = (
        counts(flags, kind) for kind in (Character.UPPER, Character.LOWER, Character.NEWLINE)
    )
    first = np.where(ends > starts, flags[starts], 0)
    capitals = (ends - starts > 1) & (upper[ends] > upper[starts]) & (lower[ends] == lower[starts])
    shapes = [
        capitals,
        *((first & int(kind)) != 0 for kind in (Character.UPPER, Character.DIGIT, Character.ALNUM)),
    ]
    codes = np.select(shapes, [2, 1, 3, 0], PUNCTUATION_CASE)
    before = np.concatenate([[0], ends[:-1]])
    begins = lines[np.maximum(starts, before)] > lines[before]
    begins[:1] = True
    glued = (before == starts) & ~begins
    return np.asarray(codes + 5 * begins + 10 * glued, np.int64)


def encode(tokenizer: Tokenizer, text: str) -> Pieces:
    """Cut ``text`` into word pieces. Works on every str; a text without a visible character gives no
    piece."""
    encoded = tokenizer.encode(_SURROGATE.sub("�", text), add_special_tokens=False)
    starts, ends = np.fromiter(chain.from_iterable(encoded.offsets), np.int64).reshape(-1, 2).T
    return Pieces(
        ids=np.array(encoded.ids, np.int64),
        case=case_codes(text, starts, ends),
        starts=starts,
        ends=ends,
        words=np.array([-1 if word is None else word for word in encoded.word_ids], np.int64),
    )
