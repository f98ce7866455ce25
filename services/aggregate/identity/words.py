"""The words that identity is decided by, from ``words.json``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class Words:
    """Lists of lower-case words without marks."""

    titles: frozenset[str]
    """What stands before a personal name and is no part of it."""
    offices: frozenset[str]
    """What names of offices and institutions are made of that every country has."""
    people: frozenset[str]
    """What describes people instead of naming somebody."""
    quantifiers: frozenset[str]
    """What begins a description: “other Republicans”."""
    of: frozenset[str]
    arabic_particles: frozenset[str]
    joined_particles: frozenset[str]
    """Beginnings of surnames that an apostrophe or a space parts from the rest: O’Malley, D’Souza, Mc
    Donald."""
    suffixes: frozenset[str]
    suffixes_in_full: dict[str, str]
    credentials: frozenset[str]
    """What stands behind a personal name and is no part of it."""
    legal_forms: frozenset[str]
    small: frozenset[str]
    between: frozenset[str]
    """What stands between given and family names and is neither."""
    unique: frozenset[str]
    """Institutions of which a country has one each, so that the order of the words tells nothing."""
    spellings: dict[str, str]
    nicknames: dict[str, str]
    variants: dict[str, str]
    """Names that other scripts' are put into Latin letters by, too far apart for :mod:`.names`' rules."""
    alike: dict[str, str]
    """Given names that are another's in sound, and often somebody else's."""
    common_given: frozenset[str]
    common_surnames: frozenset[str]
    """With a common given name, the name of many."""


@cache
def lists() -> Words:
    """All of them, read once."""
    data: dict[str, Any] = json.loads(files(__package__).joinpath("words.json").read_text(encoding="utf-8"))
    read: dict[str, Any] = {
        name: frozenset(value.split()) if isinstance(value, str) else value for name, value in data.items()
    }
    return Words(**read)
