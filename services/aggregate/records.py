"""The published form of an actor's record. Pure: rows in, event out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic_core import to_json

from schemas.events import ActorRecord, Counts, Day, RecordPart, Share, StatementSummary

LATEST = 20
"""Statements a record shows: one screen. The API serves the rest."""
SUMMARY_CHARS = 500
"""As :class:`StatementSummary` promises."""
MAX_SHARES = 100
"""Outlets and cues a record lists: the tail carries little, and a record must fit one message (1 MiB)."""
MAX_DAYS = 3_660
"""Latest days a record lists, ten years of daily statements: below 200 kB."""

SHORT_CHARS = 80
"""Code points of a statement, or of a name, that a shortened record still shows: a line."""
_MARK_BYTES: Final = len(to_json(list(RecordPart))) + len(',"shortened":')
_FIRST, _LAST = 0, -1
_LISTS: Final = (
    (RecordPart.LATEST, _LAST),
    (RecordPart.DAYS, _FIRST),
    (RecordPart.CUES, _LAST),
    (RecordPart.OUTLETS, _LAST),
    (RecordPart.ALIASES, _LAST),
)
"""What is shortened item by item, and at which end it is least missed."""


@dataclass(frozen=True, slots=True)
class Gone:
    """Nothing is on record under an id any more; ``merged_into`` is the actor that has it now, if any has."""

    merged_into: str | None = None


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
        shares: per dimension (``outlet``, ``cue``, ``stance``), values with their statements, most frequent
            first.
        latest: rows of ``statements``, newest first.
    """
    return ActorRecord(
        actor_id=row["actor_id"],
        name=row["name"],
        kind=row["kind"],
        aliases=tuple(row["aliases"]),
        wikidata=row["wikidata"],
        counts=Counts(
            quotes=row["quotes"],
            claims=row["claims"],
            articles=row["articles"],
            outlets=row["outlets"],
            denied=row["denied"],
        ),
        first_seen=row["first_seen"],
        last_seen=row["last_seen"],
        days=tuple(
            Day(date=dt.date.fromisoformat(day), quotes=quotes, claims=claims) for day, quotes, claims in days
        )[-MAX_DAYS:],
        outlets=_shares(shares.get("outlet", ())),
        cues=_shares(shares.get("cue", ())),
        stances=_shares(shares.get("stance", ())),
        latest=tuple(_summary(statement) for statement in latest),
        article_id=row["article_id"],
    )


def shortened(record: ActorRecord, excess: int) -> ActorRecord:
    """The record with at least ``excess`` bytes less, as far as there is that much to leave out, and with the
    mark of what was.

    In the order of :class:`RecordPart`, each only when the parts before it were not enough: the latest
    statements' words beyond :data:`SHORT_CHARS`, then the older of these statements, the earlier days, the
    less frequent cues, outlets and aliases, the end of the name. What it counts stays whole, and so do its
    ids.
    """
    left = excess + _MARK_BYTES
    parts: dict[RecordPart, Any] = {}
    words = tuple(
        statement.model_copy(update={"text": statement.text[:SHORT_CHARS]}) for statement in record.latest
    )
    if words != record.latest:
        parts[RecordPart.LATEST] = words
        left -= len(to_json(record.latest)) - len(to_json(words))
    for part, end in _LISTS:
        items = list(parts.get(part, getattr(record, part)))
        while items and left > 0:
            left -= len(to_json(items.pop(end)))
            parts[part] = tuple(items)
    if left > 0:
        parts[RecordPart.NAME] = record.name[:SHORT_CHARS]
    return record.model_copy(
        update={**{part.value: items for part, items in parts.items()}, "shortened": tuple(parts)}
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
        negated=bool(row["denied"]),
    )
