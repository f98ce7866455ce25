"""Personal names: titles taken off, gender evidence, spellings folded."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Literal, NamedTuple, cast

from schemas.ids import name_key
from services.extract.remembered import remembered
from services.extract.wordlist import words

Gender = Literal["m", "f"]

WORD = re.compile(r"[^\W_]++(?:[-&.'’][^\W_]++)*+")
_POSSESSIVE = re.compile(r"['’]s$|(?<=s)['’]$", re.IGNORECASE)
_INITIAL = re.compile(r"(?:^|\.)[A-Z]$")
_ROLE_ENDING = re.compile(
    r"(?:[eo]r|ist|man|woman|person|ian|ent|ant|ee|eon|mate|wife|husband|son|daughter)$"
)
_NO_ROLES = words("""
    after under over however never ever whether either neither other another rather later earlier former number order matter power
    water paper letter week september october november december october summer winter centre center even then recent different
    government president-elect department event moment statement percent cent agreement major senior junior prior reason season
    person human german american russian ukrainian italian iranian syrian for or nor her their your our mr per offer remember
    consider enter answer further together forever newspaper her want grant three agree see free latter
    """)
_MIDDLE = re.compile(r"(?:[A-Z]\.?){1,2}")
_NAMESAKES = words(
    "george-bush john-kennedy robert-kennedy joseph-kennedy michael-jordan john-adams james-smith john-smith"
    " david-smith"
)
_FINAL_I = re.compile(r"(?:iy|yy|ij|yi|ii|y|i)\b")
_DOUBLED = re.compile(r"(.)\1+")
_THE = re.compile(r"^[Tt]he\s+")
_SUFFIXES = frozenset(("jr", "sr", "ii", "iii", "iv"))
PARTICLES = words("""
    van von der den de la le du da dos das di del della al el bin ibn ben bint binti binte ter ten af zu
    """)


@dataclass(frozen=True, slots=True)
class _Lexicon:
    titles: frozenset[str]
    given: dict[str, Gender]
    words: dict[str, Gender]


@cache
def _lexicon() -> _Lexicon:
    data = json.loads(files(__package__).joinpath("names.json").read_text(encoding="utf-8"))
    return _Lexicon(
        titles=frozenset(data["titles"]),
        given=dict.fromkeys(data["male"], "m") | dict.fromkeys(data["female"], "f"),
        words=dict.fromkeys(data["male_words"], "m") | dict.fromkeys(data["female_words"], "f"),
    )


@dataclass(frozen=True, slots=True)
class _Given:
    genders: dict[str, Gender]
    alone: frozenset[str]


@cache
def _given() -> _Given:
    """Given names of many languages with the gender they are borne by, without diacritics.

    From the US Census Bureau's name frequencies (public domain) and Faker's lists for 60 countries (MIT): a
    name is in when one gender bears it at least twelve times as often as the other, in all lists that have
    it, and when it is no common English word. ``alone`` are those that are at least ten times as frequent as
    given names than as surnames.
    """
    data = json.loads(files(__package__).joinpath("given.json").read_text(encoding="utf-8"))
    genders: dict[str, Gender] = {}
    for gender, key in (("m", "male"), ("f", "female")):
        genders.update(dict.fromkeys(" ".join(data[key]).split(), cast(Gender, gender)))
    return _Given(genders, frozenset(" ".join(data["alone"]).split()))


@remembered(8192)
def bare(word: str) -> str:
    """A word without its possessive ending and final full stop, lower case."""
    return _POSSESSIVE.sub("", word).rstrip(".").lower()


def unpossessed(text: str) -> str:
    """``Lavrov’s`` → ``Lavrov``."""
    return _POSSESSIVE.sub("", text)


def without_the(name: str) -> str:
    """``the White House`` → ``White House``."""
    return _THE.sub("", name)


def is_title(word: str) -> bool:
    """Whether a word is an honorific, a rank or an office: ``Sen.``, ``President``, ``spokeswoman``."""
    return bare(word) in _lexicon().titles


@remembered(8192)
def is_role(word: str) -> bool:
    """Whether a word names an office or an occupation, by the list or by its ending: ``pollster``,
    ``strategist``."""
    return is_title(word) or (bool(_ROLE_ENDING.search(bare(word))) and bare(word) not in _NO_ROLES)


def is_given(word: str) -> bool:
    """Whether a word is a known given name."""
    return bare(word) in _lexicon().given


def gender_of_given(word: str) -> Gender | None:
    """What a given name says about gender; None when nothing or both."""
    known = _lexicon().given.get(bare(word))
    return known or _given().genders.get(_plain(bare(word)))


def gender_of_single(word: str) -> Gender | None:
    """What a name of one word says about gender: nothing when it may be a surname."""
    return gender_of_given(word) if _plain(bare(word)) in _given().alone else None


def _plain(word: str) -> str:
    """Without diacritics."""
    return (
        word
        if word.isascii()
        else "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))
    )


def gender_of_word(word: str) -> Gender | None:
    """What a title or a noun says about gender: ``Mr.``, ``congresswoman``, ``mother``."""
    return _lexicon().words.get(bare(word))


def _written(parts: tuple[str, ...]) -> str:
    last = len(parts) - 1
    return " ".join(
        (
            f"{word}."
            if (number < last and _INITIAL.search(word)) or (number and bare(word) in ("jr", "sr"))
            else word
        )
        for number, word in enumerate(parts)
    )


class PersonName(NamedTuple):
    """A personal name cut up; made by :func:`person_name`.

    ``text`` is the name as it is written, with the full stops of initials: ``Donald J. Trump``, ``Donald
    Trump Jr.`` ``core`` are its words without Jr. and the like; ``suffix`` is that: ``jr``, for father and
    son share everything else. ``given`` is None when the name is one word. ``surname`` has its particles:
    ``de Blasio``, ``von der Leyen``.
    """

    text: str
    core: tuple[str, ...]
    given: str | None
    surname: str
    suffix: str


@lru_cache(maxsize=4096)
def person_name(words: tuple[str, ...]) -> PersonName:
    """The name that these words make."""
    core = words
    while len(core) > 1 and bare(core[-1]) in _SUFFIXES:
        core = core[:-1]
    first = len(core) - 1
    while first > 1 and (core[first - 1] == "of" or core[first - 1].lower() in PARTICLES):
        first -= 1
    suffix = "-".join(bare(word) for word in words[len(core) :])
    return PersonName(
        _written(words), core, core[0] if len(core) > 1 else None, " ".join(core[first:]), suffix
    )


def without_initials(name: str) -> str:
    """A name without middle initials, by which articles write one person: ``Donald J. Trump`` is ``Donald
    Trump``.

    Initials that tell namesakes apart stay: George W. Bush and George H. W. Bush.
    """
    parts = name.split()
    kept = [
        part
        for number, part in enumerate(parts)
        if not 0 < number < len(parts) - 1 or not _MIDDLE.fullmatch(part)
    ]
    return name if name_key(f"{kept[0]} {kept[-1]}") in _NAMESAKES else " ".join(kept)


@remembered(8192)
def fold(name: str) -> str:
    """A spelling key under which transliterations of one name fall together: Zelensky, Zelenskyy,
    Zelenskiy."""
    key = _FINAL_I.sub("i", name_key(name))
    key = key.replace("ey", "ei").replace("w", "v").replace("ph", "f").replace("kh", "h").replace("y", "i")
    return _DOUBLED.sub(r"\1", key)


def one_edit_apart(left: str, right: str) -> bool:
    """Whether two words differ by one inserted, lost, changed or swapped letter."""
    if abs(len(left) - len(right)) > 1 or left == right:
        return False
    head = 0
    while head < min(len(left), len(right)) and left[head] == right[head]:
        head += 1
    a, b = left[head:], right[head:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (a[:2] == b[1::-1] and a[2:] == b[2:])
