"""Which actor each identity is, kept step by step: a batch costs what its new names share keys with, not how
many there are.

The outcome is that of :func:`services.aggregate.identity.deciding.resolved` over all identities with
something on record and all decisions, whatever order they came in. One transaction at a time changes links:
it would otherwise give a statement to an actor that another is just merging away.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from schemas import relational
from schemas.ids import bearer_id, borne_name
from services.aggregate.identity.deciding import decided, keys_of
from services.aggregate.identity.decisions import placed
from services.aggregate.identity.described import candidates_apart, led, told_apart
from services.aggregate.identity.linking import CROWD, REGISTERED, Link, Reason
from services.aggregate.identity.names import Name, keys, read
from services.aggregate.store.bulk import chunks, delete, upsert
from services.aggregate.store.decisions import Law
from services.aggregate.store.locks import Kind, lock

_identities, _keys, _candidates = relational.identities, relational.identity_keys, relational.candidates
_statements = relational.statements

Row = dict[str, Any]


@dataclass(slots=True)
class Settled:
    """Who the identities of a batch are, and of which others stored statements have to follow to another
    actor."""

    actors: dict[str, str] = field(default_factory=dict)
    apart: dict[tuple[str, str], str] = field(default_factory=dict)
    """Of a name that several people bear: identity and description → the actor."""
    moved: set[str] = field(default_factory=set)

    def actor_of(self, statement: Mapping[str, Any]) -> str:
        """The actor on record of a statement of the batch, or of a moved identity."""
        identity = statement["identity_id"]
        described = (identity, statement["described"] or "")
        if described in self.apart:
            return self.apart[described]
        actor: str = self.actors.get(identity, identity or statement["actor_id"])
        return actor


def settle(
    connection: sa.Connection, changed: Mapping[tuple[str, str | None], int], ruled: Collection[str] = ()
) -> Settled:
    """Count the statements on record of identities and descriptions up or down, and link anew where one comes
    or goes, or people decided anew.

    Args:
        changed: by how many statements, per identity and description; rows of statements are still as they
            were.
        ruled: names whose merges, splits or rejections changed.
    """
    if not changed and not ruled:
        return Settled()
    lock(connection, Kind.IDENTITY, ["identities"])
    totals: defaultdict[str, int] = defaultdict(int)
    for (identity, _), change in changed.items():
        totals[identity] += change
    # what is decided of one of several people of a name may say who the others are
    ruled = {*ruled, *(borne_name(name) or name for name in ruled)}
    law = Law(connection)
    law.read({*totals, *ruled})
    # the others are known in one article only, or are no names: each is an actor of its own
    kept = {
        identity
        for identity in {*totals, *ruled}
        if read(identity) is not None or identity in law.rulings.named
    }
    rows = _load(connection, kept | ruled, _identities.c.identity_id)
    spoken = {identity for identity, row in rows.items() if row["statements"] > 0}
    before = {identity: dict(row) for identity, row in rows.items()}
    for identity in sorted(kept - rows.keys()):
        rows[identity] = _new(identity)
        if identity in ruled and read(identity) is None:
            rows[identity]["statements"] = _on_record(connection, identity)
    for identity in rows:
        rows[identity]["statements"] += totals.get(identity, 0)
    for (identity, description), change in changed.items():
        if description is not None and read(identity) is not None:
            _count_description(rows[identity], description, change)
    relinking = _Relinking(connection, law, rows, before)
    relinking.look_at_people()
    named = {identity for identity in rows if read(identity) is not None}
    speaking = {identity for identity in named if rows[identity]["statements"] > 0}
    come, gone = speaking - spoken, (named & spoken) - speaking
    turned = {identity for identity in speaking - come if identity in ruled or relinking.is_turned(identity)}
    moved: set[str] = set()
    if come or gone or ruled or turned:
        moved = relinking.run(come, gone, ruled, turned)
    relinking.write()
    return relinking.settled({*totals, *moved}, moved)


def _count_description(row: Row, description: str, change: int) -> None:
    counts = dict(row["described"] or {})
    counts[description] = counts.get(description, 0) + change
    row["described"] = {said: count for said, count in sorted(counts.items()) if count > 0} or None


def leading(connection: sa.Connection, ids: Collection[str]) -> dict[str, str]:
    """To whose id those lead that are no actor's any more: of a name to its actor's, of one of several people
    of a name to the id by which articles tell that person apart now. What leads to nobody, or to several, is
    left out."""
    names = {one: borne_name(one) or one for one in ids}
    rows = _load(connection, {*ids, *names.values()}, _identities.c.identity_id)
    law = Law(connection)
    law.read(
        bearer_id(name, said)
        for name in {*names.values()} & rows.keys()
        for said in rows[name]["described"] or ()
    )
    leads = {one: one for one in ids if one in rows}
    for one, name in names.items():
        if one not in rows and name in rows:
            apart = told_apart(name, rows[name]["described"] or (), law.rulings)
            people = {bearer_id(name, said): person for said, person in apart.items()}
            leads[one] = people.get(one, one) if apart else name
    rows |= _load(connection, set(leads.values()) - rows.keys(), _identities.c.identity_id)
    found = {one: rows[lead]["actor_id"] if lead in rows else lead for one, lead in leads.items()}
    return {one: actor for one, actor in found.items() if actor != one}


class _Relinking:
    """What changes when some identities come and others go, or people decide. ``rows`` gains every identity
    that it looks at; ``before`` is what of them is stored."""

    def __init__(
        self, connection: sa.Connection, law: Law, rows: dict[str, Row], before: dict[str, Row]
    ) -> None:
        self._connection = connection
        self._law = law
        self._rows = rows
        self._before = before
        self._holders: dict[str, list[str]] = {}

    def look_at_people(self) -> None:
        """Load the people told apart of these names about whom people decided."""
        people = {person for identity in self._rows for person in self._people(identity)}
        self._law.read(people)
        named = people & self._law.rulings.named
        self._look_at(_load(self._connection, named - self._rows.keys(), _identities.c.identity_id))

    def is_turned(self, identity: str) -> bool:
        """Whether articles tell the people of a name apart in another way than before."""
        said, stored = self._rows[identity]["described"] or {}, self._stored(identity, "described") or {}
        if said.keys() == stored.keys():
            return False
        rulings = self._law.rulings
        return any(
            found(identity, said, rulings) != found(identity, stored, rulings) for found in (told_apart, led)
        )

    def run(
        self, come: Collection[str], gone: Collection[str], ruled: Collection[str], turned: Collection[str]
    ) -> set[str]:
        """Link anew; returns the stored identities of which statements are another actor's than before."""
        affected = self._affected(
            {name: keys_of(_name(name), self._law.rulings) for name in {*come, *gone}}
            # it may have been found by other keys before, even if it goes now
            | {name: keys(_name(name)) for name in {*ruled, *turned} if read(name) is not None}
        )
        self._law.read(other for name in affected for key in self._own(name) for other in self._sharing(key))
        candidates = [candidate for identity in sorted(affected) for candidate in self._link(identity)]
        self._write_candidates(affected | set(gone), candidates)
        for identity in gone:
            self._rows[identity].update(linked_to=None, reason=None, probability=None)
        relinked = {
            name
            for name in {*affected, *gone}
            if self._rows[name]["linked_to"] != self._stored(name, "linked_to")
        }
        moved = self._place({*come, *gone, *ruled, *turned, *relinked})
        return {*moved, *turned, *(borne_name(name) or name for name in moved)} - set(come)

    def settled(self, identities: Collection[str], moved: set[str]) -> Settled:
        """Who these identities are."""
        found = Settled(moved=moved)
        for identity in identities & self._rows.keys():
            found.actors[identity] = self._rows[identity]["actor_id"]
            for description, person in self._apart(identity).items():
                found.apart[identity, description] = (
                    self._rows[person]["actor_id"] if person in self._rows else person
                )
        return found

    def write(self) -> None:
        """Write the rows that changed, and delete those of names that neither articles nor decisions name any
        more."""
        empty = [identity for identity in self._rows if self._is_empty(identity)]
        delete(self._connection, _identities.c.identity_id, sorted(self._before.keys() & set(empty)))
        kept = [
            identity
            for identity in sorted(self._rows.keys() - set(empty))
            if self._rows[identity] != self._before.get(identity)
        ]
        upsert(self._connection, _identities, [self._rows[identity] for identity in kept])

    # -- names and keys --------------------------------------------------------------------------------------

    def _is_empty(self, identity: str) -> bool:
        """Whether neither articles nor decisions name it."""
        if identity in self._law.rulings.named:
            return False
        return self._rows[identity]["statements"] <= 0 or read(identity) is None

    def _is_linked(self, identity: str) -> bool:
        """Whether it takes part in links: it has a name, and articles name it."""
        return (
            identity in self._rows and self._rows[identity]["statements"] > 0 and read(identity) is not None
        )

    def _apart(self, identity: str) -> Mapping[str, str]:
        """The people of a name that articles tell apart, by description."""
        said = self._rows[identity]["described"]
        return told_apart(identity, said, self._law.rulings) if said else {}

    def _people(self, identity: str) -> set[str]:
        """The ids of all people of a name that articles describe, or did."""
        said = {*(self._rows[identity]["described"] or ()), *(self._stored(identity, "described") or ())}
        return {bearer_id(identity, description) for description in said}

    def _stored(self, identity: str, column: str) -> Any:
        return self._before[identity][column] if identity in self._before else None

    def _look_at(self, found: Mapping[str, Row]) -> None:
        for identity, row in found.items():
            if identity not in self._rows:
                self._rows[identity] = row
                self._before[identity] = dict(row)

    def _affected(self, changed: Mapping[str, Collection[str]]) -> set[str]:
        """Those that changed, as far as they take part in links, and all whose links may depend on them: they
        share one of the given keys with it, one that is no crowd's, or was none."""
        self._look_up(key for found in changed.values() for key in found)
        before = {key: len(holders) for key, holders in self._holders.items()}
        added, lost = [], []
        for name, found in sorted(changed.items()):
            own = self._own(name) if self._is_linked(name) else ()
            for key in found:
                held = name in self._holders[key]
                if held and key not in own:
                    self._holders[key].remove(name)
                    lost.append({"lost": key, "name": name})
                elif key in own and not held:
                    self._holders[key].append(name)
                    added.append({"key": key, "identity_id": name})
        upsert(self._connection, _keys, added)
        if lost:
            gone = (_keys.c.key == sa.bindparam("lost")) & (_keys.c.identity_id == sa.bindparam("name"))
            self._connection.execute(sa.delete(_keys).where(gone), lost)
        affected = {name for name in changed if self._is_linked(name)}
        for key, holders in self._holders.items():
            if min(len(holders), before[key]) <= CROWD:
                affected.update(holders)
        self._look_at(_load(self._connection, affected - self._rows.keys(), _identities.c.identity_id))
        self._law.read({*affected, *(person for name in affected for person in self._people(name))})
        self._look_up(key for name in affected for key in self._own(name))
        return affected

    def _own(self, identity: str) -> tuple[str, ...]:
        """The keys that others find it by; nobody finds a name that several bear."""
        return () if self._apart(identity) else keys_of(_name(identity), self._law.rulings)

    def _look_up(self, wanted: Iterable[str]) -> None:
        missing = sorted(set(wanted) - self._holders.keys())
        for key in missing:
            self._holders[key] = []
        for chunk in chunks(missing):
            for key, identity in self._connection.execute(
                sa.select(_keys.c.key, _keys.c.identity_id).where(_keys.c.key.in_(chunk))
            ):
                self._holders[key].append(identity)

    def _sharing(self, key: str) -> list[str]:
        """The names that share a key; none where they are a crowd."""
        holders = self._holders[key]
        return holders if len(holders) <= CROWD else []

    # -- links -----------------------------------------------------------------------------------------------

    def _link(self, identity: str) -> tuple[Link, ...]:
        name, rulings = _name(identity), self._law.rulings
        if self._apart(identity):
            self._rows[identity].update(linked_to=None, reason=None, probability=None)
            found = candidates_apart(identity, self._rows[identity]["described"], rulings)
            return tuple(Link(one, other, Reason.NAMESAKE, probability) for one, other, probability in found)
        others = {other for key in self._own(identity) for other in self._sharing(key)}
        decision = decided(name, (_name(other) for other in sorted(others)), rulings)
        link, row = decision.link, self._rows[identity]
        row["linked_to"] = link.other if link else None
        row["reason"] = link.reason.value if link else None
        row["probability"] = link.probability if link else None
        return decision.candidates

    def _write_candidates(self, affected: Collection[str], found: Iterable[Link]) -> None:
        stored = {name for name in affected if name in self._before}
        people = {
            person
            for name in stored
            if len(self._stored(name, "described") or ()) > 1
            for person in self._people(name)
        }
        delete(self._connection, _candidates.c.identity_id, sorted(stored | people))
        rows = [
            {
                "identity_id": link.identity,
                "other_id": link.other,
                "reason": link.reason.value,
                "probability": link.probability,
            }
            for link in found
        ]
        upsert(self._connection, _candidates, rows)

    # -- actors ----------------------------------------------------------------------------------------------

    def _place(self, changed: Collection[str]) -> set[str]:
        """Give all that hangs together with what changed, or did before, its actor; returns what is another
        actor than before."""
        seen = self._together(changed)
        members = [identity for identity in sorted(seen & self._rows.keys()) if not self._is_empty(identity)]
        links: dict[str, str] = {}
        known: dict[str, str] = {}
        for identity in members:
            row = self._rows[identity]
            links |= led(identity, row["described"] or (), self._law.rulings)
            if row["linked_to"] is not None:
                (known if row["reason"] in REGISTERED else links)[identity] = row["linked_to"]
        actors = placed(members, links, known, self._law.rulings)
        moved: set[str] = set()
        for identity in sorted(seen & self._rows.keys()):
            # nobody's name any more: it stands for itself
            actor = actors.get(identity, identity)
            if self._rows[identity]["actor_id"] != actor:
                self._rows[identity]["actor_id"] = actor
                moved.add(identity)
        return moved

    def _together(self, changed: Collection[str]) -> set[str]:
        """All that links and merges hold together, or held, with any of these: names, entries of the
        registry, actors."""
        seen: set[str] = set()
        wanted: set[Any] = set(changed)
        for identity in changed:
            wanted |= self._beside(identity) | {
                self._stored(identity, "linked_to"),
                self._stored(identity, "actor_id"),
            }
        while wanted := wanted - seen - {None}:
            seen |= wanted
            self._law.read(wanted)
            found = _load(
                self._connection,
                wanted,
                _identities.c.identity_id,
                _identities.c.linked_to,
                _identities.c.actor_id,
            )
            self._look_at(found)
            merges = [
                ruling for ruling in self._law.rulings.merges() if wanted & {ruling.actor_id, ruling.other_id}
            ]
            people = {person for identity in wanted & self._rows.keys() for person in self._people(identity)}
            self._law.read(people)
            people = {person for person in people if self._law.rulings.mentions(person)}
            names = {borne_name(one) for one in wanted}
            wanted = people | names | {end for identity in found for end in self._beside(identity)}
            wanted |= {end for ruling in merges for end in (ruling.actor_id, ruling.other_id)}
        return seen

    def _beside(self, identity: str) -> set[Any]:
        row = self._rows.get(identity)
        return set() if row is None else {identity, row["linked_to"], row["actor_id"]}


def _new(identity: str) -> Row:
    return {
        "identity_id": identity, "actor_id": identity, "statements": 0, "linked_to": None, "reason": None, "probability": None,
        "described": None, "rules": 0,
    }  # fmt: skip


def _name(identity: str) -> Name:
    name = read(identity)
    assert name is not None, "only identities that can be linked are kept"
    return name


def _on_record(connection: sa.Connection, identity: str) -> int:
    query = (
        sa.select(sa.func.count())
        .select_from(_statements)
        .where(_statements.c.identity_id == identity, _statements.c.on_record)
    )
    return int(connection.execute(query).scalar_one())


def _load(connection: sa.Connection, values: Iterable[str], *columns: sa.Column[Any]) -> dict[str, Row]:
    """The rows that have any of the values in any of the columns."""
    found: dict[str, Row] = {}
    for chunk in chunks(sorted(values)):
        for row in connection.execute(
            sa.select(_identities).where(sa.or_(*(column.in_(chunk) for column in columns)))
        ):
            found[row.identity_id] = row._asdict()
    return found
