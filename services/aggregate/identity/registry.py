"""Who is known beyond the articles: persons and institutions with their names and offices, from
``entries/*.jsonl`` and from users.

One entry a line (:class:`~services.aggregate.identity.entry.Entry`). An id is never given to another entry. A
name that two entries share, or that many people bear, leads to neither: they are its candidates.

One registry is in use per process, since a process keeps one record; the store puts its users' entries into
it (:func:`use`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from zlib import crc32

from schemas.events import Actor, ActorKind
from schemas.ids import actor_id, name_key
from services.aggregate.identity import offices
from services.aggregate.identity.entry import ENTRY, KINDS, Entry
from services.aggregate.identity.linking import BAR, RULES, Link, Reason, compared, is_common
from services.aggregate.identity.names import Name, keys, read

FOLDER = Path(str(files(__package__))) / "entries"
_SAME = 0.99
"""That somebody with the very name of an entry is that one, if the name is nobody else's that we know of, and
no common one."""
_OTHER_KIND = 0.97
"""The same, of a name that an article's extractor took for a person's though it is an institution's, or the
other way."""
_SHARED = 0.85
"""That a name which others bear too is this entry's: below the bar."""
_HELD = 0.96
"""That the holder of an office on an article's day is who the article means by it; articles also tell of
earlier days."""


class Registry:
    """Entries, found by name and by office."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        """Raises:
        ValueError: two entries have one id.
        """
        self.entries: dict[str, Entry] = {}
        self._forms: dict[str, list[tuple[Entry, Name, bool]]] = {}
        self.alone: dict[tuple[str, str], Entry] = {}
        for entry in entries:
            if entry.id in self.entries:
                raise ValueError(
                    f"{entry.id}: two entries of the registry have this id; give one of them another"
                )
            self.entries[entry.id] = entry
            self.alone |= {(entry.kind, name_key(name)): entry for name in entry.alone}
            shared = {actor_id(entry.kind, name) for name in entry.shared}
            for form in entry.forms():
                for key in keys(form):
                    self._forms.setdefault(key, []).append((entry, form, form.identity in shared))
        self.offices = offices.Offices(self.entries.values())

    def find(self, name: Name) -> list[Link]:
        """The entries that somebody of this name may be, the most probable first."""
        forms = [found for key in keys(name) for found in self._forms.get(key, ())]
        # where one entry says that others bear its name, it is nobody's for sure
        most = _SHARED if any(shared and form.identity == name.identity for _, form, shared in forms) else 1.0
        best: dict[str, Link] = {}
        for entry, form, shared in forms:
            probability = min(self._probability(name, entry, form), _SHARED if shared else most)
            known = best.get(entry.id)
            if probability and (known is None or probability > known.probability):
                best[entry.id] = Link(name.identity, entry.id, Reason.REGISTRY, probability)
        return sorted(best.values(), key=lambda link: (-link.probability, link.other))

    @staticmethod
    def _probability(name: Name, entry: Entry, form: Name) -> float:
        if name.identity == form.identity:
            return _SHARED if is_common(name) and not entry.famous else _SAME
        link = compared(name, form)
        return link.probability if link else 0.0


def known(identity: str) -> Link | None:
    """The entry that a name leads to: the only one with that very name, or the only one that it may be at
    all, surely enough; of an office's identity, its holder."""
    holder = in_use().offices.holds(identity)
    if holder is not None:
        return Link(identity, holder, Reason.OFFICE, _HELD)
    found = _found(identity)
    same = [link for link in found if link.probability == _SAME]
    meant = same or list(found)
    return meant[0] if len(meant) == 1 and meant[0].probability >= BAR else None


def possible(identity: str) -> tuple[Link, ...]:
    """The entries that a name may lead to, where it does not lead to one."""
    return () if known(identity) else _found(identity)


