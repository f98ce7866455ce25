"""The whole pipeline in one process, on SQLite: ingest → extract → aggregate → serve."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from schemas.events import Article, Claim, Document, Quote
from services.chassis.errors import StageStopped
from services.chassis.log.types import TopicPartition
from services.chassis.runner import Group
from services.chassis.service import Context

SAMPLES = Path(__file__).parent / "ingest" / "samples"
LOOK_S = 0.1
"""How often progress is looked at: smooth for a person, idle for a core."""

EXTRACT_GROUP = "onrecord-extract"
AGGREGATE_GROUP = "onrecord-aggregate"

logger = structlog.get_logger()


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
        return sum(
            max(0, end - max(first, done.get(TopicPartition(name, partition), 0)))
            for name in names
            for partition, (first, end) in topics[name].ranges.items()
        )

    # extract's outputs appear together with its offsets, so articles are counted first: nothing can hide in between
    articles = left(EXTRACT_GROUP, [Article.topic])
    return Backlog(articles, left(AGGREGATE_GROUP, [Document.topic, Quote.topic, Claim.topic]))


def drain(context: Context, group: Group, show: Progress) -> None:
    """Wait until everything on the log is on record.

    Raises:
        StageStopped: a stop was asked for, or a service failed, before that.
    """
    while True:
        now = backlog(context)
        show.update(now)
        if now.empty:
            return
        if context.stop.wait(LOOK_S):
            raise StageStopped("stopped before everything was on record; run again to go on" if not group.failed else "a service failed")


class Progress:
    """Shows a backlog shrinking: a bar on a terminal, a log line every few seconds otherwise."""

    EVERY_S = 5.0

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        console = Console(stderr=True)
        self._bar = Bar(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console)
        self._terminal = console.is_terminal
        self._task = self._bar.add_task("extracting articles", total=None)
        self._total = 0
        self._said = time.monotonic()

    def update(self, now: Backlog) -> None:
        """Show the backlog as it is now."""
        self._total = max(self._total, now.articles)
        if self._terminal:
            self._bar.update(self._task, total=self._total, completed=self._total - now.articles)
        elif time.monotonic() - self._said >= self.EVERY_S:
            self._said = time.monotonic()
            logger.info("working", articles_left=now.articles, events_left=now.events)

    def __enter__(self) -> Progress:
        if self._terminal:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._terminal:
            self._bar.stop()
