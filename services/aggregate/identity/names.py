"""Names as they are compared: cut up, written in Latin letters, spelled one way."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from anyascii import anyascii

from schemas.events import ActorKind
from services.aggregate.identity.local import is_local
from services.aggregate.identity.words import lists

_ROMANISED = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"^(?:ye|je|ie)", "e"),  # Yevgeny, Jewgeni, Evgeny
        (r"^hr", "gr"),  # Hrytsak, Grytsak
        (r"shch", "sh"),  # Shchukin, Schukin
        (r"ks|x", "ks"),
        (r"tsch|tch|tsh", "ch"),
        (r"sch|sz", "sh"),
        (r"kh", "h"),
        (r"[kg]h|^q", "g"),  # Ghadafi, Qaddafi
        (r"q", "k"),  # Tariq, Tarik
        (r"(?<=[a-z])[aeiu]ddine?$", "eddin"),  # Noureddine, Nuruddin
        (r"^k(?=ad)", "g"),  # Kadhafi
        (r"dh", "d"),
        (r"dj|zh", "j"),
        (r"ou|oo", "u"),
        (r"ee", "i"),
        (r"(?<=[a-z])(?:iy|yy|yi|ij|ii|yj|ej|ey|ei|y|i)$", "i"),  # Zelensky, Zelenskyy, Zelenskij
        (r"y|j(?=[aeiou])", "i"),  # Yanukovych, Janukovych
        (r"w", "v"),
        (r"tz", "ts"),
        (r"ue", "u"), (r"oe", "o"), (r"ae", "a"),  # Müller, Mueller
    )
)  # fmt: skip
"""Ways in which one name of another script, or with marks, is written in English."""
_UKRAINIAN = re.compile("[іїєґ]")
_GREEK_V = re.compile("(?<=[αε])υ")
_NATIVE = ((re.compile(r"ph"), "f"), (re.compile(r"ck|c(?!h)"), "k"), (re.compile(r"(?<=[a-z])h(?![aeiou])"), ""), (re.compile(r"e$"), ""),
           (re.compile(r"^mak?(?=[a-z]{4})"), "mk"))  # fmt: skip
"""Ways in which different names are written alike: Stephen and Stefan, Carl and Karl, Sarah and Sara, McLean
and MacLean."""
_FORCE = ("department", "force", "service")
"""What may follow *police* in the name of one."""
_DIN = re.compile(r"(?<=[a-z])-(?:al|el|ad|ed|ud)-din(?=-|$)")  # Nur al-Din, Noureddine
_PAIR = 2  # words that a name has at least
_DOUBLED = re.compile(r"(.)\1+")
OFFICE = "office"
"""Kind of a name that is an office somebody held: nobody else has it."""
_LONG = 6  # letters: a doubled one more or less is a slip of spelling, in shorter names it makes another name


@dataclass(frozen=True, slots=True)
class Name:
    """A name cut up. ``words`` are romanised and in order, without suffix and particles; ``coarse`` the same,
    spelled so that names that are merely alike fall together; ``plain`` as they were, in Latin letters."""

    identity: str
    kind: str
    plain: tuple[str, ...]
    words: tuple[str, ...]
    coarse: tuple[str, ...]
    suffix: str = ""

    @property
    def rank(self) -> tuple[int, str]:
        """Orders names from the least telling to the most."""
        return len(self.words), self.identity


@lru_cache(maxsize=65536)
def read(identity: str) -> Name | None:
    """The name in an identity's id; None for those that nothing is linked by: local ones, groups, documents,
    names of one word, and ids that tell people of one name apart."""
    kind, _, key = identity.partition(":")
    if is_local(identity) or not key or "@" in key:
        return None
    if kind == OFFICE:
        return Name(identity, kind, (key,), (key,), (key,))
    if not key.isascii():
        key = _sounded(key)
    words = tuple(_latin(word) for word in key.split("-"))
    if kind == ActorKind.PERSON:
        return _person(identity, words)
    return _organisation(identity, words) if kind == ActorKind.ORGANIZATION else None


@lru_cache(maxsize=65536)
def keys(name: Name) -> tuple[str, ...]:
    """What names that may be the same share: their first and last words, and their first two, in either
    order."""
    if name.kind == OFFICE:
        return ()
    if name.kind == ActorKind.ORGANIZATION:
        return _key("o", sorted(name.coarse)), *([_key("a", (_acronym(name),))] if _acronym(name) else [])
    given = _called(name.plain[0], name.coarse[0])
    pairs = {_key("p", sorted((given, other))) for other in (name.coarse[1], name.coarse[-1])}
    if len(name.plain) > 2:
        first, *rest = name.plain
        *ahead, last = name.plain
        pairs |= {
            _key("p", sorted((_spelled(one), _spelled(two))))
            for one, two in ((first, "".join(rest)), ("".join(ahead), last))
        }
    return tuple(sorted(pairs))


def in_full(word: str) -> str:
    """The given name that a short form stands for: ``bill`` → ``william``."""
    return lists().nicknames.get(word, word)


def acronym_of(name: Name) -> str:
    """The letters a name of several words is shortened to; empty for one that is short already."""
    return "".join(word[0] for word in name.plain) if len(name.plain) > 2 else ""


def glued(name: Name) -> frozenset[str]:
    """A name's words as one, in either order of family and given name: what *Siu-ming Lau* and *Lau Siuming*
    share."""
    found = (name.plain, (*name.plain[1:], name.plain[0]), (name.plain[-1], *name.plain[:-1]))
    return frozenset(romanised("".join(words)) for words in found)


def _key(kind: str, parts: Iterable[str]) -> str:
    return f"{kind}:{' '.join(parts)}"


def _acronym(name: Name) -> str:
    return name.plain[0] if len(name.plain) == 1 else acronym_of(name)


def _spelled(word: str) -> str:
    return _coarse(romanised(word))


def _called(plain: str, coarse: str) -> str:
    full = in_full(plain)
    return coarse if full == plain else _spelled(lists().alike.get(full, full))


def _person(identity: str, words: tuple[str, ...]) -> Name | None:
    # the ending first: *King Abdullah II* has no more than two words
    body, suffix = _ended(words)
    known = lists()
    words = tuple(_DIN.sub("eddin", "-".join(_untitled(body))).split("-"))
    told = [_saint(word, last=number == len(words) - 1) for number, word in enumerate(words)]
    plain = tuple(_joined([word for word in told if word not in known.arabic_particles or word == told[0]]))
    if len(plain) < 2:
        return None
    spelled = tuple(romanised(word) for word in plain)
    coarse = tuple(_spelled(known.alike.get(word, word)) for word in plain)
    return Name(identity, ActorKind.PERSON.value, plain, spelled, coarse, suffix)


def _untitled(words: tuple[str, ...]) -> tuple[str, ...]:
    """Without the titles before a name, as long as two words are left; *Mrs John Smith* is not John Smith."""
    known = lists()
    while len(words) > _PAIR and words[0] in known.titles and words[0] != "mrs":
        words = words[1:]
    return words


def _ended(words: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    """A name without what stands behind it, and the part of that which tells a son from his father."""
    known = lists()
    suffix = ""
    while len(words) > _PAIR and words[-1] in known.credentials:
        words = words[:-1]
    if len(words) > _PAIR:
        words = (*words[:-1], known.suffixes_in_full.get(words[-1], words[-1]))
    while len(words) > 1 and words[-1] in known.suffixes:
        suffix = f"{words[-1]}-{suffix}".strip("-")
        words = words[:-1]
    return words, suffix


def _saint(word: str, *, last: bool) -> str:
    return "saint" if word == "st" and not last else word


def _organisation(identity: str, words: tuple[str, ...]) -> Name | None:
    known = lists()
    kept = [word for word in words if word not in known.small]
    while len(kept) > 1 and kept[-1] in known.legal_forms:
        kept.pop()
    if len(kept) > _PAIR and kept[-2] == "police" and kept[-1] in _FORCE:
        kept.pop()
    plain = tuple(_joined([known.spellings.get(word, word) for word in kept]))
    return Name(identity, ActorKind.ORGANIZATION.value, plain, plain, plain) if plain else None


def _joined(words: list[str]) -> list[str]:
    """Initials written together, and beginnings of surnames joined to the rest: ``j k rowling`` → ``jk
    rowling``."""
    known = lists()
    found: list[str] = []
    for number, word in enumerate(words):
        initials = (
            bool(found) and len(word) == 1 and words[number - 1].isalpha() and len(words[number - 1]) == 1
        )
        after_name = number > 1 and len(words[number - 2]) > 1
        prefixed = after_name and words[number - 1] in known.joined_particles
        if initials or prefixed:
            found[-1] += word
        else:
            found.append(word)
    return found


def _sounded(key: str) -> str:
    """Letters that a language of their script reads in its own way: Ukrainian г, Greek υ behind a vowel,
    South Slavic đ."""
    if _UKRAINIAN.search(key):
        key = key.replace("г", "h")
    if key.endswith("ic"):
        key = key.replace("đ", "dj")
    return _GREEK_V.sub("v", key)


def _latin(word: str) -> str:
    latin = word if word.isascii() else anyascii(unicodedata.normalize("NFKC", word)).lower()
    return "".join(character for character in latin if character.isalnum()) or word


@lru_cache(maxsize=65536)
def romanised(word: str) -> str:
    """A word spelled one way of the many in which other scripts are put into Latin letters."""
    word = lists().variants.get(word, word)
    for pattern, replacement in _ROMANISED:
        word = pattern.sub(replacement, word)
    return _DOUBLED.sub(r"\1", word) if len(word) >= _LONG else word


def _coarse(word: str) -> str:
    for pattern, replacement in _NATIVE:
        word = pattern.sub(replacement, word)
    return _DOUBLED.sub(r"\1", word)
