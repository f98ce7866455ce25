"""Which actor each identity is, kept step by step: a batch costs what its new names share keys with, not how many there are.

The outcome is that of :func:`services.aggregate.identity.deciding.resolved` over all identities with something on record, whatever order
they came in. One transaction at a time changes links: it would otherwise give a statement to an actor that another is just merging away.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from schemas import relational
from services.aggregate.identity import registry
from services.aggregate.identity.deciding import decided, keys_of
from services.aggregate.identity.described import candidates_apart, told_apart
from services.aggregate.identity.linking import CROWD, Link, Reason, actors_of
from services.aggregate.identity.names import Name, read
from services.aggregate.store.bulk import chunks, delete, upsert
from services.aggregate.store.locks import Kind, lock

_identities, _keys, _candidates = relational.identities, relational.identity_keys, relational.candidates

Row = dict[str, Any]


@dataclass(slots=True)
class Settled:
    """Who the identities of a batch are, and of which others stored statements have to follow to another actor."""

    actors: dict[str, str] = field(default_factory=dict)
    apart: dict[tuple[str, str], str] = field(default_factory=dict)
    """Of a name that several people bear: identity and description → the person."""
    moved: set[str] = field(default_factory=set)

    def actor_of(self, statement: Mapping[str, Any]) -> str:
        """The actor on record of a statement of the batch, or of a moved identity."""
        identity = statement["identity_id"]
        if self.apart and (person := self.apart.get((identity, statement["described"] or ""))) is not None:
            return person
        actor: str = self.actors.get(identity, identity or statement["actor_id"])
        return actor


def settle(connection: sa.Connection, changed: Mapping[tuple[str, str | None], int]) -> Settled:
    """Count the statements on record of identities and descriptions up or down, and link anew where one comes or goes."""
    totals: defaultdict[str, int] = defaultdict(int)
    for (identity, _), change in changed.items():
        totals[identity] += change
    names = sorted(identity for identity in totals if read(identity) is not None)
    if not names:
        return Settled()
    lock(connection, Kind.IDENTITY, ["identities"])
    known = _load(connection, _identities.c.identity_id, names)
    before = {identity: _apart(row) for identity, row in known.items()}
    stored = {identity: known.get(identity) or _new(identity) for identity in names}
    for (identity, description), change in changed.items():
        if description is not None and identity in stored:
            _count_description(stored[identity], description, change)
    rows: dict[str, Row] = {}
    for identity, row in stored.items():
        row["statements"] += totals[identity]
        if row["statements"] > 0:
            rows[identity] = row
    apart = {identity: persons for identity, row in rows.items() if (persons := _apart(row))}
    come, gone = rows.keys() - known.keys(), known.keys() - rows.keys()
    turned = {identity for identity in rows if apart.get(identity, {}) != before.get(identity, {})}
    settled = Settled(apart={(identity, said): person for identity, persons in apart.items() for said, person in persons.items()})
    if come or gone or turned:
        relinking = _Relinking(connection, rows, come, {identity: known[identity] for identity in gone}, before, apart, turned)
        settled.moved = relinking.run() | (turned - come)
    delete(connection, _identities.c.identity_id, sorted(gone))
    upsert(connection, _identities, [rows[identity] for identity in sorted(rows)])
    settled.actors = {identity: rows[identity]["actor_id"] for identity in (*names, *settled.moved) if identity in rows}
    return settled


def _apart(row: Row) -> dict[str, str]:
    return told_apart(row["identity_id"], row["described"]) if row["described"] else {}


def _count_description(row: Row, description: str, change: int) -> None:
    counts = dict(row["described"] or {})
    counts[description] = counts.get(description, 0) + change
    row["described"] = {said: count for said, count in sorted(counts.items()) if count > 0} or None


def outdated(connection: sa.Connection) -> bool:
    """Whether some identities were made by other rules, or with another registry."""
    found = sa.select(sa.exists().where(_identities.c.rules != registry.rules()))
    return bool(connection.execute(found).scalar_one())


class _Relinking:
    """What changes when some identities come and others go. ``rows`` gains every identity that has to be written."""

    def __init__(
        self,
        connection: sa.Connection,
        rows: dict[str, Row],
        come: Set[str],
        gone: Mapping[str, Row],
        before: Mapping[str, Mapping[str, str]],
        apart: Mapping[str, Mapping[str, str]],
        turned: Set[str],
    ) -> None:
        """``before`` and ``apart``: the persons of names that several bear, as stored and from now on; ``turned``: where they differ."""
        self._connection = connection
        self._rows = rows
        self._come = come
        self._gone = gone
        self._before, self._apart, self._turned = before, apart, turned
        self._holders: dict[str, list[str]] = {}

    def run(self) -> set[str]:
        """Link anew; returns the identities other than the new ones that are another actor than before."""
        affected = self._affected()
        self._rows |= _load(self._connection, _identities.c.identity_id, affected - self._rows.keys())
        before = {identity: (row["linked_to"], row["actor_id"]) for identity, row in self._rows.items()}
        candidates: list[Link] = []
        for identity in sorted(affected):
            candidates += self._link(identity)
        self._write_candidates(affected, candidates)
        turned = {identity for identity in affected if self._rows[identity]["linked_to"] != before[identity][0]}
        return self._place(turned)

    def _affected(self) -> set[str]:
        """The new ones, those that are told apart otherwise, and all whose links may depend on what comes or goes: they share a key with
        it that is no crowd's, or was none."""
        # nobody finds a name that several bear
        opened = {identity for identity in self._come | self._turned if identity not in self._apart}
        opened -= {identity for identity in opened - self._come if not self._before[identity]}
        closed = {identity for identity in self._gone.keys() | (self._turned - self._come) if not self._before[identity]}
        own = {identity: keys_of(_name(identity)) for identity in sorted(opened | closed)}
        added = [{"key": key, "identity_id": identity} for identity in sorted(opened) for key in own[identity]]
        upsert(self._connection, _keys, added)
        for chunk in chunks(sorted(closed)):
            lost = sorted({key for identity in chunk for key in own[identity]})
            where = _keys.c.identity_id.in_(chunk) & _keys.c.key.in_(lost)
            self._connection.execute(sa.delete(_keys).where(where))
        self._look_up(key for found in own.values() for key in found)
        changes: dict[str, int] = defaultdict(int)
        for identity, found in own.items():
            for key in found:
                changes[key] += 1 if identity in opened else -1
        affected = set(self._come | self._turned)
        for key, change in changes.items():
            holders = self._holders[key]
            if min(len(holders), len(holders) - change) <= CROWD:
                affected.update(holders)
        return affected

    def _look_up(self, wanted: Iterable[str]) -> None:
        missing = sorted(set(wanted) - self._holders.keys())
        for key in missing:
            self._holders[key] = []
        for chunk in chunks(missing):
            for key, identity in self._connection.execute(sa.select(_keys.c.key, _keys.c.identity_id).where(_keys.c.key.in_(chunk))):
                self._holders[key].append(identity)

    def _link(self, identity: str) -> tuple[Link, ...]:
        if identity in self._apart:
            self._rows[identity] |= {"linked_to": None, "reason": None, "probability": None}
            said = self._rows[identity]["described"]
            return tuple(Link(one, other, Reason.NAMESAKE, probability) for one, other, probability in candidates_apart(identity, said))
        name = _name(identity)
        own = keys_of(name)
        self._look_up(own)
        others = {other for key in own if len(self._holders[key]) <= CROWD for other in self._holders[key]}
        decision = decided(name, (_name(other) for other in sorted(others)))
        link, row = decision.link, self._rows[identity]
        row["linked_to"] = link.other if link else None
        row["reason"] = link.reason.value if link else None
        row["probability"] = link.probability if link else None
        return decision.candidates

    def _write_candidates(self, affected: set[str], found: Sequence[Link]) -> None:
        stale = {person for identity in self._turned | self._gone.keys() for person in self._before.get(identity, {}).values()}
        delete(self._connection, _candidates.c.identity_id, sorted((affected - self._come) | self._gone.keys() | stale))
        rows = [
            {"identity_id": link.identity, "other_id": link.other, "reason": link.reason.value, "probability": link.probability}
            for link in found
        ]
        upsert(self._connection, _candidates, rows)

    def _is_known(self, identity: str) -> bool:
        """Whether the registry says who it is, whatever other names there are."""
        reason: str | None = self._rows[identity]["reason"]
        return reason == Reason.REGISTRY

    def _place(self, turned: set[str]) -> set[str]:
        """Give the identities of every group that changed their actor; a group is what links hold together."""
        groups = {row["actor_id"] for row in self._gone.values()}
        groups |= {self._rows[identity]["actor_id"] for identity in turned | self._come}
        targets = {self._rows[identity]["linked_to"] for identity in turned if not self._is_known(identity)} - {None}
        self._rows |= _load(self._connection, _identities.c.identity_id, targets - self._rows.keys())
        groups |= {self._rows[target]["actor_id"] for target in targets}
        for identity, row in _load(self._connection, _identities.c.actor_id, groups).items():
            if identity not in self._gone:
                self._rows.setdefault(identity, row)
        members = {identity for identity, row in self._rows.items() if row["actor_id"] in groups}
        known = {identity: str(self._rows[identity]["linked_to"]) for identity in members if self._is_known(identity)}
        members -= known.keys()
        links = {identity: self._rows[identity]["linked_to"] for identity in members if self._rows[identity]["linked_to"] is not None}
        moved: set[str] = set()
        for identity, actor in (actors_of(members, links) | known).items():
            if self._rows[identity]["actor_id"] != actor:
                self._rows[identity]["actor_id"] = actor
                if identity not in self._come:
                    moved.add(identity)
        return moved


def _new(identity: str) -> Row:
    return {
        "identity_id": identity, "actor_id": identity, "statements": 0, "linked_to": None, "reason": None, "probability": None,
        "rules": registry.rules(), "described": None,
    }  # fmt: skip


def _name(identity: str) -> Name:
    name = read(identity)
    assert name is not None, "only identities that can be linked are kept"
    return name


def _load(connection: sa.Connection, column: sa.Column[Any], values: Iterable[str]) -> dict[str, Row]:
    found: dict[str, Row] = {}
    for chunk in chunks(sorted(values)):
        for row in connection.execute(sa.select(_identities).where(column.in_(chunk))):
            found[row.identity_id] = row._asdict()
    return found
