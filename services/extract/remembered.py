"""Answers about words that texts use again and again, remembered by the word."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

T = TypeVar("T")

# code points: longer words and phrases are noise, never asked for again, and thousands of them would fill the
# memory
_LONGEST = 200


def remembered(size: int) -> Callable[[Callable[[str], T]], Callable[[str], T]]:
    """A function of a text that remembers its last ``size`` answers, those about long texts left out."""

    def remembering(function: Callable[[str], T]) -> Callable[[str], T]:
        known = lru_cache(maxsize=size)(function)

        @wraps(function)
        def answer(text: str) -> T:
            return known(text) if len(text) <= _LONGEST else function(text)

        return answer

    return remembering
