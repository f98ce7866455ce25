"""The words of a text, cut once: where each stands, and what stands around a place."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from services.extract.actors.names import WORD
from services.extract.types import Range


class Tokens:
    """Every word of ``text`` by its number in text order; ``starts`` and ``ends`` are where they begin and
    end."""

    def __init__(self, text: str) -> None:
        self.text = text
        spans = [match.span() for match in WORD.finditer(text)]
        self.starts, self.ends = map(list, zip(*spans, strict=True)) if spans else ([], [])

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, number: int) -> str:
        return self.text[self.starts[number] : self.ends[number]]

    def over(self, span: Range) -> range:
        """The words that share a character with a stretch of text."""
        return range(bisect_right(self.ends, span.start), bisect_left(self.starts, span.end))

    def gap(self, number: int) -> str:
        """What stands between a word and the one before it."""
        return self.text[self.ends[number - 1] if number else 0 : self.starts[number]]

    def before(self, position: int) -> int:
        """The last word that ends at or before a position; -1 when there is none."""
        return bisect_right(self.ends, position) - 1
