"""What came on record and what left it, in that order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Row, Select, and_, func, not_, or_, select

from schemas.relational import EPOCH, Standing, changes, documents, search
from services.query.models import Statement, Withdrawal
from services.query.params import StatementSelection
from services.query.records import actors as actor_records
from services.query.records import statements as statement_records
from services.query.records.outlets import meant

_OF_NOW = and_(changes.c.statement_id == search.c.statement_id, changes.c.actor_id == search.c.actor_id)


@dataclass(frozen=True, slots=True)
class Change:
    """A statement that came on record, or the news that one left it."""

    seq: int
    what: Statement | Withdrawal


def head(connection: Connection) -> int:
    """The place of the last change; 0 when there was none."""
    return connection.execute(select(func.max(changes.c.seq))).scalar_one() or 0


def since(
    connection: Connection, after: int, query: StatementSelection, limit: int
) -> tuple[list[Change], int]:
    """The changes after a place that the query leaves, oldest first, and the place to go on after.

    What left the record has no words any more: of the filters only actor, kind and outlet are held against
    it. Who follows ignores the withdrawal of what it never had.

    Raises:
        Trouble: 422 when the words looked for cannot be read as a search.
    """
    upto = head(connection)
    actor = actor_records.current(connection, query.actor) if query.actor else None
    # few are new: each is looked at
    came = (
        _came(connection, query, actor, probe=True)
        .where(changes.c.seq > after)
        .order_by(changes.c.seq)
        .limit(limit)
    )
    left = _left(connection, query, actor).where(changes.c.seq > after).order_by(changes.c.seq).limit(limit)
    found, gone = _statements(connection, came), [_withdrawal(row) for row in connection.execute(left)]
    for part in (found, gone):
        if len(part) == limit:
            # behind the last one there may be more of its sort
            upto = min(upto, part[-1].seq)
    merged = sorted((*found, *gone), key=lambda change: change.seq)
    return [change for change in merged if change.seq <= upto], upto


def latest(connection: Connection, query: StatementSelection, limit: int) -> list[Change]:
    """The statements on record that the query leaves, the last to come first.

    Raises:
        Trouble: 404 when nothing is on record for the actor, 422 as :func:`since`.
    """
    actor = actor_records.existing(connection, query.actor) if query.actor else None
    # for a few of all it is less work to find them and sort than to look at all in order: told so by a key
    # that no index has
    key = changes.c.seq + 0 if actor or query.q or query.outlet else changes.c.seq
    return _statements(connection, _came(connection, query, actor).order_by(key.desc()).limit(limit))


def withdrawals(connection: Connection, query: StatementSelection, limit: int) -> list[Change]:
    """What left the record, last first, as far as filters can be held against it (as :func:`since`)."""
    actor = actor_records.current(connection, query.actor) if query.actor else None
    chosen = _left(connection, query, actor).order_by(changes.c.seq.desc()).limit(limit)
    return [_withdrawal(row) for row in connection.execute(chosen)]


def _came(
    connection: Connection, query: StatementSelection, actor: str | None, *, probe: bool = False
) -> Select[Any]:
    conditions = [search.c.actor_id == actor] if actor else []
    wanted = statement_records.listed(connection, query, conditions, probe=probe)
    return (
        select(changes.c.seq, changes.c.statement_id)
        .select_from(changes.join(search, _OF_NOW))
        .where(*wanted)
    )


def _statements(connection: Connection, chosen: Select[Any]) -> list[Change]:
    rows = connection.execute(chosen).all()
    whole = statement_records.by_id(connection, [row.statement_id for row in rows])
    return [Change(row.seq, whole[row.statement_id]) for row in rows]


def _left(connection: Connection, query: StatementSelection, actor: str | None) -> Select[Any]:
    """Statements that are not listed any more: off the record, another actor's now, or told once and not by
    this appearance."""
    # who follows no actor is told of a statement that got another one, and of no withdrawal
    gone = ~changes.c.on_record if actor else and_(~changes.c.on_record, search.c.statement_id.is_(None))
    if query.once:
        least = Standing.OUTLET if query.outlet else Standing.FIRST
        followed = and_(
            changes.c.on_record, changes.c.standing >= least.value, search.c.actor_id == changes.c.actor_id
        )
        gone = or_(gone, and_(followed, not_(statement_records.leads(connection, query))))
    wanted = [gone]
    if actor:
        wanted.append(changes.c.actor_id == actor)
    if query.kind:
        wanted.append(changes.c.kind == query.kind.value)
    if query.outlet:
        wanted.append(changes.c.outlet.in_(meant(connection, query.outlet)))
    now = changes.outerjoin(search, search.c.statement_id == changes.c.statement_id)
    now = now.outerjoin(documents, documents.c.article_id == changes.c.article_id)
    elsewhere = search.c.statement_id.is_not(None).label("elsewhere")
    return select(changes, documents.c.withdrawn, elsewhere).select_from(now).where(*wanted)


def _withdrawal(row: Row[Any]) -> Change:
    gone = Withdrawal(
        statement_id=row.statement_id, kind=row.kind, actor_id=row.actor_id, article_id=row.article_id, outlet=row.outlet,
        reason=_reason(row), at=moment(row.seq),
    )  # fmt: skip
    return Change(row.seq, gone)


def _reason(row: Row[Any]) -> Literal["withdrawn", "revised", "moved", "copy"]:
    if row.on_record:
        return "copy"
    if row.elsewhere:
        return "moved"
    return "withdrawn" if row.withdrawn else "revised"


def moment(seq: int) -> datetime:
    """When the change of this place was."""
    return EPOCH + timedelta(microseconds=seq)
