"""What articles do not say any more: where old links lead."""

from __future__ import annotations

from sqlalchemy import Connection, select

from schemas.relational import documents, retired, statements
from services.query.problems import Gone, Moved, Retired, Trouble, not_found


def trouble(connection: Connection, statement_id: str) -> Trouble:
    """Why a statement is not on record: its article says it under another id now, or not any more, or nobody
    knows it."""
    row = connection.execute(select(retired).where(retired.c.statement_id == statement_id)).one_or_none()
    if row is None:
        return not_found("statement", statement_id)
    s = statements.c
    again = select(s.statement_id).where(
        s.article_id == row.article_id,
        s.on_record,
        s.kind == row.kind,
        s.text == row.text,
        s.actor_name == row.actor_name,
    )
    now = connection.execute(again.order_by(s.statement_id).limit(1)).scalar_one_or_none()
    if now is not None:
        return Moved("statement", statement_id, now)
    document = connection.execute(
        select(documents.c.title, documents.c.url, documents.c.outlet, documents.c.revision, documents.c.withdrawn, documents.c.fetched_at)
        .where(documents.c.article_id == row.article_id)
    ).one()  # fmt: skip
    return Gone(
        Retired(
            statement_id=statement_id,
            kind=row.kind,
            text=row.text,
            name=row.actor_name,
            article_id=row.article_id,
            title=document.title,
            url=document.url,
            outlet=document.outlet,
            revision=row.revision,
            replaced_by=document.revision,
            withdrawn=document.withdrawn,
            since=document.fetched_at,
        )
    )


def of_article(connection: Connection, article_id: str, limit: int) -> list[tuple[str, str, str, str]]:
    """What an article does not say any more: id, kind, name, words; the latest revision's first."""
    query = select(retired.c.statement_id, retired.c.kind, retired.c.actor_name, retired.c.text).where(
        retired.c.article_id == article_id
    )
    order = (retired.c.revision.desc(), retired.c.statement_id)
    return [
        (row.statement_id, row.kind, row.actor_name, row.text)
        for row in connection.execute(query.order_by(*order).limit(limit))
    ]
