"""Which statement each row on record is an appearance of, kept step by step: a batch costs what its own words
share with others.

The outcome is that of :func:`services.aggregate.grouping.grouped` over all statements on record, whatever
order they came in. This is the one place that learns of a statement that comes on record, leaves it, or has
another actor there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from schemas import relational
from schemas.relational import Standing
from services.aggregate.grouping import CROWD, Wording, grouped, standings, tolerance_of, wording_of
from services.aggregate.store.bulk import chunks, upsert
from services.aggregate.store.locks import Kind, lock

Row = Mapping[str, Any]

_statements, _shingles = relational.statements, relational.shingles

_COLUMNS = [
    _statements.c[name]
    for name in (
        "statement_id", "kind", "subkind", "on_record", "article_id", "document_id", "revision", "actor_id", "identity_id", "actor_name",
        "actor_kind", "wikidata", "alias", "text", "stance", "cue_lemma", "confidence", "quote_id", "outlet", "denied", "content_key",
        "wording", "appearance_of", "standing", "reassigned_by", "described",
    )
]  # fmt: skip
# the raw microseconds, not a datetime
SELECTED = sa.select(
    *_COLUMNS, sa.type_coerce(_statements.c.published_at, sa.BigInteger).label("published_at")
)
"""What is judged, counted and compared of a row."""


def regroup(connection: sa.Connection, left: Sequence[Row], came: Mapping[str, Row]) -> list[tuple[Row, int]]:
    """Group anew what rows that left and rows that came are linked with. Call it when they are written.

    Args:
        left: rows as they were, with the actor they had.
        came: rows by id, with the actor they have; one that left too has changed.

    Returns:
        Rows on record with the standing they have from now on: all that came, and the others whose standing
        changed, as they were.
    """
    if not left and not came:
        return []
    lock(connection, Kind.ACTOR, {row["actor_id"] for row in (*left, *came.values())})
    fresh = {identity: wording_of(row, row["actor_id"]) for identity, row in came.items()}
    _write(connection, [_values(wording, None, Standing.FIRST) for wording in fresh.values()])
    crossed = _index(
        connection,
        [wording_of(row, row["actor_id"]) for row in left if row["wording"] is not None],
        fresh.values(),
    )
    groups = {row["appearance_of"] for row in left} - {None}
    groups |= _groups_beside(connection, fresh)
    groups |= _groups_of(connection, _statements.c.wording, _holders(connection, crossed).keys())
    rows = {row["statement_id"]: row for row in _rows_where(connection, _statements.c.appearance_of, groups)}
    wordings = {identity: wording_of(row, row["actor_id"]) for identity, row in rows.items()} | fresh
    crowds = _crowds(connection, (wording.shingles() for wording in wordings.values()))
    return _settle(connection, rows, came, grouped(wordings.values(), crowds))


def _settle(
    connection: sa.Connection,
    rows: Mapping[str, Row],
    came: Mapping[str, Row],
    groups: Iterable[list[Wording]],
) -> list[tuple[Row, int]]:
    written: list[Mapping[str, Any]] = []
    found: list[tuple[Row, int]] = []
    for group in groups:
        lead = group[0].statement_id
        counted = standings(group)
        for wording in group:
            identity, standing = wording.statement_id, counted[wording.statement_id]
            before = rows.get(identity)
            if before is None:
                found.append((came[identity], standing))
            elif (before["appearance_of"], before["standing"]) == (lead, standing):
                continue
            elif before["standing"] != standing:
                found.append((before, standing))
            written.append(_values(wording, lead, standing))
    _write(connection, written)
    return found


def _values(wording: Wording, lead: str | None, standing: int) -> dict[str, Any]:
    key = wording.key if wording.compared else None
    return {"statement": wording.statement_id, "wording": key, "appearance_of": lead, "standing": standing}


_CHANGE = (
    sa.update(_statements)
    .where(_statements.c.statement_id == sa.bindparam("statement"))
    .values({name: sa.bindparam(name) for name in ("wording", "appearance_of", "standing")})
)


def _write(connection: sa.Connection, values: Sequence[Mapping[str, Any]]) -> None:
    if values:
        connection.execute(_CHANGE, sorted(values, key=lambda value: value["statement"]))


def _index(connection: sa.Connection, left: Iterable[Wording], came: Iterable[Wording]) -> set[int]:
    """Keep the shingles of the wordings on record, and of no others; returns the shingles that became a
    crowd's or no crowd's."""
    added = {wording.key: wording.shingles() for wording in came if wording.compared}
    lost = {
        wording.key: wording.shingles() for wording in left if wording.compared and wording.key not in added
    }
    touched = added | lost
    for chunk in chunks(sorted(touched)):
        held = sa.select(_statements.c.wording).where(_statements.c.wording.in_(chunk)).distinct()
        for key in connection.execute(held).scalars():
            lost.pop(key, None)
    before = _crowds(connection, touched.values())
    upsert(
        connection,
        _shingles,
        [{"shingle": shingle, "wording": key} for key in sorted(added) for shingle in sorted(added[key])],
    )
    for key in sorted(lost):
        for chunk in chunks(sorted(lost[key])):
            connection.execute(
                sa.delete(_shingles).where(_shingles.c.shingle.in_(chunk), _shingles.c.wording == key)
            )
    return before ^ _crowds(connection, touched.values())


def _crowds(connection: sa.Connection, wordings: Iterable[Iterable[int]]) -> set[int]:
    found: set[int] = set()
    for chunk in chunks(sorted({shingle for shingles in wordings for shingle in shingles})):
        query = (
            sa.select(_shingles.c.shingle).where(_shingles.c.shingle.in_(chunk)).group_by(_shingles.c.shingle)
        )
        found.update(connection.execute(query.having(sa.func.count() > CROWD)).scalars())
    return found


def _holders(connection: sa.Connection, wanted: Iterable[int]) -> dict[int, set[int]]:
    """The wordings that hold any of the shingles, each with those it holds."""
    found: defaultdict[int, set[int]] = defaultdict(set)
    for chunk in chunks(sorted(wanted)):
        for shingle, key in connection.execute(sa.select(_shingles).where(_shingles.c.shingle.in_(chunk))):
            found[key].add(shingle)
    return found


def _groups_beside(connection: sa.Connection, fresh: Mapping[str, Wording]) -> set[str]:
    """The groups of rows that may be linked with a fresh one."""
    own: defaultdict[int, list[Wording]] = defaultdict(list)
    sharing: defaultdict[int, list[Wording]] = defaultdict(list)
    for wording in fresh.values():
        if wording.compared:
            own[wording.key].append(wording)
            for shingle in wording.shingles():
                sharing[shingle].append(wording)
    few = sharing.keys() - _crowds(connection, [sharing])
    beside = {
        key: [wording for shingle in shingles for wording in sharing[shingle]]
        for key, shingles in _holders(connection, few).items()
    }
    found: set[str] = set()
    for row in _rows_where(connection, _statements.c.wording, own.keys() | beside.keys()):
        other = wording_of(row, row["actor_id"])
        if any(
            tolerance_of(wording, other) is not None
            for wording in (*own[row["wording"]], *beside.get(row["wording"], ()))
        ):
            found.add(row["appearance_of"])
    quotes = {wording.quote_id for wording in fresh.values()} - {None}
    found |= _groups_of(connection, _statements.c.statement_id, quotes) | _groups_of(
        connection, _statements.c.quote_id, fresh
    )
    return found - {None}


def _groups_of(connection: sa.Connection, column: sa.Column[Any], values: Iterable[Any]) -> set[str]:
    found: set[str] = set()
    for chunk in chunks(sorted(values)):
        query = (
            sa.select(_statements.c.appearance_of)
            .where(column.in_(chunk), _statements.c.on_record)
            .distinct()
        )
        found.update(connection.execute(query).scalars())
    return found - {None}


def _rows_where(connection: sa.Connection, column: sa.Column[Any], values: Iterable[Any]) -> Iterable[Row]:
    for chunk in chunks(sorted(values)):
        query = SELECTED.where(column.in_(chunk), _statements.c.on_record)
        for row in connection.execute(query):
            yield row._asdict()
