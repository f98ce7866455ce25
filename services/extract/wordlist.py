"""Word lists written as running text."""

from __future__ import annotations

import re


def words(text: str) -> frozenset[str]:
    """The words of a white-space separated list."""
    return frozenset(text.split())


def any_of(alternatives: str, flags: re.RegexFlag = re.IGNORECASE) -> re.Pattern[str]:
    """A pattern for any of the white-space separated alternatives as whole words; an alternative may be a
    pattern itself."""
    return re.compile(rf"\b(?:{'|'.join(alternatives.split())})\b", flags)
