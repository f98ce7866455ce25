"""What came on record and what left it, in that order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Row, Select, func, select

from schemas.relational import EPOCH, changes, documents, statements
from services.query.models import Statement, Withdrawal
from services.query.params import StatementSelection
from services.query.records import actors as actor_records
from services.query.records import statements as statement_records
from services.query.records.conditions import of_statements


@dataclass(frozen=True, slots=True)
class Change:
    """A statement that came on record, or the news that one left it."""

    seq: int
    what: Statement | Withdrawal


def head(connection: Connection) -> int:
    """The place of the last change; 0 when there was none."""
    return connection.execute(select(func.max(changes.c.seq))).scalar_one() or 0


def since(connection: Connection, after: int, query: StatementSelection, limit: int) -> tuple[list[Change], int]:
    """The changes after a place that the query leaves, oldest first, and the place to go on after.

    What left the record has no words any more: of the filters only actor, kind and outlet are held against it. Who follows ignores
    the withdrawal of what it never had.
    """
    upto = head(connection)
    actor = actor_records.current(connection, query.actor) if query.actor else None
    came = _came(query, actor).where(changes.c.seq > after).order_by(changes.c.seq).limit(limit)
    left = _left(query, actor).where(changes.c.seq > after).order_by(changes.c.seq).limit(limit)
    found = [Change(row.seq, statement_records.build(row)) for row in connection.execute(came)]
    gone = [_withdrawal(row) for row in connection.execute(left)]
    for part in (found, gone):
        if len(part) == limit:
            # behind the last one there may be more of its sort
            upto = min(upto, part[-1].seq)
    merged = sorted((*found, *gone), key=lambda change: change.seq)
    return [change for change in merged if change.seq <= upto], upto


def latest(connection: Connection, query: StatementSelection, limit: int) -> list[Change]:
    """The statements on record that the query leaves, the last to come first.

    Raises:
        Trouble: 404 when nothing is on record for the actor.
    """
    actor = actor_records.existing(connection, query.actor) if query.actor else None
    # for a few of all it is less work to find them and sort than to look at all in order: told so by a key that no index has
    key = changes.c.seq + 0 if actor or query.q or query.outlet else changes.c.seq
    chosen = _came(query, actor).order_by(key.desc()).limit(limit)
    return [Change(row.seq, statement_records.build(row)) for row in connection.execute(chosen)]


def withdrawals(connection: Connection, query: StatementSelection, limit: int) -> list[Change]:
    """What left the record, last first, as far as filters can be held against it (as :func:`since`)."""
    actor = actor_records.current(connection, query.actor) if query.actor else None
    chosen = _left(query, actor).order_by(changes.c.seq.desc()).limit(limit)
    return [_withdrawal(row) for row in connection.execute(chosen)]


def _came(query: StatementSelection, actor: str | None) -> Select[Any]:
    wanted = of_statements(query)
    if actor:
        wanted.append(statements.c.actor_id == actor)
    numbered = statement_records.selection(changes.c.seq).join(changes, changes.c.statement_id == statements.c.statement_id)
    return numbered.where(*wanted)


def _left(query: StatementSelection, actor: str | None) -> Select[Any]:
    given = ((changes.c.actor_id, actor), (changes.c.kind, query.kind), (changes.c.outlet, query.outlet))
    wanted = [column == value for column, value in given if value]
    found = select(changes, documents.c.withdrawn).outerjoin(documents, documents.c.article_id == changes.c.article_id)
    return found.where(~changes.c.on_record, *wanted)


def _withdrawal(row: Row[Any]) -> Change:
    reason: Literal["withdrawn", "revised"] = "withdrawn" if row.withdrawn else "revised"
    gone = Withdrawal(
        statement_id=row.statement_id, kind=row.kind, actor_id=row.actor_id, article_id=row.article_id, outlet=row.outlet,
        reason=reason, at=moment(row.seq),
    )  # fmt: skip
    return Change(row.seq, gone)


def moment(seq: int) -> datetime:
    """When the change of this place was."""
    return EPOCH + timedelta(microseconds=seq)
