"""Quotation marks of every style, paired in one pass.

Marks are read in context, not by their glyph alone: typewriter marks have no direction, ``“`` opens in
English and closes in German, ``’`` is an apostrophe more often than a mark, and real articles leave marks
unclosed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache, lru_cache

from services.extract.lang import ENGLISH, Language
from services.extract.types import QuotedStretch, Range

_MARK = re.compile(r"``|''|[\"“”„‟＂«»‹›「」『』〝〞〟'‘’‚‛]")
_PARAGRAPH_BREAK = re.compile(r"\n\s*\n|\n")
_OPENS_AFTER = frozenset("([{<—–-/=:;,.…¡¿|*>")
_MAX_DEPTH = 8  # real text nests twice; deeper nesting is noise and would only cost time


class _Family(Enum):
    DOUBLE = 0
    SINGLE = 1
    GUILLEMET = 2
    CORNER = 3


_FAMILY = (
    dict.fromkeys(("“", "”", "„", "‟", '"', "＂", "``", "''", "〝", "〞", "〟"), _Family.DOUBLE)
    | dict.fromkeys("'‘’‚‛", _Family.SINGLE)
    | dict.fromkeys("«»‹›", _Family.GUILLEMET)
    | dict.fromkeys("「」『』", _Family.CORNER)
)
_ALWAYS_OPEN = frozenset(("„", "‟", "``", "「", "『", "〝", "‚", "‛"))
_ALWAYS_CLOSE = frozenset(("」", "』", "〞", "〟"))
_PARTNER = {"「": "」", "『": "』", "«": "»", "»": "«", "‹": "›", "›": "‹"}


@dataclass(slots=True)
class _Mark:
    start: int
    end: int
    glyph: str
    family: _Family
    may_open: bool
    may_close: bool


@dataclass(slots=True)
class _Open:
    mark: _Mark | None  # None: carried over from the paragraph before, without a mark of its own
    family: _Family
    outer: int
    inner: int
    depth: int


@cache
def _elision(language: Language) -> re.Pattern[str]:
    """Words that begin with an apostrophe and open no quotation; decades are shortened so everywhere."""
    return re.compile(rf"(?:{language.any_of('elisions')}|\d0s|\d\d)\b", re.IGNORECASE)


def quoted_stretches(text: str, language: Language = ENGLISH) -> list[QuotedStretch]:
    """All stretches between quotation marks, sorted by their start, outer before inner.

    A double mark never closed in its paragraph reaches to the paragraph's end; it ``continues`` when the next
    paragraph opens with the same mark or closes it first. A single mark that is never closed is an
    apostrophe. Time is linear in the text.
    """
    return list(_stretches(text, language))


@lru_cache(maxsize=2)  # the tagger and the rules ask for those of the same text
def _stretches(text: str, language: Language) -> tuple[QuotedStretch, ...]:
    found: list[QuotedStretch] = []
    paragraphs = list(_paragraphs(text))
    marks = [_marks(text, paragraph, language) for paragraph in paragraphs]
    carried: _Family | None = None
    for number, paragraph in enumerate(paragraphs):
        following = marks[number + 1] if number + 1 < len(paragraphs) else []
        following_start = paragraphs[number + 1].start if number + 1 < len(paragraphs) else -1
        carried = _pair(text, paragraph, marks[number], carried, following, following_start, found)
    return tuple(sorted(found, key=lambda stretch: (stretch.outer.start, -stretch.outer.end)))


def _paragraphs(text: str) -> Iterator[Range]:
    start = 0
    for match in _PARAGRAPH_BREAK.finditer(text):
        if match.start() > start:
            yield Range(start, match.start())
        start = match.end()
    if start < len(text):
        yield Range(start, len(text))


def _marks(text: str, paragraph: Range, language: Language) -> list[_Mark]:
    """The paragraph's marks with what each may do, apostrophes and inch signs left out."""
    marks: list[_Mark] = []
    previous_end = -1
    previous_may_open = False
    for match in _MARK.finditer(text, paragraph.start, paragraph.end):
        start, end = match.span()
        glyph = match.group()
        family = _FAMILY[glyph]
        before = text[start - 1] if start > paragraph.start else ""
        after = text[end] if end < paragraph.end else ""
        beside_opener = previous_end == start and previous_may_open
        at_left_edge = not before or before.isspace() or before in _OPENS_AFTER or beside_opener
        at_right_edge = not after or not (after.isalnum() or after.isspace()) or after.isspace()
        mark = _Mark(start, end, glyph, family, may_open=at_left_edge and bool(after) and not after.isspace(),
                     may_close=bool(before) and not before.isspace() and at_right_edge)  # fmt: skip
        _by_glyph(mark, text, before, after, at_left_edge=at_left_edge, language=language)
        if mark.may_open or mark.may_close:
            marks.append(mark)
            previous_end, previous_may_open = end, mark.may_open and not mark.may_close
    _drop_possessives(text, marks, language.grammar.get("genitive_apostrophe_after", ""))
    return marks


