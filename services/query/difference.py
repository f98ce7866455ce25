"""How two wordings of one statement differ, for people to see side by side."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby

from schemas.relational import fold

MOST_WORK = 4_000_000
"""Product of the numbers of words up to which two wordings are compared: some tens of milliseconds."""
_TOKEN = re.compile(r"\S+\s*")
_MARKS = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a wording that stands in the other one, or does not."""

    text: str
    shared: bool


def parts(text: str, other: str) -> list[Part]:
    """Cut ``text`` into what stands in ``other`` in the same order and what does not; joined they are
    ``text``. Case, accents and marks make no difference."""
    tokens = _TOKEN.findall(text.lstrip())
    own, others = (
        [_MARKS.sub("", fold(token)) for token in found] for found in (tokens, _TOKEN.findall(other))
    )
    if len(own) * len(others) > MOST_WORK:
        return [Part(text, True)]
    shared = {
        place
        for block in SequenceMatcher(None, others, own, autojunk=False).get_matching_blocks()
        for place in _places(block)
    }
    marks = [(token, place in shared or not own[place]) for place, token in enumerate(tokens)]
    return [
        Part("".join(token for token, _ in run), same)
        for same, run in groupby(marks, key=lambda mark: mark[1])
    ]


def _places(block: tuple[int, int, int]) -> range:
    _, start, size = block
    return range(start, start + size)
