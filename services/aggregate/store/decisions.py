"""What people decided, kept: which decisions are in force, and what each change of that means for names,
actors and articles.

Batches with decisions wait for each other, so that of an undo and what it undoes one always sees the other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from schemas import relational
from schemas.events import DecisionKind
from services.aggregate.identity.decisions import Ruling, Rulings, in_force
from services.aggregate.identity.linking import REGISTERED
from services.aggregate.store.bulk import chunks, upsert
from services.aggregate.store.locks import Kind, lock

Row = Mapping[str, Any]

_decisions, _identities = relational.decisions, relational.identities
# the raw microseconds, not a datetime
_AT = sa.type_coerce(_decisions.c.decided_at, sa.BigInteger).label("decided_at")
_HEAD = sa.select(
    *(_decisions.c[n] for n in ("decision_id", "kind", "actor_id", "other_id", "article_id", "undoes")), _AT
)
_STORED = _HEAD.add_columns(_decisions.c.in_force, _decisions.c.content_key)
_RULING = (DecisionKind.MERGE.value, DecisionKind.SPLIT.value, DecisionKind.REJECT.value)
_CALLING = (DecisionKind.RENAME.value, DecisionKind.LINK.value)
_LEADING = (DecisionKind.MERGE.value, DecisionKind.REASSIGN.value)


@dataclass(slots=True)
class Affected:
    """Whom the decisions concern that came into force or went out of it."""

    names: set[str] = field(default_factory=set)
    """Names that are merged, split or kept apart."""
    shown: set[str] = field(default_factory=set)
    """Actors, or names of actors, that are shown otherwise, whether or not any statement becomes
    another's."""
    articles: set[str] = field(default_factory=set)
    """Articles with a statement that is reassigned."""
    count: int = 0

    def add(self, row: Row) -> None:
        """Add whom a decision concerns."""
        names = {row["actor_id"], row["other_id"]} - {None}
        self.shown |= names
        if row["kind"] in _RULING:
            self.names |= names
        elif row["kind"] == DecisionKind.REASSIGN:
            self.articles.add(row["article_id"])


def record(connection: sa.Connection, incoming: Iterable[Row]) -> Affected:
    """Keep these decisions; of two with one id the one with the smaller content key stands."""
    affected = Affected()
    rows = {
        row["decision_id"]: row for row in sorted(incoming, key=lambda row: row["content_key"], reverse=True)
    }
    if not rows:
        return affected
    lock(connection, Kind.DECISION, ["decisions"])
    stored = _related(connection, rows.values())
    fresh = {
        name: row
        for name, row in rows.items()
        if name not in stored or row["content_key"] < stored[name]["content_key"]
    }
    both = stored | fresh
    holding = in_force((row["decided_at"], name, row["undoes"]) for name, row in both.items())
    for name, row in sorted(both.items()):
        before = stored[name] if name in stored and stored[name]["in_force"] else None
        after = row if name in holding else None
        if before is not after:
            for changed in (before, after):
                if changed is not None:
                    affected.add(changed)
    upsert(
        connection, _decisions, [{**row, "in_force": name in holding} for name, row in sorted(fresh.items())]
    )
    for name in sorted(stored.keys() - fresh.keys()):
        if stored[name]["in_force"] != (name in holding):
            change = sa.update(_decisions).where(_decisions.c.decision_id == name)
            connection.execute(change.values(in_force=name in holding))
    affected.count = len(fresh)
    return affected


def _related(connection: sa.Connection, rows: Collection[Row]) -> dict[str, Row]:
    """The stored ones of these decisions, and all that undo them, or that they undo, or that undo those, and
    so on."""
    found: dict[str, Row] = {}
    wanted = {row["decision_id"] for row in rows} | {row["undoes"] for row in rows} - {None}
    seen: set[str] = set()
    while wanted:
        seen |= wanted
        new: dict[str, Row] = {}
        for chunk in chunks(sorted(wanted)):
            for column in (_decisions.c.decision_id, _decisions.c.undoes):
                for row in connection.execute(_STORED.where(column.in_(chunk))):
                    new[row.decision_id] = row._asdict()
        found |= new
        wanted = ({*new} | {row["undoes"] for row in new.values()}) - {None} - seen
    return found


