"""Which actor each identity is, kept step by step: a batch costs what its new names share keys with, not how many there are.

The outcome is that of :func:`services.aggregate.identity.deciding.resolved` over all identities with something on record and all decisions,
whatever order they came in. One transaction at a time changes links: it would otherwise give a statement to an actor that another is just
merging away.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from schemas import relational
from services.aggregate.identity import registry
from services.aggregate.identity.deciding import decided, keys_of
from services.aggregate.identity.decisions import placed
from services.aggregate.identity.linking import CROWD, REGISTERED, Link
from services.aggregate.identity.names import Name, keys, read
from services.aggregate.store.bulk import chunks, delete, upsert
from services.aggregate.store.decisions import Law
from services.aggregate.store.locks import Kind, lock

_identities, _keys, _candidates = relational.identities, relational.identity_keys, relational.candidates
_statements = relational.statements

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


def settle(connection: sa.Connection, changed: Mapping[str, int], ruled: Collection[str] = ()) -> Settled:
    """Count the statements on record of identities up or down, and link anew where one comes or goes, or people decided anew.

    Args:
        changed: by how many statements, per identity; rows of statements are still as they were.
        ruled: names whose merges, splits or rejections changed.
    """
    if not changed and not ruled:
        return Settled()
    lock(connection, Kind.IDENTITY, ["identities"])
    law = Law(connection)
    law.read({*changed, *ruled})
    # the others are known in one article only, or are no names: each is an actor of its own
    kept = {identity for identity in {*changed, *ruled} if read(identity) is not None or identity in law.rulings.named}
    rows = _load(connection, kept | set(ruled), _identities.c.identity_id)
    spoken = {identity for identity, row in rows.items() if row["statements"] > 0}
    before = {identity: dict(row) for identity, row in rows.items()}
    for identity in sorted(kept - rows.keys()):
        rows[identity] = _new(identity)
        if identity in ruled and read(identity) is None:
            rows[identity]["statements"] = _on_record(connection, identity)
    for identity in rows:
        rows[identity]["statements"] += changed.get(identity, 0)
    settled = Settled()
    relinking = _Relinking(connection, law, rows, before)
    named = {identity for identity in rows if read(identity) is not None}
    speaking = {identity for identity in named if rows[identity]["statements"] > 0}
    come, gone = speaking - spoken, (named & spoken) - speaking
    if come or gone or ruled:
        settled.moved = relinking.run(come, gone, ruled)
    relinking.write()
    settled.actors = {identity: rows[identity]["actor_id"] for identity in changed if identity in rows}
    return settled


def outdated(connection: sa.Connection) -> bool:
    """Whether some identities were made by other rules, or with another registry."""
    found = sa.select(sa.exists().where(_identities.c.rules != registry.rules()))
    return bool(connection.execute(found).scalar_one())


class _Relinking:
    """What changes when some identities come and others go, or people decide. ``rows`` gains every identity that it looks at; ``before`` is
    what of them is stored."""

    def __init__(self, connection: sa.Connection, law: Law, rows: dict[str, Row], before: dict[str, Row]) -> None:
        self._connection = connection
        self._law = law
        self._rows = rows
        self._before = before
        self._holders: dict[str, list[str]] = {}

    def run(self, come: Collection[str], gone: Collection[str], ruled: Collection[str]) -> dict[str, str]:
        """Link anew; returns the stored identities that are another actor than before."""
        affected = self._affected(
            {name: keys_of(_name(name), self._law.rulings) for name in {*come, *gone}}
            # it may have been found by other keys before, even if it goes now
            | {name: keys(_name(name)) for name in ruled if read(name) is not None}
        )
        self._look_at(_load(self._connection, affected - self._rows.keys(), _identities.c.identity_id))
        self._law.read(other for name in affected for key in self._own(name) for other in self._sharing(key))
        candidates = [candidate for identity in sorted(affected) for candidate in self._link(identity)]
        self._write_candidates(affected | set(gone), candidates)
        for identity in gone:
            self._rows[identity].update(linked_to=None, reason=None, probability=None)
        turned = {name for name in {*affected, *gone} if self._rows[name]["linked_to"] != self._stored(name, "linked_to")}
        moved = self._place({*come, *gone, *ruled, *turned})
        return {identity: actor for identity, actor in moved.items() if identity not in come}

    def write(self) -> None:
        """Write the rows that changed, and delete those of names that neither articles nor decisions name any more."""
        empty = [identity for identity in self._rows if self._is_empty(identity)]
        delete(self._connection, _identities.c.identity_id, sorted(self._before.keys() & set(empty)))
        kept = [identity for identity in sorted(self._rows.keys() - set(empty)) if self._rows[identity] != self._before.get(identity)]
        upsert(self._connection, _identities, [self._rows[identity] for identity in kept])

    # -- names and keys ------------------------------------------------------------------------------------------------

    def _is_empty(self, identity: str) -> bool:
        """Whether neither articles nor decisions name it."""
        if identity in self._law.rulings.named:
            return False
        return self._rows[identity]["statements"] <= 0 or read(identity) is None

    def _is_linked(self, identity: str) -> bool:
        """Whether it takes part in links: it has a name, and articles name it."""
        return identity in self._rows and self._rows[identity]["statements"] > 0 and read(identity) is not None

    def _stored(self, identity: str, column: str) -> Any:
        return self._before[identity][column] if identity in self._before else None

    def _look_at(self, found: Mapping[str, Row]) -> None:
        for identity, row in found.items():
            if identity not in self._rows:
                self._rows[identity] = row
                self._before[identity] = dict(row)

    def _affected(self, changed: Mapping[str, Collection[str]]) -> set[str]:
        """Those that changed, as far as they take part in links, and all whose links may depend on them: they share one of the given keys
        with it, one that is no crowd's, or was none."""
        self._look_up(key for found in changed.values() for key in found)
        before = {key: len(holders) for key, holders in self._holders.items()}
        added = []
        for name, found in sorted(changed.items()):
            own = self._own(name) if self._is_linked(name) else []
            for key in found:
                held = name in self._holders[key]
                if held and key not in own:
                    self._holders[key].remove(name)
                    self._connection.execute(sa.delete(_keys).where(_keys.c.key == key, _keys.c.identity_id == name))
                elif key in own and not held:
                    self._holders[key].append(name)
                    added.append({"key": key, "identity_id": name})
        upsert(self._connection, _keys, added)
        affected = {name for name in changed if self._is_linked(name)}
        for key, holders in self._holders.items():
            if min(len(holders), before[key]) <= CROWD:
                affected.update(holders)
        self._law.read(affected)
        self._look_up(key for name in affected for key in self._own(name))
        return affected

    def _own(self, identity: str) -> list[str]:
        """The keys that others find it by."""
        return keys_of(_name(identity), self._law.rulings)

    def _look_up(self, wanted: Iterable[str]) -> None:
        missing = sorted(set(wanted) - self._holders.keys())
        for key in missing:
            self._holders[key] = []
        for chunk in chunks(missing):
            for key, identity in self._connection.execute(sa.select(_keys.c.key, _keys.c.identity_id).where(_keys.c.key.in_(chunk))):
                self._holders[key].append(identity)

    def _sharing(self, key: str) -> list[str]:
        """The names that share a key; none where they are a crowd."""
        holders = self._holders[key]
        return holders if len(holders) <= CROWD else []

    # -- links ---------------------------------------------------------------------------------------------------------

    def _link(self, identity: str) -> tuple[Link, ...]:
        name, rulings = _name(identity), self._law.rulings
        others = {other for key in self._own(identity) for other in self._sharing(key)}
        decision = decided(name, (_name(other) for other in sorted(others)), rulings)
        link, row = decision.link, self._rows[identity]
        row["linked_to"] = link.other if link else None
        row["reason"] = link.reason.value if link else None
        row["probability"] = link.probability if link else None
        return decision.candidates

    def _write_candidates(self, affected: Collection[str], found: Iterable[Link]) -> None:
        delete(self._connection, _candidates.c.identity_id, sorted(name for name in affected if name in self._before))
        rows = [
            {"identity_id": link.identity, "other_id": link.other, "reason": link.reason.value, "probability": link.probability}
            for link in found
        ]
        upsert(self._connection, _candidates, rows)

    # -- actors --------------------------------------------------------------------------------------------------------

    def _place(self, changed: Collection[str]) -> dict[str, str]:
        """Give all that hangs together with what changed, or did before, its actor."""
        seen = self._together(changed)
        members = [identity for identity in sorted(seen & self._rows.keys()) if not self._is_empty(identity)]
        links: dict[str, str] = {}
        known: dict[str, str] = {}
        for identity in members:
            row = self._rows[identity]
            if row["linked_to"] is not None:
                (known if row["reason"] in REGISTERED else links)[identity] = row["linked_to"]
        actors = placed(members, links, known, self._law.rulings)
        moved: dict[str, str] = {}
        for identity in sorted(seen & self._rows.keys()):
            # nobody's name any more: it stands for itself
            actor = actors.get(identity, identity)
            if self._rows[identity]["actor_id"] != actor:
                self._rows[identity]["actor_id"] = actor
                moved[identity] = actor
        return moved

    def _together(self, changed: Collection[str]) -> set[str]:
        """All that links and merges hold together, or held, with any of these: names, entries of the registry, actors."""
        seen: set[str] = set()
        wanted: set[Any] = set(changed)
        for identity in changed:
            wanted |= self._beside(identity) | {self._stored(identity, "linked_to"), self._stored(identity, "actor_id")}
        while wanted := wanted - seen - {None}:
            seen |= wanted
            self._law.read(wanted)
            found = _load(self._connection, wanted, _identities.c.identity_id, _identities.c.linked_to, _identities.c.actor_id)
            self._look_at(found)
            merges = [ruling for ruling in self._law.rulings.merges() if wanted & {ruling.actor_id, ruling.other_id}]
            wanted = {end for identity in found for end in self._beside(identity)}
            wanted |= {end for ruling in merges for end in (ruling.actor_id, ruling.other_id)}
        return seen

    def _beside(self, identity: str) -> set[Any]:
        row = self._rows.get(identity)
        return set() if row is None else {identity, row["linked_to"], row["actor_id"]}


def _new(identity: str) -> Row:
    return {
        "identity_id": identity, "actor_id": identity, "statements": 0, "linked_to": None, "reason": None, "probability": None,
        "rules": registry.rules(),
    }  # fmt: skip


def _name(identity: str) -> Name:
    name = read(identity)
    assert name is not None, "only identities that can be linked are kept"
    return name


def _on_record(connection: sa.Connection, identity: str) -> int:
    query = sa.select(sa.func.count()).select_from(_statements).where(_statements.c.identity_id == identity, _statements.c.on_record)
    return int(connection.execute(query).scalar_one())


def _load(connection: sa.Connection, values: Iterable[str], *columns: sa.Column[Any]) -> dict[str, Row]:
    """The rows that have any of the values in any of the columns."""
    found: dict[str, Row] = {}
    for chunk in chunks(sorted(values)):
        for row in connection.execute(sa.select(_identities).where(sa.or_(*(column.in_(chunk) for column in columns)))):
            found[row.identity_id] = row._asdict()
    return found
