"""From a fuzzer's bytes to what a target is given: text, numbers, choices. The same bytes always give the
same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

# What news is made of and what breaks readers of it: one byte from 128 on stands for one of these, so that a
# fuzzer that knows nothing of English reaches the code behind names, reporting words and quotation marks.
WORDS = (
    "“", "”", "‘", "’", '"', "'", "„", "«", "»", "``", "''", "「", "」", "(", ")", "[", "]", "—", "–", "…",
    ": ", ", ", ". ", "? ", "; ", "\n", "\n\n", "\r\n", "\u2028", "\x85", "\t", "\xa0", "\u200b", "\u200d",
    "\u202e", "\ufeff", "�", "\x1b", "-\n", "•", "😀", " said ", " says ", " told ", " that ", " who ",
    " according to ", " denied ", " did not say ", " would ", " will ", " was ", " asked ", " if ", " and ",
    " but ", " the ", " The ", " a ", " of ", " for ", " not ", " he ", " He ", " she ", " they ", " I ",
    " we ", " it ", " his ", "Ms. Holm", "Ida Holm", "Holm", "Paul Lee", "Mr. Lee", "Lee", "Dr. No",
    "Jones", "Jr.", "O’Brien", "van der Berg", "Smith’s", "Erdoğan", "the mayor", "a senior official",
    "Transport Minister", "President", "spokesman", "the police", "U.S.", "White House", "NATO", "Reuters",
    "bridge", "tunnel", "vote", "money", "5", "1,000", "90 percent", "$3.5 million", "2026", "March",
    "Tuesday", "yesterday", "no", "yes", "https://example.org/a", "@holm", "#vote", "Related: ",
    "Advertisement", "Q: ", "A: ", "HOLM: ", "By Ida Holm", "Updated", "—Holm", "<b>", "</p>", "&amp;",
    "é", "İ", "ß", "ﬁ", "Ｈ", "中", "م", "क्षि", "ก็", "𝔘", "🇪🇺", "\U000e0001",
)  # fmt: skip


class Given:
    """Bytes that are used up from the front; when they are, every number is 0 and every text empty."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def number(self, below: int) -> int:
        """A number from 0 to ``below`` - 1, of one byte or, beyond 256, of four."""
        size = 1 if below <= 256 else 4
        return int.from_bytes(self.take(size), "big") % below

    def flag(self) -> bool:
        """Yes or no."""
        return bool(self.number(2))

    def one_of(self, choices: Sequence[T]) -> T:
        """One of them."""
        return choices[self.number(len(choices))]

    def take(self, size: int) -> bytes:
        """At most ``size`` bytes."""
        taken = self._data[self._at : self._at + size]
        self._at += len(taken)
        return taken

    def piece(self) -> bytes:
        """Bytes whose number is given before them."""
        return self.take(self.number(256))

    def rest(self) -> bytes:
        """All that is left."""
        return self.take(len(self._data))

    def text(self) -> str:
        """All that is left as text: UTF-8 (as it is, or with lone surrogates), or letters and
        :data:`WORDS`."""
        form = self.number(4)
        rest = self.rest()
        if form == 0:
            return rest.decode("utf-8", "replace")
        if form == 1:
            return rest.decode("utf-8", "surrogateescape")
        return "".join(chr(byte) if byte < 128 else WORDS[(byte - 128) % len(WORDS)] for byte in rest)


def words(text: str) -> bytes:
    """Bytes that :meth:`Given.text` reads as ``text``."""
    return b"\0" + text.encode()
