"""The outlets on record, and which of them is meant."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from schemas.relational import documents, fold


def known(connection: Connection) -> list[str]:
    """All outlets with an article on record, sorted; one look into an index each, however many articles there
    are."""
    there = ~documents.c.withdrawn
    first = select(func.min(documents.c.outlet).label("outlet")).where(there).cte("outlets", recursive=True)
    after = (
        select(func.min(documents.c.outlet))
        .where(there, documents.c.outlet > first.c.outlet)
        .scalar_subquery()
    )
    walk = first.union_all(select(after).where(first.c.outlet.is_not(None)))
    return list(connection.execute(select(walk.c.outlet).where(walk.c.outlet.is_not(None))).scalars())


def meant(connection: Connection, typed: str) -> list[str]:
    """The outlets that are written so, whatever the case and the accents; what was typed where there is
    none."""
    return [outlet for outlet in known(connection) if fold(outlet) == fold(typed)] or [typed]
