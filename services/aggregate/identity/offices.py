"""Who held an office on a day: *the Prime Minister of the UK*, *the US president*, *the Kremlin spokesman*,
*the Bank of England governor*.

An office says who is meant only together with its country or institution, both in the article's own words,
and on the article's day. A bare “the president” may be anybody's, and so may “a British minister”. Words for
offices and places are in ``offices.json``, organisations go by their names in the registry, terms are part of
its entries.

On the day of a handover an office leads to neither; where only the month or the year of it is known, in none
of its days.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from schemas.ids import name_key
from services.aggregate.identity.entry import Entry, Term
from services.aggregate.identity.names import OFFICE


@dataclass(frozen=True, slots=True)
class Words:
    """``offices.json``, its phrases as keys."""

    known_until: date
    """Until when a shipped term without an end is held to go on: who holds the office later is not known."""
    titles: Mapping[str, tuple[str, ...]]
    """What an office is called → its titles."""
    own: Mapping[str, Mapping[str, str]]
    """Per place, what an office is called there → its title: Britain's chancellor is its finance minister.
    Empty: not this one."""
    whole: Mapping[str, tuple[str, str]]
    """Phrases that hold the place already → title and place."""
    in_titles: frozenset[str]
    """All words of these two: a phrase without any of them, nor of a title, names no office."""
    places: Mapping[str, tuple[str, ...]]
    """What a place is called → the places: Georgia is two."""


class Offices:
    """The terms of all entries, found by what an article calls an office."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._words = words()
        self._titles: dict[str, tuple[str, ...]] = dict(self._words.titles)
        self._terms: dict[tuple[str, str], list[tuple[Term, str]]] = defaultdict(list)
        self._holders: dict[str, set[str]] = {}
        organisations: dict[str, Entry] = {}
        for entry in entries:
            if entry.kind == "organization":
                organisations[entry.id] = entry
            for term in entry.offices:
                self._terms[term.title, term.place].append((term, entry.id))
                self._holders.setdefault(identity_of(term), set()).add(entry.id)
        self._places: dict[str, set[str]] = defaultdict(set)
        held = {place for _, place in self._terms}
        # what users' own terms are called is in no list: by their own words
        for title, place in self._terms:
            self._titles.setdefault(_key(title), (title,))
            self._places[_key(place)].add(place)
        self._in_titles = self._words.in_titles.union(*(phrase.split(" ") for phrase in self._titles)) - {
            "of",
            "the",
        }
        for phrase, places in self._words.places.items():
            self._places[phrase] |= held.intersection(places)
        for place in held & organisations.keys():
            organisation = organisations[place]
            for name in organisation.names:
                if not organisation.shares(name):
                    self._places[_key(name)].add(place)

    def holds(self, identity: str) -> str | None:
        """The entry that an identity made by :meth:`term_of` is; None where two are meant by it."""
        holders = self._holders.get(identity, ())
        return next(iter(holders)) if len(holders) == 1 else None

    def term_of(self, phrase: str, day: date) -> Term | None:
        """The one term that an office, named with its place, means on a day; None where there is none, or
        more than one."""
        found = {
            (term, holder)
            for title, place in self._readings(_key(phrase).removeprefix("the "))
            for term, holder in self._terms.get((title, place), ())
            if self._covers(term, day.isoformat())
        }
        if len({holder for _, holder in found}) != 1:
            return None
        term, holder = next(iter(found))
        # two who came into one office on one day have one identity there
        return term if self.holds(identity_of(term)) == holder else None

    def _readings(self, phrase: str) -> Iterator[tuple[str, str]]:
        """Titles and places that a phrase may name: “German chancellor”, “chancellor of Germany”."""
        if phrase in self._words.whole:
            yield self._words.whole[phrase]
        parts = phrase.split(" ")
        if not self._in_titles.intersection(parts):
            return
        for cut in range(1, len(parts)):
            yield from self._meant(" ".join(parts[cut:]), " ".join(parts[:cut]))
            if parts[cut] == "of":
                yield from self._meant(" ".join(parts[:cut]), " ".join(parts[cut + 1 :]).removeprefix("the "))

    def _meant(self, title: str, place: str) -> Iterator[tuple[str, str]]:
        for code in self._places.get(place, ()):
            own = self._words.own.get(code, {}).get(title)
            for known in self._titles.get(title, ()) if own is None else (own,):
                yield known, code

    @staticmethod
    def _covers(term: Term, day: str) -> bool:
        """Whether a day is surely within a term; both as ISO dates, of which less precise ones are
        beginnings."""
        if term.last is None:
            return day[: len(term.first)] > term.first
        return day[: len(term.first)] > term.first and day[: len(term.last)] < term.last


def identity_of(term: Term) -> str:
    """The identity of whoever is named by an office that he or she held: the term's id, of all articles."""
    return f"{OFFICE}:{name_key(term.title)}.{name_key(term.place)}.{term.first}"


@cache
def words() -> Words:
    """Read once."""
    data: dict[str, Any] = json.loads(files(__package__).joinpath("offices.json").read_text(encoding="utf-8"))
    titles = _by_phrase(data["titles"])
    own = {
        place: {_key(phrase): title for phrase, title in called.items()}
        for place, called in data["own"].items()
    }
    return Words(
        known_until=date.fromisoformat(data["known_until"]),
        titles=titles,
        in_titles=frozenset(
            word for phrases in (titles, *own.values()) for phrase in phrases for word in phrase.split(" ")
        )
        - {"of", "the"},
        own=own,
        whole={_key(phrase): (title, place) for phrase, (title, place) in data["whole"].items()},
        places=_by_phrase(data["places"]),
    )


def _by_phrase(table: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = defaultdict(list)
    for meaning, phrases in table.items():
        for phrase in phrases.split("|"):
            found[_key(phrase)].append(meaning)
    return {phrase: tuple(meanings) for phrase, meanings in found.items()}


def _key(phrase: str) -> str:
    return name_key(phrase).replace("-", " ")
