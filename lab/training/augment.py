"""Windows in other clothes: the same words with other quotation marks, other paragraphs, without capitals,
with words hidden.

PolNeAR is American news of one decade, typeset one way; pages people ingest are not. Pieces stay one for one,
so labels stay true.
"""

from __future__ import annotations

import random

import numpy as np
from tokenizers import Tokenizer

from services.extract.tagger.encoding import IntArray

_MASK = "[MASK]"
_STRAIGHT = {"“": '"', "”": '"', "‘": "'", "’": "'"}
_SINGLE = {"“": "‘", "”": "’"}
_GUILLEMETS = {"“": "«", "”": "»"}
_STYLES = ((_STRAIGHT, 0.15), (_SINGLE, 0.06), (_GUILLEMETS, 0.03))
"""Each with the share of windows that wears it: common enough to be learnt, rare enough to leave the corpus's
own style the rule."""
_CURLED = 0.12
_LOWERED = 0.03
_JOINED = 0.05
_STARTS_LINE, _GLUED = 1, 2  # layout: case code // 5


class Disguise:
    """``disguise(ids, case)`` gives changed copies of a window's pieces; one generator, so a seed gives one
    sequence of changes."""

    def __init__(self, tokenizer: Tokenizer, masked: float, seed: int) -> None:
        """``masked``: share of pieces hidden behind the vocabulary's mask."""
        self._random = random.Random(seed)
        self._numbers = np.random.default_rng(seed)
        self._masked = masked
        self._mask = _id(tokenizer, _MASK)
        self._styles = [
            ({_id(tokenizer, old): _id(tokenizer, new) for old, new in style.items()}, share)
            for style, share in _STYLES
        ]
        self._double, self._opening, self._closing = (_id(tokenizer, mark) for mark in '"“”')

    def __call__(self, ids: IntArray, case: IntArray) -> tuple[IntArray, IntArray]:
        ids, case = ids.copy(), case.copy()
        choice = self._random.random()
        for style, share in self._styles:
            if choice < share:
                for old, new in style.items():
                    ids[ids == old] = new
                break
            choice -= share
        else:
            if choice < _CURLED:
                straight = ids == self._double
                closes = straight & (case // 5 == _GLUED)
                ids[straight] = self._opening
                ids[closes] = self._closing
        if self._random.random() < _LOWERED:
            letters = np.isin(case % 5, (1, 2))
            case[letters] -= case[letters] % 5
        if self._random.random() < _JOINED:
            case[case // 5 == _STARTS_LINE] -= 5
        if self._masked:
            ids[self._numbers.random(len(ids)) < self._masked] = self._mask
        return ids, case


def _id(tokenizer: Tokenizer, piece: str) -> int:
    number = tokenizer.token_to_id(piece)
    if number is None:
        raise ValueError(f"the tokenizer has no piece {piece!r}: it is not the base model's")
    return int(number)
