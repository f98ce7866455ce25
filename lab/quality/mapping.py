"""Mapping offsets of a normalised text back onto the file it was made from."""

from __future__ import annotations

from difflib import SequenceMatcher

from services.extract.types import Range

# visible characters within which a dropped or changed stretch must end to be stepped over cheaply
_LOOK_AHEAD = 4000
_AGREE = 24  # visible characters that must agree again after it
_AGREE_AT_ONCE = 4  # the same, after a single exchanged character


class CharacterMap:
    """Visible characters of ``derived`` aligned with those of ``original``, white space and dropped stretches
    aside."""

    def __init__(self, derived: str, original: str) -> None:
        here = [index for index, character in enumerate(derived) if not character.isspace()]
        there = [index for index, character in enumerate(original) if not character.isspace()]
        self._to: dict[int, int] = {}
        self._align("".join(derived[i] for i in here), "".join(original[i] for i in there), here, there)

    def place(self, span: Range) -> Range | None:
        """Where a stretch of the derived text lies in the original; None when none of its characters does."""
        found = [self._to[index] for index in range(span.start, span.end) if index in self._to]
        return Range(min(found), max(found) + 1) if found else None

    def _align(self, left: str, right: str, here: list[int], there: list[int]) -> None:
        i = j = 0
        while i < len(left) and j < len(right):
            if left[i] == right[j]:
                self._to[here[i]] = there[j]
                i, j = i + 1, j + 1
                continue
            step = self._step(left[i:], right[j:])
            if step is None:  # not one stretch: let the general aligner see the rest
                for block in SequenceMatcher(None, left[i:], right[j:], autojunk=False).get_matching_blocks():
                    for offset in range(block.size):
                        self._to[here[i + block.a + offset]] = there[j + block.b + offset]
                return
            i, j = i + step[0], j + step[1]

    @staticmethod
    def _step(left: str, right: str) -> tuple[int, int] | None:
        """How far to move on each side past one dropped (or added, or exchanged) stretch."""
        skipped = right.find(left[:_AGREE], 0, _LOOK_AHEAD)
        if skipped > 0:
            return 0, skipped
        added = left.find(right[:_AGREE], 0, _LOOK_AHEAD)
        if added > 0:
            return added, 0
        for size in range(1, 4):  # a character written otherwise
            if left[size : size + _AGREE_AT_ONCE] == right[size : size + _AGREE_AT_ONCE]:
                return size, size
        return None