class Law:
    """The decisions in force about names, read as they are asked for."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._any = _exists(connection)
        self._read: set[str] = set()
        self._found: set[Ruling] = set()
        self.rulings = Rulings()
        """Right for every name that was read."""

    def read(self, names: Iterable[str]) -> None:
        """Read what is decided about these names."""
        missing = set(names) - self._read if self._any else set()
        if not missing:
            return
        self._read |= missing
        before = len(self._found)
        for chunk in chunks(sorted(missing)):
            for column in (_decisions.c.actor_id, _decisions.c.other_id):
                query = _HEAD.where(_decisions.c.in_force, _decisions.c.kind.in_(_RULING), column.in_(chunk))
                for row in self._connection.execute(query):
                    self._found.add(
                        Ruling(
                            row.decided_at,
                            row.decision_id,
                            DecisionKind(row.kind),
                            row.actor_id,
                            row.other_id,
                        )
                    )
        if len(self._found) != before:
            self.rulings = Rulings(self._found)


@dataclass(slots=True)
class Called:
    """What people say an actor is called, and which Wikidata item it is; None where they do not say."""

    name: str | None = None
    wikidata: tuple[str | None] | None = None
    """The item, or None for none, where people say which."""
    entries: set[str] = field(default_factory=set)
    """Entries of the registry whose names the actor has."""
    meant: bool = False
    """Whether others were merged into it."""


def called(connection: sa.Connection, actors: Collection[str]) -> dict[str, Called]:
    """What is decided about actors on record. A decision about their own id comes first, then the last one
    about any of their names; what a name that was merged away is called is not what the other is called."""
    found: dict[str, Called] = defaultdict(Called)
    if not _exists(connection):
        return found
    own = sa.select(_decisions.c.actor_id.label("actor"), sa.literal(1).label("own"))
    names = sa.select(_identities.c.actor_id.label("actor"), sa.literal(0).label("own"))
    names = names.join_from(_decisions, _identities, _identities.c.identity_id == _decisions.c.actor_id)
    merge = _decisions.alias("merge")
    away = sa.exists().where(
        merge.c.actor_id == _decisions.c.actor_id, merge.c.in_force, merge.c.kind == DecisionKind.MERGE.value
    )
    columns = (
        _AT,
        *(_decisions.c[name] for name in ("decision_id", "kind", "name", "wikidata")),
        away.label("away"),
    )
    rows: list[Any] = []
    merged = sa.select(_decisions.c.other_id).where(
        _decisions.c.in_force, _decisions.c.kind == DecisionKind.MERGE.value
    )
    entries = (
        sa.select(_identities.c.actor_id, _identities.c.linked_to)
        .where(_identities.c.reason.in_(REGISTERED))
        .distinct()
    )
    for chunk in chunks(sorted(actors)):
        for query, column in ((own, _decisions.c.actor_id), (names, _identities.c.actor_id)):
            said = query.add_columns(*columns).where(
                _decisions.c.in_force, _decisions.c.kind.in_(_CALLING), column.in_(chunk)
            )
            rows += connection.execute(said)
        for actor in connection.execute(merged.where(_decisions.c.other_id.in_(chunk))).scalars():
            found[actor].meant = True
        for actor, entry in connection.execute(entries.where(_identities.c.actor_id.in_(chunk))):
            found[actor].entries.add(entry)
    for row in sorted(rows, key=lambda row: (row.own, row.decided_at, row.decision_id)):
        if row.kind == DecisionKind.LINK:
            found[row.actor].wikidata = (row.wikidata,)
        elif row.own or not row.away:
            found[row.actor].name = row.name
    return found


def meant(connection: sa.Connection, actors: Collection[str]) -> set[str]:
    """Those of these actors into whom others were merged, or to whom statements were reassigned."""
    found: set[str] = set()
    if not _exists(connection):
        return found
    query = sa.select(_decisions.c.other_id).where(_decisions.c.in_force, _decisions.c.kind.in_(_LEADING))
    for chunk in chunks(sorted(actors)):
        found |= set(connection.execute(query.where(_decisions.c.other_id.in_(chunk))).scalars())
    return found


def reassignments(connection: sa.Connection, articles: Collection[str]) -> dict[str, list[Any]]:
    """The reassignments in force, per article, in the order in which they hold: rows with ``decision_id``,
    ``other_id``, ``statement``."""
    found: dict[str, list[Any]] = defaultdict(list)
    if not _exists(connection):
        return found
    query = sa.select(
        _decisions.c.article_id, _decisions.c.decision_id, _decisions.c.other_id, _decisions.c.statement
    )
    query = query.where(_decisions.c.in_force, _decisions.c.kind == DecisionKind.REASSIGN.value)
    for chunk in chunks(sorted(articles)):
        for row in connection.execute(
            query.where(_decisions.c.article_id.in_(chunk)).order_by(_AT, _decisions.c.decision_id)
        ):
            found[row.article_id].append(row)
    return found


def unplaced(connection: sa.Connection, limit: int) -> set[str]:
    """Names that merges and splits in force name, and that have no row among the identities."""
    named = (
        sa.select(column.label("name")).where(_decisions.c.in_force, _decisions.c.kind.in_(kinds))
        for column, kinds in ((_decisions.c.actor_id, _RULING[:2]), (_decisions.c.other_id, _RULING[:1]))
    )
    names = sa.union(*named).subquery("names")
    known = sa.exists().where(_identities.c.identity_id == names.c.name)
    return set(connection.execute(sa.select(names.c.name).where(~known).limit(limit)).scalars())


def _exists(connection: sa.Connection) -> bool:
    """Whether people decided anything: of most records they did not, and the rest need not be asked."""
    return bool(connection.execute(sa.select(sa.exists(sa.select(_decisions)))).scalar_one())
