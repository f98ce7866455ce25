"""The quotation marks of a text as evidence: which stretch covers what, and which of them are speech."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import replace
from functools import cache, cached_property

from services.extract.lang import ENGLISH, Language
from services.extract.passes.adjacent import subject, verb
from services.extract.text.plain import PARAGRAPH
from services.extract.types import STRUCK, QuotedStretch, Range

_WORD = re.compile(r"\w+(?:[-.'’]\w+)*")
_ENDS_INSIDE = re.compile(r"[.,!?…—–-]$")
_ENDS_SENTENCE = re.compile(r"[.!?…][\"'”’»)]*$")
_FEW = 4  # words: shorter quoted stretches without punctuation are terms, nicknames and scare quotes
_NAME_WORDS = 8  # words: longer stretches in title case are headlines quoted whole, still no speech, but rare
_NAME = 200  # code points: longer than those words
_HEADING = 140  # code points


class Quotations:
    """The outermost quoted stretches of one text in ``language``."""

    def __init__(self, text: str, stretches: Iterable[QuotedStretch], language: Language = ENGLISH) -> None:
        self._text = text
        self.language = language
        self._small = language.words("small_words")
        self.outermost = sorted(
            (_closed_by_words(text, s, language) for s in stretches if s.depth == 0), key=lambda s: s.outer
        )
        self._starts = [s.outer.start for s in self.outermost]

    @cached_property
    def unquoted(self) -> str:
        """The text with every stretch, its marks included, struck out: same offsets, none of what somebody
        says."""
        parts, position = [], 0
        for stretch in self.outermost:
            start, end = max(position, stretch.outer.start), max(position, stretch.outer.end)
            parts += [self._text[position:start], STRUCK * (end - start)]
            position = end
        return "".join((*parts, self._text[position:]))

    def over(self, span: Range) -> list[QuotedStretch]:
        """The stretches that share a character with ``span``, in text order."""
        first = bisect_right(self._starts, span.start) - 1
        last = bisect_left(self._starts, span.end)
        return [
            s
            for s in self.outermost[max(0, first) : last]
            if s.outer.end > span.start and s.outer.start < span.end
        ]

    def holding(self, span: Range | None) -> QuotedStretch | None:
        """The stretch that ``span`` lies inside, or None."""
        if span is None:
            return None
        return next(
            (s for s in self.over(span) if s.outer.start <= span.start and span.end <= s.outer.end), None
        )

    def evidence(self, span: Range, cue: Range | None, source: Range | None) -> list[QuotedStretch]:
        """The stretches over ``span`` that quote this very source: the reporting words stand outside them."""
        return [s for s in self.over(span) if not (_inside(cue, s) or (cue is None and _inside(source, s)))]

    def is_name(self, stretch: QuotedStretch) -> bool:
        """Whether a stretch is a title or a nickname: every word of weight is capitalised and no sentence
        ends in it."""
        return self._is_title_case(stretch) and not _ENDS_INSIDE.search(
            self._text[stretch.inner.start : stretch.inner.end]
        )

    def _is_title_case(self, stretch: QuotedStretch) -> bool:
        if stretch.inner.end - stretch.inner.start > _NAME:
            return False
        words = _WORD.findall(self._text, stretch.inner.start, stretch.inner.end)
        if not 0 < len(words) <= _NAME_WORDS:
            return False
        return (
            all(word[0].isupper() or word[0].isdigit() for word in words if word.lower() not in self._small)
            and words[0][0].isupper()
        )

    def is_speech(self, stretch: QuotedStretch) -> bool:
        """Whether a stretch reads as speech on its own, whatever the tagger saw: long enough, or punctuated
        inside."""
        # American print sets the full stop inside the marks: on “Fox and Friends.”
        if (
            self._is_title_case(stretch)
            or self.is_heading(stretch)
            or not (stretch.closed or stretch.continues or self.fills_paragraph(stretch))
        ):
            return False
        inner = self._text[stretch.inner.start : stretch.inner.end]
        words = len(_WORD.findall(inner))
        return words > 1 if _ENDS_INSIDE.search(inner) or self.is_set_off(stretch) else words >= _FEW

    def is_set_off(self, stretch: QuotedStretch) -> bool:
        """Whether the comma that parts speech from its clause stands behind the marks, where the language
        sets it there: „…“, sagte er. There a colon before them does the same: Er sagte: „Nein.“"""
        if self.language.grammar.get("comma") != "outside" or not stretch.closed:
            return False
        before = self._text[max(0, stretch.outer.start - 2) : stretch.outer.start]
        return self._text[stretch.outer.end : stretch.outer.end + 1] == "," or before.endswith(": ")

    def is_wording(self, stretch: QuotedStretch) -> bool:
        """Whether a stretch is some words of somebody's, no name, title or single term."""
        words = _WORD.findall(self._text, *stretch.inner) if stretch.closed else []
        return len(words) > 1 and not self._is_title_case(stretch) and not self.is_heading(stretch)

    def is_sentence(self, stretch: QuotedStretch) -> bool:
        """Whether a stretch holds whole sentences: it begins like one and ends like one.

        The comma or full stop may stand outside the marks, as in British and German print: „…“, sagte er.
        """
        inner = self._text[stretch.inner.start : stretch.inner.end]
        first = next((c for c in inner if c.isalnum()), "")
        after = self._text[stretch.outer.end : stretch.outer.end + 1]
        ends = (
            bool(_ENDS_SENTENCE.search(inner))
            or stretch.continues
            or (after == "," and not inner.endswith(","))
        )
        return bool(first) and not first.islower() and ends

    def is_heading(self, stretch: QuotedStretch) -> bool:
        """Whether a stretch is a heading made of a quotation: alone in its paragraph and without a sentence's
        end."""
        inner = self._text[stretch.inner.start : stretch.inner.end]
        return (
            self.fills_paragraph(stretch)
            and stretch.closed
            and not _ENDS_SENTENCE.search(inner)
            and len(inner) <= _HEADING
        )

    def fills_paragraph(self, stretch: QuotedStretch) -> bool:
        """Whether nothing but the stretch stands in its paragraph."""
        before, after = (
            self._text[max(0, stretch.outer.start - 2) : stretch.outer.start],
            self._text[stretch.outer.end : stretch.outer.end + 2],
        )
        return before in ("", PARAGRAPH) and after in ("", PARAGRAPH)


@cache
def _reporting(language: Language) -> re.Pattern[str]:
    """The comma before reporting words."""
    says, who = verb(language), subject(language)
    return re.compile(rf"[,?!](?=\s+(?:{says}\s+{who}[\s,.]|{who}\s+{says}(?:[,.]|\s*$)))")


def _closed_by_words(text: str, stretch: QuotedStretch, language: Language) -> QuotedStretch:
    """A stretch whose closing mark is missing, closed before its reporting words: “We are ready, said Anna
    Lee, the mayor."""
    reporting = (
        None if stretch.closed or stretch.continues else _reporting(language).search(text, *stretch.inner)
    )
    if reporting is None:
        return stretch
    end = reporting.start() + 1
    return replace(
        stretch, outer=Range(stretch.outer.start, end), inner=Range(stretch.inner.start, end), closed=True
    )


def _inside(span: Range | None, stretch: QuotedStretch) -> bool:
    return span is not None and stretch.outer.start <= span.start and span.end <= stretch.outer.end
