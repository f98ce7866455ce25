"""The whole pipeline in one process, on SQLite: ingest → extract → aggregate → serve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from schemas.events import Article, Claim, Document, Quote
from services.chassis.errors import StageStopped
from services.chassis.log.types import EventLog, TopicPartition
from services.chassis.runner import Group
from services.chassis.service import Context

if TYPE_CHECKING:
    from services.ingest.progress import Reporter

SAMPLES = Path(__file__).parent / "ingest" / "samples"
LOOK_S = 0.1
"""How often progress is looked at: smooth for a person, idle for a core."""

MARKERS = 5
"""Offsets left per partition below which they may well be transaction markers only, and reading them is cheap."""

EXTRACT_GROUP = "onrecord-extract"
AGGREGATE_GROUP = "onrecord-aggregate"


@dataclass(frozen=True, slots=True)
class Backlog:
    """Records still to be read: articles by extract, statements and documents by aggregate."""

    articles: int
    events: int

    @property
    def empty(self) -> bool:
        """Everything that is on the log is on record."""
        return not self.articles and not self.events


def backlog(context: Context) -> Backlog:
    """What is left to do, from ends and committed offsets of the log."""
    topics = context.log.topics()

    def left(group: str, names: Sequence[str]) -> int:
        done = context.log.committed(group)
        behind = [
            (name, partition, start, end - start)
            for name in names
            for partition, (first, end) in topics[name].ranges.items()
            if (start := max(first, done.get(TopicPartition(name, partition), 0))) < end
        ]
        total = sum(count for *_, count in behind)
        if total > MARKERS * len(behind):
            return total
        return sum(count for name, partition, start, count in behind if _holds_records(context.log, name, partition, start))

    # extract's outputs appear together with its offsets, so articles are counted first: nothing can hide in between
    articles = left(EXTRACT_GROUP, [Article.topic])
    return Backlog(articles, left(AGGREGATE_GROUP, [Document.topic, Quote.topic, Claim.topic]))


def _holds_records(log: EventLog, topic: str, partition: int, start: int) -> bool:
    """Kafka's offsets count transaction markers and aborted records too: only reading tells whether anything is left."""
    return log.engine == "sqlite" or next(iter(log.read(topic, partition, start)), None) is not None


def drain(context: Context, group: Group, show: Reporter) -> None:
    """Wait until everything on the log is on record.

    Raises:
        StageStopped: a stop was asked for, or a service failed, before that.
    """
    total = 0
    with show:
        while True:
            left = backlog(context)
            total = max(total, left.articles)
            show.update(total - left.articles, total, "" if left.articles else f"{left.events} events to aggregate")
            if left.empty:
                return
            if context.stop.wait(LOOK_S):
                raise StageStopped("a service failed" if group.failed else "stopped before everything was on record; run again to go on")
