"""Who a page says wrote its article.

JSON-LD ``author`` before ``meta`` before by-line elements. The publisher is named as an author only where
JSON-LD does so and nobody else is named. A by-line of several names is taken apart; what follows a name (a
role, an institution, initials) is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from lxml import etree

from services.chassis import jsonld
from services.chassis.words import letters

_META = (
    "author", "article:author", "og:article:author", "og:author", "parsely-author", "sailthru.author", "dc.creator", "dcterms.creator",
    "cxenseparse:author", "article:byline", "byl", "citation_author", "creator",
)  # fmt: skip
_BY = re.compile(
    r"^(?:(?:(?:written|story|text|report)\s+)?by|von|par|por|di|af|av|door|autor(?:in)?|author|text)\b\s*:?\s+",
    re.IGNORECASE,
)
_BEHIND = re.compile(r"\s*[(\[|][^()\[\]]*[)\]]?\s*$")
_LISTED = re.compile(r"\s*[,;/|•·、]\s*")
_AND = re.compile(r"\s+(?:and|und|et|y|e|och|og|en|&|i|ve|и)\s+")
_PARTICLES = frozenset((
    "de", "da", "do", "dos", "das", "del", "della", "di", "du", "la", "le", "el", "al", "van", "von", "der", "den", "ter", "ten", "zu",
    "bin", "ibn", "bint", "abu", "af", "av", "y", "e", "san", "st",
))  # fmt: skip
_ROLES = re.compile(
    r"\b(?:editor|reporter|correspondent|columnist|writer|staff|journalist|producer|redakteur\w*|korrespondent\w*|redaktion|contributor"
    r"|bureau|analyst|chief|desk|photographer|redacteur|redactor|redattore)\b",
    re.IGNORECASE,
)
_HANDLE = re.compile(r"^@|^https?:|://|^\d+$|@\w+\.")
_WORDS = 6
_CHARS = 80
_BYLINES = """//*[@rel='author' or @itemprop='author' or @itemprop='author name'
    or contains(concat(' ', normalize-space(@class), ' '), ' author ') or contains(concat(' ', normalize-space(@class), ' '), ' byline ')
    or contains(@class, 'author-name') or contains(@class, 'author__name') or contains(@class, 'byline__name')
    or contains(@class, 'authorName') or contains(@class, 'AuthorName')]
    [not(ancestor::aside or ancestor::nav or ancestor::footer or ancestor::li or self::meta)]"""


def authors_of(
    tree: etree._Element,
    meta: dict[str, list[str]],
    article: jsonld.Thing,
    things: list[jsonld.Thing],
    sites: frozenset[str],
) -> tuple[str, ...]:
    """The names in a page's by-line, each once, in order; none when nobody is named. ``sites``: what its site
    is called, by letters."""
    described = _separate(jsonld.names_of(article.get("author") or article.get("creator"), things))
    readings: tuple[Callable[[], list[str]], ...] = (
        lambda: described,
        lambda: _separate(value for name in _META for value in meta.get(name, ())),
        lambda: _written(tree),
    )
    for reading in readings:
        people = _each_once(name for name in reading() if letters(name) not in sites)
        if people:
            return people
    return _each_once(described)


def _written(tree: etree._Element) -> list[str]:
    """Names in the page's by-line elements."""
    found = (" ".join(" ".join(node.itertext()).split()) for node in tree.xpath(_BYLINES)[:4])
    return [name for text in found if len(text) <= _CHARS for name in separate(text) if _is_name(name)]


def _separate(written: Iterable[str]) -> list[str]:
    return [name for text in written for name in separate(text)]


def separate(text: str) -> Iterator[str]:
    """The names in a by-line, one by one."""
    text = _BY.sub("", " ".join(text.split()), count=1)
    if not text or _HANDLE.search(text):
        return
    text = _BEHIND.sub("", text) or text
    parts: list[str] = []
    for part in filter(None, _LISTED.split(text)):
        joined = _AND.split(part)
        # "Ortega y Gasset" is one name
        parts += joined if all(map(_is_name, joined)) else [part]
    named = 0
    while named < len(parts) and _is_name(parts[named]) and not _ROLES.search(parts[named]):
        named += 1
    if named == 0 or len(parts) == 1:
        yield text
    else:
        yield from parts[:named]


def _is_name(text: str) -> bool:
    """Whether it is written as a full name is: two to six words, each with a capital or a particle; or a
    short one of a script without."""
    words = text.split()
    if not text[:1].isalpha() or any(c.isdigit() for c in text):
        return False
    if not any(c.isupper() or c.islower() for c in text):
        return len(text) <= _CHARS // 4
    return 2 <= len(words) <= _WORDS and all(
        word[:1].isupper() or word.casefold() in _PARTICLES for word in words
    )


def _each_once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple({letters(name): name for name in reversed(list(names)) if letters(name)}.values())[::-1]
