"""The whole pipeline in one process, on SQLite: ingest → extract → aggregate → serve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from services.chassis.errors import StageStopped, TransientError
from services.chassis.log.groups import AGGREGATE_GROUP, EXTRACT_GROUP, READ
from services.chassis.log.identity import contradicted
from services.chassis.log.types import Offsets, TopicPartition, TopicState
from services.chassis.runner import Group
from services.chassis.service import Context

if TYPE_CHECKING:
    from services.ingest.progress import Reporter

logger = structlog.get_logger()

SAMPLES = Path(__file__).parent / "ingest" / "samples"
LOOK_S = 0.1
"""How often progress is looked at: smooth for a person, idle for a core."""

EMPTY_LOOKS = 2
"""On Kafka a commit is seen a few milliseconds after it happened: one empty look may be too early."""
MARKERS = 5
"""Offsets left per partition below which they may well be transaction markers only, and reading them is
cheap."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """Records still to be read: articles by extract; documents, statements and what belongs to an article's
    trail by aggregate."""

    articles: int
    events: int

    @property
    def empty(self) -> bool:
        """Everything that is on the log is on record."""
        return not self.articles and not self.events


class Progress:
    """How far the pipeline is, as the log and the record themselves tell. Use it as a context manager."""

    def __init__(self, context: Context) -> None:
        """Connects to the record's database when first asked.

        Raises:
            SettingsError: the database's address is of no known form.
        """
        # not before it is needed: the database's libraries take a moment to load
        from services.aggregate.store import Store

        self._log = context.log
        self._store = Store(context.settings.store.address(), AGGREGATE_GROUP)
        self._tables = False

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self._store.close()

    def backlog(self) -> Backlog:
        """What is left to do.

        Raises:
            TransientError: the log or the database cannot answer just now.
        """
        if not self._tables:
            # aggregate makes them too; whoever is first
            self._store.migrate()
            self._tables = True
        # what is done, then the ends: what is committed in between can only make more look left, never less
        extracted = self._log.committed(EXTRACT_GROUP)
        held, reported = self._store.positions(), self._log.committed(AGGREGATE_GROUP)
        topics = self._log.topics()
        lost = contradicted(topics, held)
        # the record may be lost while the log remembers it, and it is done with when its actors are
        # published, which a report tells
        aggregated = {tp: min(at.offset, reported.get(tp, 0)) for tp, at in held.items() if tp not in lost}
        return Backlog(
            self._left(topics, extracted, READ[EXTRACT_GROUP]),
            self._left(topics, aggregated, READ[AGGREGATE_GROUP]),
        )

    def _left(self, topics: Mapping[str, TopicState], done: Offsets, names: Sequence[str]) -> int:
        starts: dict[TopicPartition, int] = {}
        total = 0
        for name in names:
            for partition, (first, end) in topics[name].ranges.items():
                tp = TopicPartition(name, partition)
                start = max(first, done.get(tp, 0))
                if start < end:
                    starts[tp] = start
                    total += end - start
        few = total <= MARKERS * len(starts)
        return 0 if few and starts and not self._log.holds_records(starts) else total


def drain(context: Context, group: Group, show: Reporter) -> None:
    """Wait until everything on the log is on record.

    Raises:
        StageStopped: a stop was asked for, or a service failed, before that.
    """
    total = looks = 0
    with show, Progress(context) as progress:
        while True:
            try:
                left = progress.backlog()
            except TransientError as error:
                logger.warning("it cannot be told how much is left", error=str(error))
            else:
                total = max(total, left.articles)
                show.update(
                    total - left.articles,
                    total,
                    "" if left.articles else f"{left.events} events to aggregate",
                )
                looks = looks + 1 if left.empty else 0
                if looks == EMPTY_LOOKS:
                    return
            if context.stop.wait(LOOK_S):
                raise StageStopped(
                    "a service failed"
                    if group.failed
                    else "stopped before everything was on record; run again to go on"
                )
