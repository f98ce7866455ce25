"""Where attributed words begin and end: marks of quotation belong to them, loose punctuation and a dangling
conjunction do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.extract.tagger.bio import TagSpan

if TYPE_CHECKING:
    from services.extract.tagger.boundaries import Words

_LOOSE = frozenset(",;:.)]}>—–-−…*•|/")
_LOOSE_AT_START = _LOOSE - {"-", "−", "…"}  # a minus sign, and words left out, can begin what was said
_LOOSE_AT_END = frozenset(",;:.([{<—–-*•|/")
_DANGLING = frozenset({"and", "but", "or"})


def trim(span: TagSpan, text: str, words: Words) -> TagSpan | None:
    """``span`` of words without what does not belong to its content; None when nothing is left.

    Inside quotation marks everything is kept: a final full stop there is part of the quotation.
    """
    start, end = span.start, span.end
    while start < end and not words.quoted[start] and _word(text, words, start) in _LOOSE_AT_START:
        start += 1
    while end > start and not words.quoted[end - 1] and _word(text, words, end - 1) in _LOOSE_AT_END:
        if _word(text, words, end - 1) == "." and _abbreviates(text, words, end - 1):
            break
        end -= 1
    if end - start > 1 and not words.quoted[end - 1] and _word(text, words, end - 1).lower() in _DANGLING:
        end -= 1
    return span._replace(start=start, end=end) if end > start else None


def take_marks(span: TagSpan, words: Words, limit: int) -> TagSpan:
    """``span`` with the quotation marks that its own words stand in, where they are next to it. ``limit``:
    words in the text."""
    start, end = span.start, span.end
    if start > 0 and words.quoted[start] and words.is_opening[start - 1]:
        start -= 1
    if end < limit and words.quoted[end - 1] and words.is_closing[end]:
        end += 1
    return span._replace(start=start, end=end)


def _word(text: str, words: Words, index: int) -> str:
    return text[words.starts[index] : words.ends[index]]


def _abbreviates(text: str, words: Words, index: int) -> bool:
    """A full stop after a single letter, as in an initial, belongs to it."""
    return (
        index > 0
        and len(_word(text, words, index - 1)) == 1
        and bool(words.ends[index - 1] == words.starts[index])
    )
