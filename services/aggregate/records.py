"""The published form of an actor's record. Pure: rows in, event out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from schemas.events import ActorRecord, Counts, Day, Share, StatementSummary

LATEST = 20
"""Statements a record shows: one screen. The API serves the rest."""
SUMMARY_CHARS = 500
"""As :class:`StatementSummary` promises."""
MAX_SHARES = 100
"""Outlets and cues a record lists: the tail carries little, and a record must fit one message (1 MiB)."""
MAX_DAYS = 3_660
"""Latest days a record lists, ten years of daily statements: below 200 kB."""


def record_of(
    row: Mapping[str, Any],
    days: Iterable[tuple[str, int, int]],
    shares: Mapping[str, Sequence[tuple[str, int]]],
    latest: Iterable[Mapping[str, Any]],
) -> ActorRecord:
    """The record of one actor.

    Args:
        row: of ``actors``.
        days: ISO date, quotes, claims; in date order.
        shares: per dimension (``outlet``, ``cue``, ``stance``), values with their statements, most frequent first.
        latest: rows of ``statements``, newest first.
    """
    return ActorRecord(
        actor_id=row["actor_id"],
        name=row["name"],
        kind=row["kind"],
        aliases=tuple(row["aliases"]),
        wikidata=row["wikidata"],
        counts=Counts(quotes=row["quotes"], claims=row["claims"], articles=row["articles"], outlets=row["outlets"]),
        first_seen=row["first_seen"],
        last_seen=row["last_seen"],
        days=tuple(Day(date=dt.date.fromisoformat(day), quotes=quotes, claims=claims) for day, quotes, claims in days)[-MAX_DAYS:],
        outlets=_shares(shares.get("outlet", ())),
        cues=_shares(shares.get("cue", ())),
        stances=_shares(shares.get("stance", ())),
        latest=tuple(_summary(statement) for statement in latest),
    )


def _shares(values: Sequence[tuple[str, int]]) -> tuple[Share, ...]:
    return tuple(Share(value=value, statements=count) for value, count in values[:MAX_SHARES])


def _summary(row: Mapping[str, Any]) -> StatementSummary:
    return StatementSummary(
        statement_id=row["statement_id"],
        kind=row["kind"],
        text=row["text"][:SUMMARY_CHARS],
        article_id=row["article_id"],
        outlet=row["outlet"],
        published_at=row["published_at"],
        confidence=row["confidence"],
        within=row["within"],
    )
