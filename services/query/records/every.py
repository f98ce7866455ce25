"""An actor counted wherever it is told: every wire copy, and the quote beside the claim it stands in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, Row, case, func, select, true, type_coerce

from schemas.events import Counts, StatementKind
from schemas.relational import UNDATED, Dimension, microseconds, statements

_DAY_US = 86_400_000_000
_SAID = statements.c.denied.is_not(true())
_DAY = (type_coerce(statements.c.sort_at, BigInteger) - microseconds(UNDATED)) // _DAY_US
"""Days since 1 January of the year 1, which has no undated ones of others."""


@dataclass(frozen=True, slots=True)
class Tally:
    """As a row of :data:`schemas.relational.tallies`."""

    value: str
    quotes: int
    claims: int


def counts(connection: Connection, actor: Row[Any]) -> Counts:
    """What is on record for an actor; ``actor`` is its row."""
    said = _by(connection, actor.actor_id, statements.c.actor_id)
    denied = select(func.count()).where(
        statements.c.actor_id == actor.actor_id, statements.c.on_record, statements.c.denied
    )
    quotes, claims = (said[0].quotes, said[0].claims) if said else (0, 0)
    return Counts(
        quotes=quotes,
        claims=claims,
        articles=actor.articles,
        outlets=actor.outlets,
        denied=connection.execute(denied).scalar_one(),
    )


def shares(connection: Connection, actor_id: str) -> Mapping[Dimension, Sequence[Tally]]:
    """The day series, outlets, cues and stances of an actor."""
    days = _by(connection, actor_id, _DAY, statements.c.published_at.is_not(None))
    return {
        Dimension.DAY: [
            Tally((date.min + timedelta(days=int(t.value))).isoformat(), t.quotes, t.claims) for t in days
        ],
        Dimension.OUTLET: _by(connection, actor_id, statements.c.outlet),
        Dimension.CUE: _by(connection, actor_id, statements.c.cue_lemma),
        Dimension.STANCE: _by(connection, actor_id, statements.c.stance),
    }


def _by(
    connection: Connection, actor_id: str, value: ColumnElement[Any], *conditions: ColumnElement[bool]
) -> list[Tally]:
    # in two steps: PostgreSQL does not see that two expressions with parameters are one
    said = select(value.label("value"), statements.c.kind).where(
        statements.c.actor_id == actor_id, statements.c.on_record, _SAID, value.is_not(None), *conditions
    )
    rows = said.subquery("said").c

    def number(kind: StatementKind) -> ColumnElement[int]:
        return func.count(case((rows.kind == kind.value, 1)))

    query = select(rows.value, number(StatementKind.QUOTE), number(StatementKind.CLAIM)).group_by(rows.value)
    return [Tally(str(found), quotes, claims) for found, quotes, claims in connection.execute(query)]
