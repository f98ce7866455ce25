"""Who is known beyond the articles: persons and institutions with their names, from ``entries/*.jsonl``.

One entry a line: ``id`` (the actor on record), ``names`` (the usual one first), where known ``wikidata``, ``famous`` for those whom even a
common name means, and ``alone``: surnames that mean one person by themselves. An id is never given to another entry. Where a name is
shared by two entries, or borne by many people, its entry's id has an ``@``, which no article's id has: a name alone does not lead to it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from zlib import crc32

from schemas.ids import actor_id, name_key
from services.aggregate.identity.linking import BAR, RULES, Link, Reason, compared, is_common
from services.aggregate.identity.names import Name, keys, read

FOLDER = Path(str(files(__package__))) / "entries"
_SAME = 0.99
"""That somebody with the very name of an entry is that one, if the name is nobody else's that we know of, and no common one."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Somebody, or something, that is known."""

    actor_id: str
    names: tuple[str, ...]
    wikidata: str | None = None
    alone: tuple[str, ...] = ()
    """Names of one word that mean this one in the news, wherever they stand: Trump, Putin."""
    famous: bool = False
    """So well known that even a common name means this one in the news."""

    @property
    def kind(self) -> str:
        """What it is: the first part of its id."""
        return self.actor_id.partition(":")[0]

    def forms(self) -> Iterator[Name]:
        """Its names, as they are compared."""
        for name in self.names:
            form = read(actor_id(self.kind, name))
            if form is not None:
                yield form


class Registry:
    """Entries, found by name."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        """Raises:
        ValueError: two entries have one id.
        """
        self.entries: dict[str, Entry] = {}
        self._forms: dict[str, list[tuple[Entry, Name]]] = {}
        self.alone: dict[tuple[str, str], Entry] = {}
        for entry in entries:
            if entry.actor_id in self.entries:
                raise ValueError(f"{entry.actor_id}: two entries of the registry have this id; give one of them another")
            self.entries[entry.actor_id] = entry
            self.alone |= {(entry.kind, name_key(name)): entry for name in entry.alone}
            for form in entry.forms():
                for key in keys(form):
                    self._forms.setdefault(key, []).append((entry, form))

    def find(self, name: Name) -> list[Link]:
        """The entries that somebody of this name may be, the most probable first."""
        best: dict[str, Link] = {}
        for key in keys(name):
            for entry, form in self._forms.get(key, ()):
                probability = self._probability(name, entry, form)
                known = best.get(entry.actor_id)
                if probability and (known is None or probability > known.probability):
                    best[entry.actor_id] = Link(name.identity, entry.actor_id, Reason.REGISTRY, probability)
        return sorted(best.values(), key=lambda link: (-link.probability, link.other))

    @staticmethod
    def _probability(name: Name, entry: Entry, form: Name) -> float:
        if name.identity == form.identity:
            return 0.85 if is_common(name) and not entry.famous else _SAME
        link = compared(name, form)
        return link.probability if link else 0.0


def known(identity: str) -> Link | None:
    """The entry that a name leads to: the only one with that very name, or the only one that it may be at all, surely enough."""
    found = _found(identity)
    same = [link for link in found if link.probability == _SAME]
    meant = same or list(found)
    return meant[0] if len(meant) == 1 and meant[0].probability >= BAR else None


def possible(identity: str) -> tuple[Link, ...]:
    """The entries that a name may lead to, where it does not lead to one."""
    return () if known(identity) else _found(identity)


def known_alone(kind: str, name: str) -> str | None:
    """The actor that a surname alone means, as an id of all articles; None for nearly all."""
    entry = seed().alone.get((kind, name_key(name)))
    return actor_id(kind, entry.names[0]) if entry else None


def wikidata_of(actor: str) -> str | None:
    """The Wikidata item of an actor of the registry."""
    entry = seed().entries.get(actor)
    return entry.wikidata if entry else None


@lru_cache(maxsize=65536)
def _found(identity: str) -> tuple[Link, ...]:
    name = read(identity)
    return tuple(seed().find(name)) if name is not None else ()


@cache
def seed() -> Registry:
    """The registry that comes with the program."""
    return Registry(entry for path in sorted(FOLDER.glob("*.jsonl")) for entry in _read(path))


@cache
def rules() -> int:
    """Which rules and which registry identities are linked by; another number when either changes."""
    data = b"".join(path.read_bytes() for path in sorted(FOLDER.glob("*.jsonl")))
    return crc32(data, RULES)


def _read(path: Path) -> Iterator[Entry]:
    for line in path.read_text(encoding="utf-8").splitlines():
        data = json.loads(line)
        alone, famous = tuple(data.get("alone", ())), data.get("famous", False)
        yield Entry(data["id"], tuple(data["names"]), data.get("wikidata"), alone, famous)
