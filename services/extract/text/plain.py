"""Plain text to normalised text: one paragraph per block, one space between words, furniture gone, every
other character kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html import unescape
from itertools import pairwise

from services.extract.lang import ENGLISH, Language
from services.extract.text.furniture import is_furniture, is_pointer

Run = tuple[int, int, int]
"""``(text_start, input_start, length)``: that many code points were copied from there to here."""

PARAGRAPH = "\n\n"
"""What stands between two paragraphs of a normalised text."""

_BREAK = re.compile(r"\r\n|[\n\r\v\f\x85\u2028\u2029]")
# Invisible characters that carry no reading: controls, soft hyphen, zero-width space, direction marks and
# overrides, byte order mark, annotation anchors, lone surrogates, non-characters. Zero-width (non-)joiners
# stay: they spell words and emoji.
_DROP = "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff\ufffe\uffff"
# Escaped once too often on their way: “&ldquo;Yes,&rdquo; she said”.
_ESCAPED = (
    r"&(?:[lr][ds]quo|[bs]bquo|bdquo|[lr]aquo|quot|apos|[nm]dash|hellip|nbsp|amp|#\d{2,5}|#x[\da-fA-F]{2,4});"
)
_PIECE = re.compile(
    rf"(?P<escaped>{_ESCAPED})|(?P<word>(?:(?!{_ESCAPED})[^\s{_DROP}])+)|(?P<space>\s+)|[{_DROP}]+"
)
_INVISIBLE = re.compile(f"[{_DROP}]")
_UNEVEN = re.compile(rf"[^\S ]|\S {{2,}}\S|[{_DROP}]|{_ESCAPED}")
_ENDS_SENTENCE = re.compile(r"[.!?:…。！？][\"'”’»)\]]*$")
# code points: no newspaper or mailer wraps lines wider than this, and no paragraph style is narrower
# throughout
_WRAP_LIMIT = 140
_FULL_LINE = 0.6  # of the widest line: a proportional font wraps anywhere above this
# share of line ends inside a block before a lower-case word: two in three when wrapped, next to none
# otherwise
_MID_SENTENCE = 0.35
_STANDS_ALONE = 40  # code points: a shorter line before a blank one is a headline, not a torn sentence


@dataclass(slots=True)
class _Line:
    text: str
    runs: list[Run] = field(default_factory=list)


@dataclass(slots=True)
class _Paragraph:
    lines: list[_Line]
    after_furniture: bool
    # code points of its lines; kept, since a paragraph may be joined from thousands
    length: int = field(init=False)

    def __post_init__(self) -> None:
        self.length = sum(len(line.text) for line in self.lines)

    @property
    def last(self) -> str:
        return self.lines[-1].text

    def extend(self, lines: list[_Line]) -> None:
        """Go on with these lines."""
        self.lines.extend(lines)
        self.length += sum(len(line.text) for line in lines)


def normalise(
    content: str, *, lines_are_paragraphs: bool = False, language: Language = ENGLISH
) -> tuple[str, tuple[Run, ...]]:
    """The normalised text and where each stretch of it came from.

    Hard-wrapped lines are unwrapped, furniture lines are dropped and a sentence they (or a page break) tore
    apart is joined again, invisible characters go, white space becomes single spaces.
    ``lines_are_paragraphs`` says that the text is not hard-wrapped (main text extracted from HTML).
    """
    lines = list(_lines(content))
    wrapped = not lines_are_paragraphs and _is_wrapped(lines, language)
    width = max((len(line.text) for line in lines), default=0)
    paragraphs = _paragraphs(lines, wrapped=wrapped, width=width, language=language)
    return _assemble(_rejoin(paragraphs))


def _lines(content: str) -> Iterator[_Line]:
    start = 0
    for match in _BREAK.finditer(content):
        yield _line(content, start, match.start())
        start = match.end()
    yield _line(content, start, len(content))


def _line(content: str, start: int, end: int) -> _Line:
    if not _UNEVEN.search(content, start, end):
        # most lines need nothing but their ends trimmed
        while start < end and content[start] == " ":
            start += 1
        while end > start and content[end - 1] == " ":
            end -= 1
        return _Line(content[start:end], [(0, start, end - start)] if end > start else [])
    pieces: list[str] = []
    runs: list[Run] = []
    length = 0
    gap = False
    for match in _PIECE.finditer(content, start, end):
        word = match["word"]
        sign = _INVISIBLE.sub("", unescape(match["escaped"] or ""))
        if word is None and not sign.strip():
            gap = gap or (bool(match["space"] or sign) and length > 0)
            continue
        if gap:
            pieces.append(" ")
            length += 1
        if word is None:
            # what is spelled otherwise is not copied: it has no run
            pieces.append(sign)
            length += len(sign)
            gap = False
            continue
        last = runs[-1] if runs else None
        # One run per stretch: a single separating character in both is part of the copy.
        if (
            last is not None
            and match.start() - (last[1] + last[2]) == (1 if gap else 0)
            and length - (last[0] + last[2]) == (1 if gap else 0)
        ):
            runs[-1] = (last[0], last[1], length + len(word) - last[0])
        else:
            runs.append((length, match.start(), len(word)))
        gap = False
        pieces.append(word)
        length += len(word)
    return _Line("".join(pieces), runs)


def _is_wrapped(lines: list[_Line], language: Language) -> bool:
    """Whether line ends are typography: no line is long, and most line ends inside a block stand in
    mid-sentence."""
    if any(len(line.text) > _WRAP_LIMIT and not is_furniture(line.text, language) for line in lines):
        return False
    inside = torn = 0
    for line, following in pairwise(lines):
        if not line.text or not following.text:
            continue
        if not is_furniture(line.text, language) and not is_furniture(following.text, language):
            inside += 1
            torn += not _ENDS_SENTENCE.search(line.text) and (
                following.text[0].islower() or line.text[-1] == ","
            )
    return inside > 0 and torn >= _MID_SENTENCE * inside


def _paragraphs(lines: Iterable[_Line], *, wrapped: bool, width: int, language: Language) -> list[_Paragraph]:
    paragraphs: list[_Paragraph] = []
    furniture = False  # seen since the last paragraph
    fresh = True  # the next line opens a paragraph
    skipping = False  # inside a pointer that runs over several lines
    for line in lines:
        if not line.text:
            fresh, skipping = True, False
        elif skipping:
            continue
        elif is_furniture(line.text, language):
            furniture, skipping = True, wrapped and fresh and is_pointer(line.text, language)
            fresh = True
        elif fresh or not _continues(paragraphs[-1].last, line.text, wrapped=wrapped, width=width):
            paragraphs.append(_Paragraph([line], after_furniture=furniture))
            furniture = fresh = False
        else:
            paragraphs[-1].extend([line])
    return paragraphs


def _continues(previous: str, line: str, *, wrapped: bool, width: int) -> bool:
    """Whether a line goes on with the paragraph of the line right above it."""
    if not _ENDS_SENTENCE.search(previous) and line[0].islower():
        return True
    return wrapped and len(previous) + 1 + len(line.split(" ", 1)[0]) >= _FULL_LINE * min(width, _WRAP_LIMIT)


def _rejoin(paragraphs: list[_Paragraph]) -> list[_Paragraph]:
    """Join paragraphs whose border runs through a sentence: torn by furniture, or by a page break."""
    joined: list[_Paragraph] = []
    for paragraph in paragraphs:
        before = joined[-1] if joined else None
        if (
            before is not None
            and paragraph.lines[0].text[0].islower()
            and (before.last[-1].isalnum() or before.last[-1] in ",;-–—’")
            and (paragraph.after_furniture or before.length >= _STANDS_ALONE)
        ):
            before.extend(paragraph.lines)
        else:
            joined.append(paragraph)
    return joined


def _assemble(paragraphs: list[_Paragraph]) -> tuple[str, tuple[Run, ...]]:
    pieces: list[str] = []
    runs: list[Run] = []
    length = 0
    for number, paragraph in enumerate(paragraphs):
        if number:
            pieces.append(PARAGRAPH)
            length += len(PARAGRAPH)
        for index, line in enumerate(paragraph.lines):
            if index and not _hyphenated(paragraph.lines[index - 1].text, line.text):
                pieces.append(" ")
                length += 1
            runs.extend((length + start, source, size) for start, source, size in line.runs)
            pieces.append(line.text)
            length += len(line.text)
    return "".join(pieces), tuple(runs)


def _hyphenated(before: str, after: str) -> bool:
    """A compound wrapped at its hyphen (``face-`` / ``to-face``): the hyphen is kept, no space is put in."""
    return len(before) > 1 and before[-1] == "-" and before[-2].isalpha() and after[0].islower()
