"""The whole pipeline in one process, on SQLite: ingest → extract → aggregate → serve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from services.chassis.errors import StageStopped, TransientError
from services.chassis.log.groups import AGGREGATE_GROUP, EXTRACT_GROUP, READ
from services.chassis.log.types import Offsets, TopicPartition
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
"""Offsets left per partition below which they may well be transaction markers only, and reading them is cheap."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """Records still to be read: articles by extract; documents, statements and what belongs to an article's trail by aggregate."""

    articles: int
    events: int

    @property
    def empty(self) -> bool:
        """Everything that is on the log is on record."""
        return not self.articles and not self.events


def backlog(context: Context) -> Backlog:
    """What is left to do, from ends and committed offsets of the log."""
    # extract's offsets, then the ends, then aggregate's: what extract commits in between can only make more look left, never less
    extracted = context.log.committed(EXTRACT_GROUP)
    topics = context.log.topics()
    aggregated = context.log.committed(AGGREGATE_GROUP)

    def left(done: Offsets, names: Sequence[str]) -> int:
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
        return 0 if few and starts and not context.log.holds_records(starts) else total

    return Backlog(left(extracted, READ[EXTRACT_GROUP]), left(aggregated, READ[AGGREGATE_GROUP]))


def drain(context: Context, group: Group, show: Reporter) -> None:
    """Wait until everything on the log is on record.

    Raises:
        StageStopped: a stop was asked for, or a service failed, before that.
    """
    total = looks = 0
    with show:
        while True:
            try:
                left = backlog(context)
            except TransientError as error:
                logger.warning("the log does not answer", error=str(error))
            else:
                total = max(total, left.articles)
                show.update(total - left.articles, total, "" if left.articles else f"{left.events} events to aggregate")
                looks = looks + 1 if left.empty else 0
                if looks == EMPTY_LOOKS:
                    return
            if context.stop.wait(LOOK_S):
                raise StageStopped("a service failed" if group.failed else "stopped before everything was on record; run again to go on")
