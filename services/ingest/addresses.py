"""Which of a page's addresses is its article's, and which addresses are one article's in another dress (AMP,
mobile, print).

A page may say that it stands at its site's home, at its section, or at another article: a template's mistake,
by which articles would replace each other. Such an address is passed over.
"""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

_HOSTS = ("m.", "mobile.", "amp.")
_SUFFIX = re.compile(r"(?<=[^/])(?:/(?:amp|print)(?:\.html?)?|\.amp(?:\.html?)?)/*$", re.IGNORECASE)
_PREFIX = re.compile(r"^/amp(?=/[^/])", re.IGNORECASE)
_HOME = re.compile(
    r"(?:/[a-z]{2}(?:[-_][a-z]{2})?)?(?:/(?:index|home|default)(?:\.[a-z]{3,5})?)?/*", re.IGNORECASE
)
_PARAMETERS = frozenset(("amp", "print", "printable", "output", "outputtype"))
_VALUES = frozenset(("", "1", "true", "yes", "amp", "print", "y"))


def plain_host(host: str) -> str:
    """A host without what says that it serves telephones."""
    while True:
        prefix = next(
            (prefix for prefix in ("www.", *_HOSTS) if host.startswith(prefix) and host.count(".") > 1), None
        )
        if prefix is None:
            return host
        host = host.removeprefix(prefix)


def plain_path(path: str) -> str:
    """A path without what says that it is an article's page for telephones or printers."""
    while True:
        plain = _PREFIX.sub("", _SUFFIX.sub("", path)).rstrip("/")
        if plain == path:
            return plain
        path = plain


def is_dress(name: str, value: str) -> bool:
    """Whether a parameter asks for the same article for telephones or printers."""
    return name.lower() in _PARAMETERS and value.lower() in _VALUES


def is_home(address: str) -> bool:
    """Whether it is a site's own address, or that of one of its languages, where no article stands."""
    parts = urlsplit(address)
    return not parts.query and _HOME.fullmatch(parts.path) is not None


def is_section_of(key: str, others: list[str]) -> bool:
    """Whether an address is above one of the others; all as :func:`services.ingest.identity.url_key` writes
    them."""
    return "?" not in key and any(other.startswith(f"{key}/") for other in others)


def slug_words(address: str) -> frozenset[str]:
    """The words that the last part of an address is made of."""
    last = unquote(urlsplit(address).path).rstrip("/").rpartition("/")[2]
    return words_of(last.partition(".")[0])


def words_of(text: str) -> frozenset[str]:
    """Words of three letters and more, folded."""
    return frozenset(re.findall(r"[^\W\d_]{3,}", text.casefold()))


def same_site(one: str | None, other: str | None) -> bool:
    """Whether two hosts are one, or one is a subdomain of the other."""
    return bool(one and other) and (
        one == other or f".{other}".endswith(f".{one}") or f".{one}".endswith(f".{other}")
    )
