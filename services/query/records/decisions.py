"""What people decided about who is who, in plain words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import BigInteger, Connection, Row, Select, func, or_, select, type_coerce

from schemas.events import GAP, DecidedStatement, DecisionKind
from schemas.relational import actors, decisions, identities
from services.query.models import DecisionOnRecord
from services.query.paging import Order, Page, Position, page_of
from services.query.params import DecisionQuery
from services.query.problems import not_found
from services.query.text import shorten

MOST = 100
"""Decisions shown with one actor: more than anybody makes about one."""
WORDS = 120
"""Code points of a reassigned statement in a sentence about it."""

_ORDER = Order(
    name="decisions",
    key=type_coerce(decisions.c.decided_at, BigInteger),
    identifier=decisions.c.decision_id,
    descending=True,
    key_type=int,
)


def page(connection: Connection, query: DecisionQuery, limit: int, path: str) -> Page[DecisionOnRecord]:
    """A page of all decisions, the last first."""
    wanted = [decisions.c.kind == query.kind.value] if query.kind else []
    listing = (
        select(decisions, _ORDER.key.label("sort_key"))
        .where(*wanted)
        .order_by(*_ORDER.clauses())
        .limit(limit + 1)
    )
    if query.cursor:
        listing = listing.where(_ORDER.after(_ORDER.decode(query.cursor)))
    return page_of(
        connection.execute(listing).all(),
        limit=limit,
        total=connection.execute(select(func.count()).select_from(decisions).where(*wanted)).scalar_one(),
        order=_ORDER,
        position=lambda row: Position(row.sort_key, row.decision_id),
        build=lambda rows: _build(connection, rows),
        link=lambda cursor: query.link(path, cursor=cursor),
    )


def one(connection: Connection, decision_id: str) -> DecisionOnRecord:
    """One decision.

    Raises:
        Trouble: 404 when it is not on record.
    """
    found = _build(
        connection, connection.execute(select(decisions).where(decisions.c.decision_id == decision_id)).all()
    )
    if not found:
        raise not_found("decision", decision_id)
    return found[0]


def of_actor(connection: Connection, actor_id: str) -> list[DecisionOnRecord]:
    """The decisions that touch an actor on record, by its own id or by one of its names, and what undoes
    them; the last first."""
    names = select(identities.c.identity_id).where(identities.c.actor_id == actor_id)

    def about(column: Any) -> Any:
        return or_(column == actor_id, column.in_(names))

    touching = select(decisions).where(or_(about(decisions.c.actor_id), about(decisions.c.other_id)))
    found = list(connection.execute(_last(touching)))
    known = {row.decision_id for row in found}
    while undos := [row for row in _undoing(connection, known) if row.decision_id not in known]:
        known |= {row.decision_id for row in undos}
        found += undos
    return _build(
        connection, sorted(found, key=lambda row: (row.decided_at, row.decision_id), reverse=True)[:MOST]
    )


def _undoing(connection: Connection, known: Iterable[str]) -> list[Row[Any]]:
    return list(connection.execute(_last(select(decisions).where(decisions.c.undoes.in_(list(known))))))


def _last(query: Select[Any]) -> Select[Any]:
    return query.order_by(decisions.c.decided_at.desc(), decisions.c.decision_id.desc()).limit(MOST)


def _build(connection: Connection, rows: Sequence[Row[Any]]) -> list[DecisionOnRecord]:
    undone = {row.undoes for row in rows} - {None}
    others = (
        connection.execute(select(decisions).where(decisions.c.decision_id.in_(undone))).all()
        if undone
        else []
    )
    before = {row.decision_id: row for row in others}
    names = _names(connection, [*rows, *others])
    return [
        DecisionOnRecord(
            decision_id=row.decision_id, kind=row.kind, decided_at=row.decided_at, decided_by=row.decided_by, why=row.why,
            says=_says(row, names, before), in_force=row.in_force, actor_id=row.actor_id, other_id=row.other_id, name=row.name,
            wikidata=row.wikidata, undoes=row.undoes,
            statement=DecidedStatement.model_validate(row.statement, extra="ignore") if row.statement else None,
        )
        for row in rows
    ]  # fmt: skip


def _names(connection: Connection, rows: Iterable[Row[Any]]) -> dict[str, str]:
    """What the actors are called; one that is on record as another, or not at all, has its id for a name."""
    ids = {
        identifier for row in rows for identifier in (row.actor_id, row.other_id) if identifier is not None
    }
    found = connection.execute(select(actors.c.actor_id, actors.c.name).where(actors.c.actor_id.in_(ids)))
    return {identifier: identifier for identifier in ids} | {
        row.actor_id: f"{row.name} ({row.actor_id})" for row in found
    }


def _says(row: Row[Any], names: Mapping[str, str], before: Mapping[str, Row[Any]]) -> str:
    actor, other = names.get(row.actor_id, ""), names.get(row.other_id, "")
    if row.kind == DecisionKind.UNDO:
        undone = before.get(row.undoes)
        if undone is None:
            return f"undoes {row.undoes}, which is not on record"
        return (
            f"does not hold any more: {_says(undone, names, {})}"
            if undone.kind != DecisionKind.UNDO
            else f"the undoing {row.undoes}"
        )
    if row.kind == DecisionKind.REASSIGN:
        words = GAP.join(words["exact"] for words in row.statement["words"])
        return f"{other} said “{shorten(words, WORDS)}” in {row.article_id}"
    item = f"is {row.wikidata} on Wikidata" if row.wikidata else "is nobody on Wikidata"
    says = {
        DecisionKind.MERGE: f"is {other}",
        DecisionKind.SPLIT: "stands on its own",
        DecisionKind.RENAME: f"is called “{row.name}”",
        DecisionKind.LINK: item,
        DecisionKind.REJECT: f"is not {other}",
    }
    return f"{actor} {says[DecisionKind(row.kind)]}"
