"""What two texts have in common, word by word.

Words are compared without case, accents, marks of quotation and what an editor put into brackets. Two
wordings are one but for how they were cut and edited when most of the shorter one stands in the longer in the
same order, few words inside what they share differ, and neither a number nor a negation is among these.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache, lru_cache
from hashlib import blake2b
from importlib.resources import files

from schemas.scripts import folded_marks

SHINGLE = 4
"""Words in a row that two wordings must share somewhere to be compared at all."""
RUN = 2
"""Least words in a row that count as shared: single ones stand in any two texts."""
EDGE = 3
"""Words around what two wordings share that may turn it around: “it is not true that …”."""
PIECE = 5
"""Least words of a piece that is compared by itself."""
MOST_PIECES = 8
"""Of a wording of more pieces the whole alone is compared."""
MOST_WORK = 4_000_000
"""Product of the numbers of words up to which two wordings are compared: some tens of milliseconds."""
_BRACKETED = re.compile(r"\[[^\[\]]{0,40}\]")
_ASCII_WORD = re.compile(r"[a-z0-9]+(?:(?<=[a-z])'[a-z][a-z0-9]*|(?<=[0-9])[.,:][0-9][a-z0-9]*)*")
_SPACELESS = (
    ("\u0e00", "\u0eff"), ("\u1000", "\u109f"), ("\u1780", "\u17ff"), ("\u3040", "\u30ff"), ("\u3400", "\u9fff"), ("\uf900", "\ufaff"),
    ("\U00020000", "\U0003ffff"),
)  # fmt: skip
"""Thai and Lao, Myanmar, Khmer, kana, and Chinese characters: written without blanks, so that each letter
counts as a word."""


Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Lists:
    numbers: dict[str, str]
    negations: frozenset[str]


@cache
def _lists() -> _Lists:
    found = json.loads(data())
    return _Lists(
        {_plain(word): value for word, value in found["numbers"].items()},
        frozenset(_plain(word) for word in found["negations"]),
    )


def data() -> bytes:
    """The lists of words, as they are kept."""
    return files(__package__).joinpath("wording.json").read_bytes()


@lru_cache(maxsize=8192)
def words_in(text: str) -> Words:
    """The words of a text as they are compared: ``"Don’t “panic”, [he said] 1,000 cafés"`` gives ``don't
    panic 1000 cafes``."""
    return tuple(_words(_plain(_BRACKETED.sub(" ", text))))


def number_in(word: str) -> str | None:
    """The number that a word is, in digits where it is a small one; None for all other words."""
    if any(character.isdigit() for character in word):
        return word
    return _lists().numbers.get(word)


def turns(word: str) -> bool:
    """Whether a word turns what stands around it into its contrary."""
    return word in _lists().negations or word.endswith("n't")


def shingles(words: Sequence[str], salt: str) -> frozenset[int]:
    """Every :data:`SHINGLE` words in a row as a signed 64-bit number; none of a wording that is shorter.
    ``salt`` keeps apart what is never to be compared."""
    return frozenset(_hash(salt, words[start : start + SHINGLE]) for start in range(len(words) - SHINGLE + 1))


def identifier(words: Sequence[str], salt: str) -> int:
    """A wording as a signed 64-bit number."""
    return _hash(salt, ("=", *words))


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far two wordings of one statement may lie apart."""

    share: float
    """Least share of the shorter one's words that stand in the longer one in the same order."""
    edited: float
    """Most words that differ inside what they share, for each word of the shorter one."""


def alike(one: Sequence[Words], other: Sequence[Words], tolerance: Tolerance) -> bool:
    """Whether two wordings, each in its pieces, are one but for how they were cut and edited; or a piece of
    one and the other."""
    first, second = joined(one), joined(other)
    if _same(first, second, tolerance):
        return True
    return _holds(second, one, tolerance) or _holds(first, other, tolerance)


def joined(pieces: Sequence[Words]) -> Words:
    """All words of a wording."""
    return tuple(word for piece in pieces for word in piece)


def _holds(whole: Words, pieces: Sequence[Words], tolerance: Tolerance) -> bool:
    if not 1 < len(pieces) <= MOST_PIECES:
        return False
    return any(len(piece) >= PIECE and _same(piece, whole, tolerance) for piece in pieces)


def _same(one: Words, other: Words, tolerance: Tolerance) -> bool:
    if one == other:
        return True
    short, long = sorted((one, other), key=len)
    if not short or len(short) * len(long) > MOST_WORK:
        return False
    blocks = SequenceMatcher(None, long, short, autojunk=False).get_matching_blocks()
    shared = [block for block in blocks if block.size >= RUN]
    if sum(block.size for block in shared) < tolerance.share * len(short):
        return False
    first, last = shared[0], shared[-1]
    # where both go on before or behind what they share, they go on differently
    before = min(first.a, first.b)
    behind = min(len(long) - last.a - last.size, len(short) - last.b - last.size)
    differing, around = [], []
    for words, places in (
        (long, [(block.a, block.size) for block in shared]),
        (short, [(block.b, block.size) for block in shared]),
    ):
        begin, end = places[0][0] - before, places[-1][0] + places[-1][1] + behind
        differing.append(_left_out(words, begin, end, places))
        around += [*words[max(0, begin - EDGE) : begin], *words[end : end + EDGE]]
    if max(len(words) for words in differing) > tolerance.edited * len(short):
        return False
    if _numbers(differing[0]) != _numbers(differing[1]) or _turned(differing[0]) != _turned(differing[1]):
        return False
    return not any(turns(word) for word in around)


def _left_out(words: Sequence[str], begin: int, end: int, shared: Iterable[tuple[int, int]]) -> list[str]:
    """The words between ``begin`` and ``end`` that are not shared."""
    covered = {place for start, size in shared for place in range(start, start + size)}
    return [words[place] for place in range(begin, end) if place not in covered]


def _numbers(words: Iterable[str]) -> list[str]:
    return sorted(number for word in words if (number := number_in(word)) is not None)


def _turned(words: Iterable[str]) -> int:
    return sum(turns(word) for word in words)


def _hash(salt: str, words: Iterable[str]) -> int:
    data = "\0".join((salt, *words)).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(data, digest_size=8).digest(), signed=True)


def _plain(text: str) -> str:
    return (
        folded_marks(unicodedata.normalize("NFKD", text).casefold())
        .replace("’", "'")
        .replace("‘", "'")
        .replace("ʼ", "'")
    )


def _words(text: str) -> list[str]:
    found = _ASCII_WORD.findall(text) if text.isascii() else list(_letter_by_letter(text))
    return [word.replace(",", "").removesuffix("'s") for word in found]


def _letter_by_letter(text: str) -> Iterator[str]:
    found = ""
    for place, character in enumerate(text):
        if any(first <= character <= last for first, last in _SPACELESS):
            yield from (found, character) if found else (character,)
            found = ""
        elif _belongs(character, found[-1:], text[place + 1 : place + 2]):
            found += character
        elif found:
            yield found
            found = ""
    if found:
        yield found


def _belongs(character: str, before: str, after: str) -> bool:
    """Letters, digits and their marks; an apostrophe inside a word; a point, comma or colon inside a
    number."""
    if character == "'":
        return before.isalpha() and after.isalpha()
    if character in ".,:":
        return before.isdigit() and after.isdigit()
    return character.isalnum() or unicodedata.category(character) in ("Mn", "Mc")
