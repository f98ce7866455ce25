"""A session in memory that keeps the port's promises and fails on demand: for the loop's own unit tests.

The two real engines are held to the same promises by ``tests/contract``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from services.chassis.errors import CommitFailed
from services.chassis.log.types import Batch, Message, Offsets, Record, TopicPartition

TOPIC = "onrecord.articles"


def records(values: Iterable[bytes], partition: int = 0) -> list[Record]:
    return [Record(TOPIC, partition, offset, 1_700_000_000_000, b"key", value) for offset, value in enumerate(values)]


class MemorySession:
    """Records in, committed outputs out. ``fail`` is asked before each commit and may return an error to raise."""

    def __init__(self, source: Sequence[Record], fail: Callable[[Sequence[Message], Offsets], Exception | None] = lambda *_: None) -> None:
        self.source = list(source)
        self.fail = fail
        self.position = 0
        self.committed: dict[TopicPartition, int] = {}
        self.outputs: list[Message] = []
        self.dead: list[Message] = []
        self.commits: list[int] = []
        self.recoveries = 0
        self.kept_alive = 0
        self.broken = False

    def poll(self, timeout_s: float, max_records: int) -> Batch:
        assert not self.broken, "polled after a failed commit without recovering"
        batch = Batch(tuple(self.source[self.position : self.position + max_records]), membership="m")
        self.position += len(batch.records)
        return batch

    def commit(self, batch: Batch, offsets: Offsets, outputs: Sequence[Message], dead_letters: Sequence[Message]) -> None:
        error = self.fail([*outputs, *dead_letters], offsets)
        if error is not None:
            self.broken = isinstance(error, CommitFailed)
            raise error
        self.committed.update(offsets)
        self.outputs += outputs
        self.dead += dead_letters
        self.commits.append(len(outputs) + len(dead_letters))

    def recover(self, batch: Batch) -> None:
        self.broken = False
        self.recoveries += 1
        first = batch.records[0]
        self.position = next(i for i, record in enumerate(self.source) if (record.tp, record.offset) == (first.tp, first.offset))

    def keep_alive(self) -> None:
        self.kept_alive += 1

    def assignment(self) -> frozenset[TopicPartition]:
        return frozenset(record.tp for record in self.source)

    def lag(self) -> dict[TopicPartition, int]:
        return dict.fromkeys(self.assignment(), 0)

    def close(self) -> None:
        pass
