"""The search for a record that keeps a batch from being committed."""

from __future__ import annotations

from services.chassis.log.types import Batch, Offsets, Record, TopicPartition

Place = tuple[TopicPartition, int]


class QuarantineTracker:
    """Which records are read one at a time, and which of them are condemned.

    A record is condemned when it was blamed ``attempts`` times; what happens on other partitions in between
    changes nothing.
    """

    def __init__(self, attempts: int) -> None:
        self._attempts = attempts
        self._until: dict[TopicPartition, int] = {}
        self._blames: dict[Place, tuple[int, Exception]] = {}

    @property
    def active(self) -> bool:
        """Whether records must be read one at a time."""
        return bool(self._until)

    def isolate(self, batch: Batch) -> None:
        """Read one at a time until this batch lies behind."""
        self._until.update(batch.next_offsets)

    def blame(self, record: Record, error: Exception) -> None:
        """The record failed alone, and the log was not at fault."""
        count, _ = self._blames.get((record.tp, record.offset), (0, error))
        self._blames[record.tp, record.offset] = (count + 1, error)

    def condemn(self, record: Record, error: Exception) -> None:
        """The record's outputs can never be committed."""
        self._blames[record.tp, record.offset] = (self._attempts, error)

    def verdict(self, record: Record) -> Exception | None:
        """Why the record must be dead-lettered instead of handled; None when it need not."""
        count, error = self._blames.get((record.tp, record.offset), (0, None))
        return error if count >= self._attempts else None

    def committed(self, offsets: Offsets, owned: frozenset[TopicPartition]) -> None:
        """Forget what lies behind these offsets, and what other members read now."""
        self._until = {
            tp: until for tp, until in self._until.items() if tp in owned and offsets.get(tp, 0) < until
        }
        self._blames = {
            (tp, offset): blame
            for (tp, offset), blame in self._blames.items()
            if tp in owned and offset >= offsets.get(tp, 0)
        }
