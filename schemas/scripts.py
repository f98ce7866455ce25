"""Which marks of a script are parts of its letters.

A mark above an ``e`` is an accent: one name is written with it and without. A vowel sign of Devanagari, a
tone of Thai or the voicing of kana tells one name from another, like a letter. Unicode puts both into the
same categories (Mn, Mc), so they are told apart here by the script they were made for: marks of Latin, Greek
and Cyrillic, and the points of Hebrew, Arabic and Syriac, which are mostly left out in writing, may go; all
others stay.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_OPTIONAL: Final = re.compile(
    "["
    # of any script, made for Latin and Greek
    "\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20dc\u20e1\u20e5-\u20f0\ufe20-\ufe2f"
    "\u0483-\u0487\u2de0-\u2dff\ua66f\ua674-\ua67d\ua69e\ua69f"  # Cyrillic
    "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\ufb1e"  # Hebrew
    # Arabic
    "\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u0898-\u089f\u08ca-\u08e1\u08e3-\u08ff"
    "\u0711\u0730-\u074a"  # Syriac
    "\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef"  # other shapes of the letter before
    "]+"
)
_SOUTHERN: Final = (
    "\u0900-\u0dff\u1000-\u109f\u1780-\u17ff\u1cd0-\u1cff\ua8e0-\ua8ff\ua9e0-\ua9ff\uaa60-\uaa7f"
)
_JOINER: Final = re.compile(f"(?<=[{_SOUTHERN}])[\u200c\u200d]+")
"""Between letters of South and South-East Asia the joiners choose a shape; elsewhere (Persian) one parts the
words of a compound."""
_CHILLU: Final = {
    "\u0d23\u0d4d\u200d": "\u0d7a", "\u0d28\u0d4d\u200d": "\u0d7b", "\u0d30\u0d4d\u200d": "\u0d7c", "\u0d32\u0d4d\u200d": "\u0d7d",
    "\u0d33\u0d4d\u200d": "\u0d7e", "\u0d15\u0d4d\u200d": "\u0d7f",
}  # fmt: skip
"""Malayalam letters that were written with a joiner before Unicode 5.1, and still are: not the same as those
without it."""


def folded_marks(text: str) -> str:
    """Decomposed text (NFKD) without optional marks and joiners that only choose a shape; the rest composed
    (NFC)."""
    for old, chillu in _CHILLU.items():
        text = text.replace(old, chillu)
    return unicodedata.normalize("NFC", _JOINER.sub("", _OPTIONAL.sub("", text)))


def words(text: str) -> list[str]:
    """Runs of letters, digits and low lines, with the marks that belong to them."""
    found = [""]
    for character in text:
        belongs = character.isalnum() or character == "_"
        if not belongs and found[-1]:
            belongs = unicodedata.category(character) in ("Mn", "Mc")
        if belongs:
            found[-1] += character
        elif found[-1]:
            found.append("")
    return [word for word in found if word]
