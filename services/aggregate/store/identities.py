"""Which actor each identity is, kept step by step: a batch costs what its new names share keys with, not how many there are.

The outcome is that of :func:`services.aggregate.identity.deciding.resolved` over all identities with something on record, whatever order
they came in. One transaction at a time changes links: it would otherwise give a statement to an actor that another is just merging away.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from schemas import relational
from services.aggregate.identity import registry
from services.aggregate.identity.deciding import decided, keys_of
from services.aggregate.identity.linking import CROWD, REGISTERED, Link, actors_of
from services.aggregate.identity.names import Name, read
from services.aggregate.store.bulk import chunks, delete, upsert
from services.aggregate.store.locks import Kind, lock

_identities, _keys, _candidates = relational.identities, relational.identity_keys, relational.candidates

Row = dict[str, Any]


@dataclass(slots=True)
class Settled:
    """Who the identities of a batch are, and which others are somebody else from now on."""

    actors: dict[str, str] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)
    """Identity → its new actor; statements that are stored have to follow."""

    def actor_of(self, statement: Mapping[str, Any]) -> str:
        """The actor on record of a statement of the batch."""
        actor: str = self.actors.get(statement["identity_id"], statement["identity_id"] or statement["actor_id"])
        return actor


def settle(connection: sa.Connection, changed: Mapping[str, int]) -> Settled:
    """Count the statements on record of identities up or down, and link anew where one comes or goes."""
    names = {identity: name for identity in changed if (name := read(identity)) is not None}
    if not names:
        return Settled()
    lock(connection, Kind.IDENTITY, ["identities"])
    known = _load(connection, _identities.c.identity_id, names)
    rows: dict[str, Row] = {}
    come, gone = set(), set()
    for identity in sorted(names):
        row = known.get(identity) or _new(identity)
        row["statements"] += changed[identity]
        if row["statements"] > 0:
            rows[identity] = row
            come |= set() if identity in known else {identity}
        elif identity in known:
            gone.add(identity)
    settled = Settled()
    if come or gone:
        moved = _Relinking(connection, rows, come, {identity: known[identity] for identity in gone})
        settled.moved = moved.run()
    delete(connection, _identities.c.identity_id, sorted(gone))
    upsert(connection, _identities, [rows[identity] for identity in sorted(rows)])
    settled.actors = {identity: rows[identity]["actor_id"] for identity in names if identity in rows}
    return settled


def outdated(connection: sa.Connection) -> bool:
    """Whether some identities were made by other rules, or with another registry."""
    found = sa.select(sa.exists().where(_identities.c.rules != registry.rules()))
    return bool(connection.execute(found).scalar_one())


class _Relinking:
    """What changes when some identities come and others go. ``rows`` gains every identity that has to be written."""

    def __init__(self, connection: sa.Connection, rows: dict[str, Row], come: set[str], gone: Mapping[str, Row]) -> None:
        self._connection = connection
        self._rows = rows
        self._come = come
        self._gone = gone
        self._holders: dict[str, list[str]] = {}

    def run(self) -> dict[str, str]:
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
        """The new ones, and all whose links may depend on what comes or goes: they share a key with it that is no crowd's, or was none."""
        own = {identity: keys_of(_name(identity)) for identity in sorted({*self._come, *self._gone})}
        added = [{"key": key, "identity_id": identity} for identity in sorted(self._come) for key in own[identity]]
        upsert(self._connection, _keys, added)
        for chunk in chunks(sorted(self._gone)):
            lost = sorted({key for identity in chunk for key in own[identity]})
            where = _keys.c.identity_id.in_(chunk) & _keys.c.key.in_(lost)
            self._connection.execute(sa.delete(_keys).where(where))
        self._look_up(key for found in own.values() for key in found)
        changes: dict[str, int] = defaultdict(int)
        for identity, found in own.items():
            for key in found:
                changes[key] += 1 if identity in self._come else -1
        affected = set(self._come)
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
        delete(self._connection, _candidates.c.identity_id, sorted((affected - self._come) | self._gone.keys()))
        rows = [
            {"identity_id": link.identity, "other_id": link.other, "reason": link.reason.value, "probability": link.probability}
            for link in found
        ]
        upsert(self._connection, _candidates, rows)

    def _is_known(self, identity: str) -> bool:
        """Whether the registry says who it is, whatever other names there are."""
        return self._rows[identity]["reason"] in REGISTERED

    def _place(self, turned: set[str]) -> dict[str, str]:
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
        moved: dict[str, str] = {}
        for identity, actor in (actors_of(members, links) | known).items():
            if self._rows[identity]["actor_id"] != actor:
                self._rows[identity]["actor_id"] = actor
                if identity not in self._come:
                    moved[identity] = actor
        return moved


def _new(identity: str) -> Row:
    return {
        "identity_id": identity, "actor_id": identity, "statements": 0, "linked_to": None, "reason": None, "probability": None,
        "rules": registry.rules(),
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
