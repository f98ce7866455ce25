"""Names compared as people compare them: folded words, titles and articles aside."""

from __future__ import annotations

from collections.abc import Sequence

from services.extract.actors.names import fold, is_title

_ARTICLES = ("the", "a", "an")


def name_words(name: str) -> tuple[str, ...]:
    """The folded words of a name without articles; one empty word when nothing is left."""
    return tuple(word for word in fold(name).split("-") if word not in _ARTICLES) or ("",)


def without_titles(words: Sequence[str]) -> tuple[str, ...]:
    """What follows the last title or office, unless nothing does: of ``union president Ana Weiss``, ``ana
    weiss``."""
    for first in range(len(words) - 1, 0, -1):
        if is_title(words[first - 1]):
            return tuple(words[first:])
    return tuple(words)


def same_person(found: Sequence[str], wanted: Sequence[str]) -> bool:
    """First and last word agree: middle names and initials may differ."""
    return len(found) > 1 and len(wanted) > 1 and (found[0], found[-1]) == (wanted[0], wanted[-1])


def part_of(part: Sequence[str], whole: Sequence[str]) -> bool:
    """Whether words stand in others, in order and without a gap."""
    size = len(part)
    return any(tuple(whole[start : start + size]) == tuple(part) for start in range(len(whole) - size + 1))