def known_alone(kind: str, name: str) -> str | None:
    """The actor that a surname alone means, as an id of all articles; None for nearly all."""
    entry = in_use().alone.get((kind, name_key(name)))
    return actor_id(kind, entry.names[0]) if entry else None


def term_identity(actor: Actor, day: date) -> str | None:
    """The identity of whoever an article of this day means by an office; None where it names none, names two,
    or nobody held it surely."""
    if actor.kind in (ActorKind.GROUP, ActorKind.DOCUMENT):
        return None
    found = in_use().offices
    term = found.term_of(actor.name, day)
    if term is None:
        return None
    if actor.mention is not None and actor.mention.exact != actor.name:
        # “the president” goes on about the French one, “the president of the Commission” does not
        said = found.term_of(actor.mention.exact, day)
        if said is not None and said != term:
            return None
    return offices.identity_of(term)


def holder_of(identity: str) -> Entry | None:
    """The entry that an identity of :func:`term_identity` is."""
    holder = in_use().offices.holds(identity)
    return in_use().entries[holder] if holder else None


def wikidata_of(actor: str) -> str | None:
    """The Wikidata item of an actor of the registry."""
    entry = in_use().entries.get(actor)
    return entry.wikidata if entry else None


def kind_of(actor: str) -> str | None:
    """Whether an actor of the registry is a person or an organisation; None for one that is not in it."""
    entry = in_use().entries.get(actor)
    return entry.kind if entry else None


@lru_cache(maxsize=65536)
def _found(identity: str) -> tuple[Link, ...]:
    name = read(identity)
    if name is None:
        return ()
    return tuple(in_use().find(name)) or tuple(_of_other_kind(identity))


def _of_other_kind(identity: str) -> Iterator[Link]:
    """Downing Street, taken for a person; a newspaper's founder, taken for the newspaper."""
    kind, _, key = identity.partition(":")
    for other in KINDS:
        name = read(f"{other}:{key}") if other != kind else None
        for link in in_use().find(name) if name else ():
            if link.probability == _SAME:
                yield replace(link, identity=identity, probability=_OTHER_KIND)


_imported: dict[str, Entry] = {}


def use(entries: Iterable[Entry]) -> None:
    """Take users' entries into the registry in use, instead of those it had; one with the id of a shipped
    entry adds to it."""
    _imported.clear()
    _imported.update((entry.id, entry) for entry in entries)
    for cached in (in_use, imported, rules, _found):
        cached.cache_clear()


@cache
def imported() -> int:
    """A checksum of users' entries in the registry in use; 0 for none."""
    return checksum(_imported.values())


@cache
def in_use() -> Registry:
    """The registry that identities are decided by: the shipped entries and users' own."""
    entries = {entry.id: entry for entry in shipped()}
    for entry in _imported.values():
        entries[entry.id] = entries[entry.id].with_more(entry) if entry.id in entries else entry
    return Registry(entries.values())


@cache
def shipped() -> tuple[Entry, ...]:
    """The entries that come with the program; a term without an end ends with what is known."""
    unknown_from = (offices.words().known_until + timedelta(1)).isoformat()
    read_in = [
        ENTRY.validate_json(line)
        for path in sorted(FOLDER.glob("*.jsonl"))
        for line in path.read_bytes().splitlines()
    ]
    return tuple(
        replace(entry, offices=tuple(term if term.last else term._replace(last=unknown_from) for term in entry.offices))
        if entry.offices else entry
        for entry in read_in
    )  # fmt: skip


@cache
def rules() -> int:
    """Which rules, which words and which registry identities are linked by; another number when any of them
    changes."""
    data = b"".join(
        path.read_bytes() for path in (*sorted(FOLDER.glob("*.jsonl")), *sorted(FOLDER.parent.glob("*.json")))
    )
    return crc32(data, RULES ^ imported())


def checksum(entries: Iterable[Entry]) -> int:
    """The same number for the same entries, whatever their order; 0 for none."""
    return crc32(b"\n".join(sorted(ENTRY.dump_json(entry) for entry in entries)))