def _by_glyph(
    mark: _Mark, text: str, before: str, after: str, *, at_left_edge: bool, language: Language
) -> None:
    """What the glyph itself says about a mark's direction."""
    glyph = mark.glyph
    if glyph in _ALWAYS_OPEN:
        mark.may_open, mark.may_close = True, False
    elif glyph in _ALWAYS_CLOSE:
        mark.may_open, mark.may_close = False, True
    elif mark.family is _Family.SINGLE:
        # ’ opens nowhere in running text; between letters every single mark is an apostrophe.
        opens = mark.may_open and glyph != "’" and (after.isalnum() or after in '“"«…')
        mark.may_open = opens and not _elision(language).match(text, mark.end)
        mark.may_close = mark.may_close and glyph != "‘"
    elif mark.family is _Family.GUILLEMET and (before.isspace() or not before) and not after.isalnum():
        # French sets a space inside: « Bonjour ».
        mark.may_open, mark.may_close = glyph in "«‹", glyph in "»›"
    elif glyph == "“":
        # German closes with it: „…“. Otherwise it opens even where a space is missing before it.
        mark.may_open = mark.may_open or not mark.may_close
    elif glyph == "”":
        mark.may_close = True if not at_left_edge else mark.may_close
    elif glyph in '"＂' and before.isdigit() and not at_left_edge:
        mark.may_open = False  # an inch sign closes nothing that is not open
    elif mark.family is _Family.DOUBLE and not mark.may_open and not mark.may_close:
        mark.may_open = mark.may_close = True


def _drop_possessives(text: str, marks: list[_Mark], endings: str) -> None:
    """Forget closing single marks that are plural possessives: a later mark after punctuation closes the
    quotation."""
    closer_follows = False
    keep: list[_Mark] = []
    for mark in reversed(marks):
        if mark.family is _Family.SINGLE:
            before = text[mark.start - 1] if mark.start else ""
            if mark.may_open:
                closer_follows = False
            elif before in ",.!?…":
                closer_follows = True
            elif closer_follows and before.lower() in endings and _small_word_follows(text, mark.end):
                continue
        keep.append(mark)
    marks[:] = reversed(keep)


def _small_word_follows(text: str, position: int) -> bool:
    return text[position : position + 1] == " " and text[position + 1 : position + 2].islower()


def _pair(
    text: str,
    paragraph: Range,
    marks: list[_Mark],
    carried: _Family | None,
    following: list[_Mark],
    following_start: int,
    found: list[QuotedStretch],
) -> _Family | None:
    """Pair one paragraph's marks into ``found``; returns the family of a quotation that runs on into the next
    paragraph."""
    stack: list[_Open] = []
    if carried is not None and not _reopens(marks, carried, paragraph.start):
        stack.append(_Open(None, carried, paragraph.start, paragraph.start, 0))
    remaining_closers = {
        family: sum(m.family is family and m.may_close and not m.may_open for m in marks)
        for family in _Family
    }
    for mark in marks:
        if mark.may_close and not mark.may_open:
            remaining_closers[mark.family] -= 1
        opener = _matching(stack, mark) if mark.may_close else None
        if opener is not None:
            _close(text, stack, opener, mark, found)
        elif mark.may_open:
            _open(text, stack, mark, remaining_closers[mark.family], found)
    return _leave_open(text, paragraph, stack, following, following_start, found)


def _matching(stack: list[_Open], mark: _Mark) -> int | None:
    """Index of the innermost open quotation that the mark can close."""
    for index in range(len(stack) - 1, -1, -1):
        opener = stack[index]
        if opener.family is not mark.family:
            continue
        partner = _PARTNER.get(opener.mark.glyph) if opener.mark else None
        if partner is not None and partner != mark.glyph:
            continue
        if mark.may_open and opener.mark is not None and opener.inner == mark.start:
            continue  # nothing between the two
        return index
    return None


def _close(text: str, stack: list[_Open], index: int, mark: _Mark, found: list[QuotedStretch]) -> None:
    opener = stack[index]
    # What was opened inside and never closed is noise.
    del stack[index:]
    _record(text, found, opener, Range(opener.inner, mark.start), outer_end=mark.end)


def _open(text: str, stack: list[_Open], mark: _Mark, closers_left: int, found: list[QuotedStretch]) -> None:
    same = [index for index, opener in enumerate(stack) if opener.family is mark.family]
    if same and mark.family is not _Family.SINGLE and closers_left <= len(same):
        # Too few closing marks are left for a nesting of one style: the earlier one was forgotten, and ends
        # here.
        unclosed = stack[same[0]]
        del stack[same[0] :]
        _record(text, found, unclosed, Range(unclosed.inner, mark.start), closed=False)
    if len(stack) < _MAX_DEPTH:
        stack.append(_Open(mark, mark.family, mark.start, mark.end, len(stack)))


def _leave_open(
    text: str,
    paragraph: Range,
    stack: list[_Open],
    following: list[_Mark],
    following_start: int,
    found: list[QuotedStretch],
) -> _Family | None:
    """Record what the paragraph leaves open."""
    for opener in stack:
        reopened = _reopens(following, opener.family, following_start) if following else False
        if opener.family is _Family.SINGLE and not (reopened and opener.outer == paragraph.start):
            continue  # an apostrophe
        continues = reopened or _closes_first(following, opener.family)
        _record(text, found, opener, Range(opener.inner, paragraph.end), closed=False, continues=continues)
        return opener.family if continues else None
    return None


def _record(
    text: str,
    found: list[QuotedStretch],
    opener: _Open,
    inner: Range,
    *,
    outer_end: int | None = None,
    closed: bool = True,
    continues: bool = False,
) -> None:
    """Add a stretch, its inner part trimmed of white space; one without words is none."""
    start, end = inner
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        outer = Range(opener.outer, end if outer_end is None else outer_end)
        found.append(
            QuotedStretch(outer, Range(start, end), closed=closed, continues=continues, depth=opener.depth)
        )


def _reopens(marks: list[_Mark], family: _Family, start: int) -> bool:
    return bool(marks) and marks[0].start == start and marks[0].family is family and marks[0].may_open


def _closes_first(marks: list[_Mark], family: _Family) -> bool:
    """Whether the paragraph's first mark of the family closes a quotation that it did not open."""
    first = next((mark for mark in marks if mark.family is family), None)
    return first is not None and first.may_close and not first.may_open
