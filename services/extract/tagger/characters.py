"""What each character of a text is, as an array: asked of every character of every article, and a loop would
be slow."""

from __future__ import annotations

from enum import IntFlag

import numpy as np
import numpy.typing as npt

FlagArray = npt.NDArray[np.uint8]


class Character(IntFlag):
    """What ``str`` says of a character. ``LOWER``: it has a case, and that is not upper."""

    UPPER = 1
    LOWER = 2
    DIGIT = 4
    ALNUM = 8
    NEWLINE = 16


def _flags(character: str) -> int:
    flags = Character(0)
    if character.isupper():
        flags |= Character.UPPER
    elif character.islower() or character.istitle():
        flags |= Character.LOWER
    if character.isdigit():
        flags |= Character.DIGIT
    if character.isalnum():
        flags |= Character.ALNUM
    if character == "\n":
        flags |= Character.NEWLINE
    return int(flags)


# up to punctuation: nearly all of news in English
_TABLE: FlagArray = np.array([_flags(chr(point)) for point in range(0x2100)], np.uint8)


def code_points(text: str) -> npt.NDArray[np.uint32]:
    """The code point of each character."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def character_flags(points: npt.NDArray[np.uint32]) -> FlagArray:
    """The :class:`Character` flags of each code point, and one entry more, 0, for the end of the text."""
    flags = np.zeros(len(points) + 1, np.uint8)
    flags[:-1] = _TABLE[np.minimum(points, len(_TABLE) - 1)]
    rare = np.flatnonzero(points >= len(_TABLE))
    if len(rare):
        distinct, which = np.unique(points[rare], return_inverse=True)
        flags[rare] = np.array([_flags(chr(point)) for point in distinct], np.uint8)[which]
    return flags


def counts(flags: FlagArray, character: Character) -> npt.NDArray[np.int64]:
    """How many such characters stand before each place of the text: the difference of two entries counts
    those of a stretch."""
    there = (flags & int(character)) != 0
    return np.concatenate([[0], np.cumsum(there[:-1])])
