"""What a language says with words: a folder of lists per language, ``lang/<code>/<class>.txt``, each read
once when first asked for.

A list holds entries parted by commas or line ends; a line that begins with ``#`` says what it is for, and
what stands before a colon what its entries are forms of. Passes hold no words of their own: they ask the
language of the text for a class. A language that has no such list, or no folder at all, has no such words,
and what is built on them finds nothing in its texts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import cache, cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable

NOTHING = r"(?!)"
"""A pattern that matches nowhere."""


class Language:
    """The words of one language by class. Get one from :func:`language`: there is one per code, so it may be
    the key of a cache."""

    def __init__(self, code: str, folder: Traversable) -> None:
        self.code = code
        self._folder = folder
        self._lists: dict[str, tuple[str, ...]] = {}
        self._headings: dict[str, dict[str, str]] = {}
        self._words: dict[tuple[str, ...], frozenset[str]] = {}

    def entries(self, *classes: str) -> tuple[str, ...]:
        """The entries of these classes in the order of their files."""
        return tuple(entry for name in classes for entry in self._read(name))

    def words(self, *classes: str) -> frozenset[str]:
        """The entries of these classes."""
        if classes not in self._words:
            self._words[classes] = frozenset(self.entries(*classes))
        return self._words[classes]

    def any_of(self, *classes: str) -> str:
        """A pattern for any entry of these classes, longest first; white space in an entry stands for any."""
        return alternatives(self.entries(*classes))

    def opening(self, *classes: str) -> str:
        """As :meth:`any_of`, for entries that may stand at a sentence's head too: a small first letter may be
        a capital."""
        return alternatives(self.entries(*classes), capitals=True)

    def patterns(self, name: str) -> str:
        """A pattern for any of a list whose lines are patterns themselves."""
        lines = self._lines(name)
        return f"(?:{'|'.join(lines)})" if lines else NOTHING

    def heading(self, name: str, entry: str) -> str:
        """What an entry is a form of: what stands before the colon of its line, empty where there is none."""
        if name not in self._headings:
            self._headings[name] = {form: head for head, forms in self._parsed(name) for form in forms}
        return self._headings[name].get(entry, "")

    @cached_property
    def grammar(self) -> dict[str, str]:
        """How its words are written, from ``grammar.json``: see the one of English for what there is to
        say."""
        path = self._folder.joinpath("grammar.json")
        return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}

    def _read(self, name: str) -> tuple[str, ...]:
        if name not in self._lists:
            self._lists[name] = tuple(form for _, forms in self._parsed(name) for form in forms)
        return self._lists[name]

    def _parsed(self, name: str) -> list[tuple[str, list[str]]]:
        """Each line's heading and entries."""
        parted = (line.rpartition(":") for line in self._lines(name))
        return [
            (head.strip(), [part.strip() for part in entries.split(",") if part.strip()])
            for head, _, entries in parted
        ]

    def _lines(self, name: str) -> list[str]:
        path = self._folder.joinpath(f"{name}.txt")
        if not path.is_file():
            return []
        return [
            line
            for line in path.read_text(encoding="utf-8").splitlines()
            if line.strip() and not line.startswith("#")
        ]


def alternatives(entries: Iterable[str], *, capitals: bool = False) -> str:
    """A pattern for any of the entries, longest first; one that matches nowhere when there are none. With
    ``capitals`` a small first letter may be a capital."""
    ordered = sorted(set(entries), key=lambda entry: (-len(entry), entry))
    return f"(?:{'|'.join(_pattern(entry, capitals) for entry in ordered)})" if ordered else NOTHING


def _pattern(entry: str, capitals: bool) -> str:
    words = r"\s+".join(map(re.escape, entry.split()))
    first = entry[0]
    return f"[{first.upper()}{first}]{words[1:]}" if capitals and first.islower() else words


@cache
def language(code: str) -> Language:
    """The language of a primary subtag (``en`` of ``en-GB``); one without any words where there is no folder
    of that name."""
    return Language(code, files(__package__).joinpath(code))


ENGLISH = language("en")
