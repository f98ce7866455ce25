"""The words of a text, as the search index holds them and as a search looks for them: one definition for both
sides and both databases.

A word is a run of letters and digits, folded: no case, no accents. What is written without blanks between
words (Chinese, Japanese, Thai and their like; Korean, whose particles hang on the word) is taken character by
character, and found as a sequence of them. ``U.S.`` is one word, ``Lee's`` is ``lee``, ``check-worthy`` are
two.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Final

import snowballstemmer

from schemas.scripts import folded_marks

LONGEST: Final = 64
"""Characters of a word that count; what is longer is an address or noise, and an index key has its limits."""
GAP: Final = "…"
"""Stands between pieces that are apart in the article, so that no phrase reaches across. No word of a text is
ever this."""
NO_LANGUAGE: Final = "und"

ALGORITHMS: Final = {
    "ar": "arabic", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "el": "greek", "en": "english", "es": "spanish",
    "et": "estonian", "eu": "basque", "fa": "persian", "fi": "finnish", "fr": "french", "ga": "irish", "hi": "hindi", "hu": "hungarian",
    "hy": "armenian", "id": "indonesian", "it": "italian", "lt": "lithuanian", "nb": "norwegian", "ne": "nepali", "nl": "dutch",
    "nn": "norwegian", "no": "norwegian", "pl": "polish", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian",
    "sv": "swedish", "ta": "tamil", "tr": "turkish", "yi": "yiddish",
}  # fmt: skip
"""Snowball's stemmer of a language (https://snowballstem.org, BSD)."""

LAST_MARK: Final = 0x1FFFF
"""No script has marks beyond; only selectors of shapes are."""
_LETTERS: Final = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ŧ": "t", "æ": "ae", "œ": "oe", "ı": "i", "ð": "d", "þ": "th"}
    | dict.fromkeys("\u00ad\u0640")  # where a word may be broken, and what only draws an Arabic one out
)
"""Letters that people without them on their keyboard write so, and that Unicode does not take apart."""

_UNSPACED: Final = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3100-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\ua9e0-\ua9ff\uaa60-\uaa7f\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)


@dataclass(frozen=True, slots=True)
class Word:
    """A word and where it stands: code points ``start`` to ``end`` (exclusive) of the text."""

    text: str
    start: int
    end: int


def found(text: str) -> Iterator[Word]:
    """The words of a text, in order."""
    for match in _pattern().finditer(text):
        start, end = match.span(match.lastgroup or 0)
        for word in _split(match[0] if match.lastgroup is None else match[match.lastgroup]):
            yield Word(word, start, end)


def words(text: str) -> list[str]:
    """The words of a text, folded."""
    return [word.text for word in found(text)]


def indexed(pieces: Iterable[str]) -> str:
    """The words of a statement as the index takes them: separated by blanks, a :data:`GAP` between pieces."""
    return f" {GAP} ".join(" ".join(words(piece)) for piece in pieces)


def base(language: str) -> str:
    """The language of a BCP 47 tag, where there is a stemmer for it; else :data:`NO_LANGUAGE`."""
    code = language.partition("-")[0].lower()
    return code if code in ALGORITHMS else NO_LANGUAGE


@lru_cache(maxsize=200_000)
def stem(language: str, word: str) -> str:
    """What a folded word shares with its other forms; itself where nothing is known of the language."""
    algorithm = ALGORITHMS.get(language)
    if algorithm is None:
        return word
    with _lock:  # a stemmer has a state
        # the empty stem of a word that is nothing but endings is no stem
        return _stemmer(algorithm).stemWord(word) or word


def forms(language: str, folded: Iterable[str]) -> set[tuple[str, str, str]]:
    """``(language, stem, word)`` of the words that have forms or can be misspelt: not of single characters
    and numbers."""
    code = base(language)
    return {(code, stem(code, word), word) for word in set(folded) if len(word) > 1 and not word.isdecimal()}


_lock = threading.Lock()


@cache
def _stemmer(algorithm: str) -> Any:
    return snowballstemmer.stemmer(algorithm)


def _fold(text: str) -> str:
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return folded_marks(decomposed).translate(_LETTERS)


def _split(raw: str) -> list[str]:
    """The folded words of what looks like one: folding takes ligatures of several words apart."""
    if raw.isascii():
        return [raw.replace(".", "").lower()[:LONGEST]]
    folded = _fold(raw.replace(".", ""))
    return [part[0][:LONGEST] for part in _folded_pattern().finditer(folded)]


@cache
def _marks() -> str:
    """Marks that belong to the letter before them, and joiners, as a regular expression's ranges."""
    inside = [c for c in range(0x300, LAST_MARK) if unicodedata.category(chr(c)) in ("Mn", "Mc")]
    ranges: list[list[int]] = []
    for code in inside:
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return (
        "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges)
        + "\U000e0100-\U000e01ef\u200c\u200d\u00ad"
    )


@cache
def _pattern() -> re.Pattern[str]:
    marks = _marks()
    letter = rf"[^\W_{_UNSPACED}]"
    return re.compile(
        rf"(?<![^\W_])(?P<initials>(?:[^\W\d_]\.)+[^\W\d_])(?![^\W_])"  # U.S., a.m.
        rf"|(?P<word>{letter}+(?:[{marks}]+{letter}*)*)(?:['’]s(?![^\W_]))?"
        rf"|[{_UNSPACED}][{marks}]*"
    )


@cache
def _folded_pattern() -> re.Pattern[str]:
    marks = _marks().replace("\u200c\u200d\u00ad", "")
    letter = rf"[^\W_{_UNSPACED}]"
    return re.compile(rf"{letter}+(?:[{marks}]+{letter}*)*|[{_UNSPACED}][{marks}]*")
