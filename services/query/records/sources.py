"""Outlets, and which of them are silent."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from schemas.sources import selection, sources_of
from services.query.models import SourceList, SourceState


def listing(connection: Connection, now: datetime) -> SourceList:
    """Every outlet of the last four weeks as of ``now``: silent ones first, then by name."""
    found = sources_of(connection.execute(selection(now)), now)
    items = [
        SourceState(
            outlet=source.outlet,
            articles_24h=source.day,
            articles_7d=source.week,
            last_article=source.last_article,
            outcomes=dict(source.outcomes),
            usual_silence_s=None if source.allowed is None else int(source.allowed.total_seconds()),
            silent_since=source.silent_since,
        )
        for source in sorted(found, key=lambda source: source.silent_since is None)
    ]
    return SourceList(
        items=items, total=len(items), silent=sum(item.silent_since is not None for item in items)
    )
