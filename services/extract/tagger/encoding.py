"""Text to the network's input: word pieces with their place in the text, and a code of each piece's case and layout."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

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

    ``starts`` and ``ends`` are code points of the text; ``words`` numbers the words (pieces of one word share it, ascending);
    ``case`` is 0 lower, 1 Initial, 2 UPPER, 3 digit, 4 other, plus 5 where the piece starts a line, plus 10 where it is glued to
    the piece before it.
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


def _shape(piece: str) -> int:
    if piece.isupper() and len(piece) > 1:
        return 2
    first = piece[:1]
    if first.isupper():
        return 1
    if first.isdigit():
        return 3
    return 0 if first.isalnum() else PUNCTUATION_CASE


def case_codes(text: str, offsets: list[tuple[int, int]]) -> IntArray:
    """Case and layout of each piece (see ``Pieces.case``); the base vocabulary is uncased and blind to line breaks."""
    codes = np.zeros(len(offsets), np.int64)
    previous_end: int | None = None
    for index, (start, end) in enumerate(offsets):
        code = _shape(text[start:end])
        if previous_end is None or "\n" in text[previous_end:start]:
            code += 5
        elif previous_end == start:
            code += 10
        codes[index] = code
        previous_end = end
    return codes


def encode(tokenizer: Tokenizer, text: str) -> Pieces:
    """Cut ``text`` into word pieces. Works on every str; a text without a visible character gives no piece."""
    encoded = tokenizer.encode(_SURROGATE.sub("�", text), add_special_tokens=False)
    offsets: list[tuple[int, int]] = encoded.offsets
    places = np.array(offsets, np.int64).reshape(-1, 2)
    return Pieces(
        ids=np.array(encoded.ids, np.int64),
        case=case_codes(text, offsets),
        starts=places[:, 0],
        ends=places[:, 1],
        words=np.array([-1 if word is None else word for word in encoded.word_ids], np.int64),
    )
