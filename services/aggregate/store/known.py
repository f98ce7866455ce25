"""Users' own entries of the registry: reference data beside the record, put in by
:mod:`services.cli.registry`, never derived.

They stand in the database, because it is what all replicas share, so that the record stays a function of the
log and of this table. Every process that writes holds :data:`registry_state`'s row while it does, and a
change of the entries waits for it: nothing is written by another registry than the one that the row names.
Whoever has read another one reads it again, and links the record anew if nobody has yet.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from schemas.relational import known_actors, registry_state
from services.aggregate import grouping
from services.aggregate.identity import registry
from services.aggregate.identity.checking import problems_among
from services.aggregate.identity.entry import ENTRY, Entry
from services.aggregate.store.bulk import delete, upsert
from services.chassis.errors import CommitFailed, OnrecordError

_MOST_PROBLEMS = 20


@dataclass(frozen=True, slots=True)
class Changed:
    """How many entries an import added, changed and removed, and how many stayed as they were."""

    added: int
    changed: int
    removed: int
    same: int


@dataclass(frozen=True, slots=True)
class Known:
    """An entry, and the list it came with."""

    source: str
    entry: Entry


def is_current(connection: sa.Connection) -> bool:
    """Whether the registry in use is that of the database; it stays so until the transaction ends.

    Raises:
        CommitFailed: another release has made the record anew by its own rules: what this one would write is
            none of it.
    """
    state = connection.execute(sa.select(registry_state).with_for_update(read=True)).one_or_none()
    if (state.imported if state else 0) != registry.imported():
        return False
    if state is not None and (state.linked_by, state.grouped_by) != _rules():
        raise CommitFailed(
            "another release has made the record anew by other rules: start this one again to have the record"
            " by its rules, or end it",
            cause="rules",
        )
    return True


def alone(connection: sa.Connection) -> None:
    """Wait until no replica applies a batch or works on the record as a whole, and keep them waiting until
    the transaction ends. To be called first in it: whoever applies a batch holds the same row, shared, from
    the beginning."""
    connection.execute(sa.select(registry_state.c.id).with_for_update())


def take_up(connection: sa.Connection) -> tuple[bool, bool]:
    """Put the database's entries into the registry in use; returns whether the record is linked by them and
    by this release's rules, and whether it is grouped by its rules. From now on it is taken to be."""
    state = connection.execute(sa.select(registry_state).with_for_update()).one_or_none()
    if (state.imported if state else 0) != registry.imported():
        registry.use(known.entry for known in listed(connection))
    linked_by, grouped_by = _rules()
    linked, grouped = (
        state is not None and state.linked_by == linked_by,
        state is not None and state.grouped_by == grouped_by,
    )
    if not (linked and grouped):
        _note(connection, linked_by=linked_by, grouped_by=grouped_by)
    return linked, grouped


def _rules() -> tuple[int, int]:
    return registry.rules(), grouping.rules()


def listed(connection: sa.Connection) -> list[Known]:
    """All of users' entries, by list and id."""
    rows = connection.execute(
        sa.select(known_actors).order_by(known_actors.c.source, known_actors.c.actor_id)
    )
    return [Known(row.source, ENTRY.validate_python(row.entry)) for row in rows]


def replace(connection: sa.Connection, source: str, entries: Sequence[Entry]) -> Changed:
    """Make these the entries of the list ``source``, instead of those it had.

    Raises:
        OnrecordError: they contradict each other or those of another list; nothing was changed.
    """
    alone(connection)
    stored = listed(connection)
    before = {known.entry.id: known.entry for known in stored if known.source == source}
    others = {known.entry.id: known for known in stored if known.source != source}
    problems = [
        f"{entry.id} is in the list {others[entry.id].source} already; remove one of them"
        for entry in entries
        if entry.id in others
    ]
    problems += problems_among(entries, (known.entry for known in others.values()))
    if problems:
        raise OnrecordError(f"nothing was imported: {told(problems)}")
    after = {entry.id: entry for entry in entries}
    delete(connection, known_actors.c.actor_id, sorted(before.keys() - after.keys()))
    changed = [entry for entry in after.values() if before.get(entry.id) != entry]
    upsert(
        connection,
        known_actors,
        [_row(source, entry) for entry in sorted(changed, key=lambda entry: entry.id)],
    )
    _note_imported(connection)
    added = len(after.keys() - before.keys())
    return Changed(added, len(changed) - added, len(before.keys() - after.keys()), len(after) - len(changed))


def remove(connection: sa.Connection, wanted: Collection[str]) -> int:
    """Remove lists by name, or entries by id; returns how many entries.

    Raises:
        OnrecordError: one of them is neither; nothing was changed.
    """
    alone(connection)
    stored = listed(connection)
    unknown = sorted(set(wanted) - {name for known in stored for name in (known.source, known.entry.id)})
    if unknown:
        raise OnrecordError(
            f"nothing was removed: {', '.join(unknown)}: no list and no id among the imported entries;"
            " `imported` lists them"
        )
    gone = sorted(known.entry.id for known in stored if known.source in wanted or known.entry.id in wanted)
    delete(connection, known_actors.c.actor_id, gone)
    _note_imported(connection)
    return len(gone)


def told(problems: Sequence[str]) -> str:
    """As many problems as one reads, a line each."""
    more = [f"… and {len(problems) - _MOST_PROBLEMS} more"] if len(problems) > _MOST_PROBLEMS else []
    return "\n  ".join(["", *problems[:_MOST_PROBLEMS], *more]) if len(problems) > 1 else problems[0]


def _note_imported(connection: sa.Connection) -> None:
    _note(connection, imported=registry.checksum(known.entry for known in listed(connection)))


def _note(connection: sa.Connection, **values: int) -> None:
    if not connection.execute(sa.update(registry_state).values(**values)).rowcount:
        connection.execute(
            sa.insert(registry_state).values(**({"id": 0, "imported": 0, "linked_by": 0} | values))
        )


def _row(source: str, entry: Entry) -> dict[str, Any]:
    return {
        "actor_id": entry.id,
        "source": source,
        "entry": ENTRY.dump_python(entry, mode="json", exclude_defaults=True),
    }
