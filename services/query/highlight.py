"""Cutting a text into pieces along spans that may overlap, touch or nest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch to highlight: code points ``start`` to ``end`` (exclusive), under the number of its statement
    on the page."""

    start: int
    end: int
    number: int
    kind: str


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text under the same marks all along.

    ``marks`` is empty for plain text, otherwise shortest mark first: the first is the most specific.
    ``opens`` are the numbers of the statements whose first highlighted character is this piece's first.
    """

    text: str
    marks: tuple[Mark, ...] = ()
    opens: tuple[int, ...] = ()

    @property
    def kinds(self) -> str:
        """The kinds of the marks, each once, sorted, separated by spaces."""
        return " ".join(sorted({mark.kind for mark in self.marks}))


def pieces(text: str, marks: Sequence[Mark]) -> list[Piece]:
    """Cut ``text`` at every boundary of a mark. The pieces' texts joined are ``text``, whatever the marks.

    Marks outside the text are clipped; empty ones are dropped.
    """
    size = len(text)
    clipped = [Mark(max(0, m.start), min(size, m.end), m.number, m.kind) for m in marks]
    clipped = sorted((m for m in clipped if m.start < m.end), key=lambda m: (m.start, m.end, m.number))
    bounds = sorted({0, size, *(m.start for m in clipped), *(m.end for m in clipped)})
    result: list[Piece] = []
    opened: set[int] = set()
    active: list[Mark] = []
    upcoming = 0
    for start, end in pairwise(bounds):
        active = [m for m in active if m.end > start]
        while upcoming < len(clipped) and clipped[upcoming].start == start:
            active.append(clipped[upcoming])
            upcoming += 1
        here = tuple(sorted(active, key=lambda m: (m.end - m.start, m.number)))
        opens = tuple(sorted({m.number for m in here} - opened))
        opened.update(opens)
        result.append(Piece(text[start:end], here, opens))
    return result
