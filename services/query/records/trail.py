"""Where an article went: its trail, told together with what is on record now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any

from sqlalchemy import Connection, Row, func, or_, select

from schemas.events import StatementKind
from schemas.relational import Fate, Step, documents, statements, trail, trail_key
from services.query.models import ArticleTrail, TrailStep, Whereabouts
from services.query.problems import Trouble

_DOCUMENT = [
    documents.c[name]
    for name in ("article_id", "document_id", "revision", "withdrawn", "url", "outlet", "title")
]
_STAGES = list(Step)
_MOST = 1_000
"""Steps that are told, the latest: an article of three hundred revisions is a fault to look at, not to
print."""


def one(connection: Connection, name: str) -> ArticleTrail:
    """The trail of an article by its id, or of refused input by its name.

    Raises:
        Trouble: 404 when nothing is known of it.
    """
    found = find(connection, [name])
    if found is None:
        detail = (
            f"Nothing is known of {name!r}: it never came in, or so long ago that its trail was deleted, or"
            " it was left out as a duplicate of another article, or it has not been read yet. `onrecord"
            " trace` says what to check."
        )
        raise Trouble(HTTPStatus.NOT_FOUND, "unknown-article", detail)
    return found


def find(connection: Connection, names: Iterable[str]) -> ArticleTrail | None:
    """The trail of the first of these ids (or names of refused input) that anything is known of."""
    for name in names:
        key = trail_key(name)
        newest = select(trail).where(or_(trail.c.article_id == key, trail.c.input == key))
        rows = connection.execute(
            newest.order_by(trail.c.at.desc(), trail.c.offset.desc()).limit(_MOST)
        ).all()
        document = connection.execute(select(*_DOCUMENT).where(documents.c.article_id == name)).one_or_none()
        if rows or document is not None:
            return _told(connection, name, rows, document)
    return None


def of_address(connection: Connection, url: str) -> list[str]:
    """The ids of articles on record that were published at exactly this address; no index, so it reads every
    article's head."""
    return list(
        connection.execute(
            select(documents.c.article_id).where(documents.c.url == url).order_by(documents.c.article_id)
        ).scalars()
    )


def _told(
    connection: Connection, name: str, rows: Sequence[Row[Any]], document: Row[Any] | None
) -> ArticleTrail:
    article = name if document is not None or any(row.article_id is not None for row in rows) else None
    counts = _counts(connection, name) if article is not None else {}
    steps = _steps(rows, document)
    return ArticleTrail(
        article_id=article,
        input=None if article is not None else name,
        status=_status(steps, document),
        revision=document.revision if document is not None else None,
        url=document.url if document is not None else None,
        outlet=(
            document.outlet
            if document is not None
            else next((row.outlet for row in rows if row.outlet), None)
        ),
        title=document.title if document is not None else None,
        quotes=counts.get((StatementKind.QUOTE, True), 0),
        claims=counts.get((StatementKind.CLAIM, True), 0),
        waiting=sum(count for (_, on_record), count in counts.items() if not on_record),
        steps=steps,
    )


def _counts(connection: Connection, article: str) -> dict[tuple[str, bool], int]:
    query = select(statements.c.kind, statements.c.on_record, func.count()).where(
        statements.c.article_id == article
    )
    grouped = query.group_by(statements.c.kind, statements.c.on_record)
    return {(kind, bool(on_record)): count for kind, on_record, count in connection.execute(grouped)}


def _steps(rows: Iterable[Row[Any]], document: Row[Any] | None) -> list[TrailStep]:
    steps: list[TrailStep] = []
    seen = set()
    for row in sorted(
        rows, key=lambda row: (row.at, _STAGES.index(Step(row.stage)), row.topic, row.partition, row.offset)
    ):
        # a refused input's letter is written again whenever others of its topic are replayed
        same = (
            (row.at, row.input, row.reason, row.detail)
            if row.outcome == Fate.REJECTED
            else (row.topic, row.partition, row.offset, row.stage)
        )
        if same in seen:
            continue
        seen.add(same)
        steps.append(
            TrailStep(
                stage=row.stage,
                outcome=_outcome(row, document),
                at=row.at,
                after_s=(row.at - steps[-1].at).total_seconds() if steps else None,
                revision=row.revision,
                reason=row.reason,
                detail=row.detail,
                topic=row.topic,
                partition=row.partition,
                offset=row.offset,
                letter=row.letter,
                trace_id=row.trace_id,
            )
        )
    return steps


def _outcome(row: Row[Any], document: Row[Any] | None) -> str:
    """A recorded document is on record until another one takes its place."""
    if row.outcome != Fate.RECORDED:
        return str(row.outcome)
    if document is None or document.document_id != row.event_id:
        return "superseded"
    return "withdrawn" if document.withdrawn else "on_record"


def _status(steps: Sequence[TrailStep], document: Row[Any] | None) -> Whereabouts:
    if document is not None:
        return "withdrawn" if document.withdrawn else "on_record"
    last = steps[-1].outcome
    return (
        "dead_lettered"
        if last == Fate.DEAD_LETTERED
        else "rejected"
        if last == Fate.REJECTED
        else "in_progress"
    )
