"""Deterministic identifiers.

Every id is a prefix and 128 bits of a SHA-256 over length-delimited parts, so a replay of the same article
with the same extractor produces the same ids and changes nothing downstream.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable

from schemas.scripts import folded_marks, words

MAX_ID_BYTES = 512
"""Ids are index keys; PostgreSQL takes keys of up to 2 704 bytes, and two ids and a value share one."""

_POSSESSIVE = re.compile(r"['’]s\b")


def digest(prefix: str, *parts: str | int) -> str:
    """``prefix-`` and 32 hex digits over the parts; ("ab", "c") and ("a", "bc") differ."""
    hasher = hashlib.sha256()
    for part in parts:
        data = str(part).encode("utf-8", "surrogatepass")
        hasher.update(len(data).to_bytes(8, "big"))
        hasher.update(data)
    return f"{prefix}-{hasher.hexdigest()[:32]}"


def text_sha256(text: str) -> str:
    """Hex SHA-256 of the text's UTF-8."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def span_key(spans: Iterable[tuple[int, int]]) -> str:
    """A canonical rendering of spans for hashing, for example ``3:9,12:20``."""
    return ",".join(f"{start}:{end}" for start, end in spans)


def name_key(name: str) -> str:
    """A name folded for identity: no case, accents, possessive or punctuation; words joined by ``-``.

    ``"Volodymyr Zelensky’s"`` and ``"VOLODYMYR ZELENSKY"`` share a key. Letters outside Latin are kept, and
    so are the signs that are parts of them: a name in Devanagari, Thai or kana keeps its vowels and voicing
    (:mod:`schemas.scripts`).
    """
    folded = name.lower() if name.isascii() else folded_marks(unicodedata.normalize("NFKD", name).casefold())
    return "-".join(words(_POSSESSIVE.sub("", folded)))


def actor_id(kind: str, name: str) -> str:
    """The id of a named actor before the registry knows better: its kind and its folded name.

    A name that folds to nothing (only symbols), or to more than an id may be, is hashed instead.
    """
    key = name_key(name)
    readable = f"{kind}:{key}"
    return readable if key and len(readable.encode()) <= MAX_ID_BYTES else digest(kind, name)


def bearer_id(identity: str, description: str) -> str:
    """The id of one of several people who bear a name, known by a description:
    ``person:ann-smith@politics.us``."""
    return f"{identity}@{description}"


def borne_name(actor: str) -> str | None:
    """The name's id inside a :func:`bearer_id`; None of any other id."""
    name, mark, description = actor.partition("@")
    return name if mark and "." in description else None


def local_actor_id(article_id: str, kind: str, description: str) -> str:
    """The id of an actor known only inside one article; it can never merge with another article's.

    ``kind`` is ``unnamed`` for a described source and ``unresolved`` for one that could not be resolved.
    """
    return digest(kind, article_id, description)
