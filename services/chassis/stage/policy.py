"""When to try again, and when to stop."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from services.chassis.errors import DeadLetterLimit
from services.chassis.log.types import TopicPartition
from services.chassis.settings import StageSettings

ADVICE = (
    "Stopped before they fill the dead letters: see what is wrong with `onrecord dlq list`, mend the producer"
    " or this release, then start again"
)


def backoff(minimum_s: float, maximum_s: float, draw: random.Random) -> Iterator[float]:
    """Endless waits in seconds: doubling from ``minimum_s`` to ``maximum_s``, each drawn from its upper half.

    Jitter keeps replicas that failed together from returning together (AWS's "equal jitter").
    """
    ceiling = minimum_s
    while True:
        yield ceiling / 2 + draw.random() * ceiling / 2
        ceiling = min(maximum_s, ceiling * 2)


@dataclass
class CircuitBreaker:
    """Stops a stage that would otherwise drain its topic into the dead letters.

    A bad deploy or a producer gone wrong makes everything poison; then a person must look. Two limits: poison
    records in a row on one partition, and the share of poison among the last ``dead_window`` records (once
    that many were seen).
    """

    settings: StageSettings
    _in_a_row: dict[TopicPartition, int] = field(default_factory=dict)
    _window: deque[bool] = field(default_factory=deque)

    def check(self, outcomes: Sequence[tuple[TopicPartition, bool]]) -> None:
        """Check a batch, record by record (``True`` is poison), before it is committed; changes nothing.

        Raises:
            DeadLetterLimit: a limit is passed; the batch must not be committed.
        """
        trial = CircuitBreaker(self.settings, dict(self._in_a_row), self._window.copy())
        for partition, poison in outcomes:
            trial._count(partition, poison=poison)
            trial._trip(partition)

    def record(self, outcomes: Sequence[tuple[TopicPartition, bool]]) -> None:
        """Count a committed batch: every record once, by what became of it in the end."""
        for partition, poison in outcomes:
            self._count(partition, poison=poison)

    def _count(self, partition: TopicPartition, *, poison: bool) -> None:
        self._in_a_row[partition] = self._in_a_row.get(partition, 0) + 1 if poison else 0
        self._window.append(poison)
        if len(self._window) > self.settings.dead_window:
            self._window.popleft()

    def _trip(self, partition: TopicPartition) -> None:
        if self._in_a_row[partition] > self.settings.max_consecutive_dead:
            raise DeadLetterLimit(
                f"{partition.topic} partition {partition.partition}: more than"
                f" {self.settings.max_consecutive_dead} records in a row could not be processed. {ADVICE}"
                " (ONRECORD_STAGE__MAX_CONSECUTIVE_DEAD raises the limit)"
            )
        share = sum(self._window) / len(self._window)
        if len(self._window) == self.settings.dead_window and share > self.settings.max_dead_ratio:
            raise DeadLetterLimit(
                f"{share:.0%} of the last {len(self._window)} records could not be processed, more than the "
                f"{self.settings.max_dead_ratio:.0%} that are let pass. "
                f"{ADVICE} (ONRECORD_STAGE__MAX_DEAD_RATIO raises the limit)"
            )
