"""A session in memory that keeps the port's promises and fails on demand: for the loop's own unit tests.

The two real engines are held to the same promises by ``tests/contract``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from services.chassis.log.types import Batch, Message, Offsets, Record, TopicPartition

TOPIC = "onrecord.articles"


def records(values: Iterable[bytes], partition: int = 0) -> list[Record]:
    return [
        Record(TOPIC, partition, offset, 1_700_000_000_000, b"key", value)
        for offset, value in enumerate(values)
    ]


class MemorySession:
    """Records in, committed outputs out. ``fail`` is asked before each commit and may return an error to
    raise.

    Partitions take turns, as on the real logs. An error in ``lost`` is raised after the commit has happened.
    """

    def __init__(
        self,
        source: Sequence[Record],
        fail: Callable[[Sequence[Message], Offsets], Exception | None] = lambda *_: None,
    ) -> None:
        self.source: dict[TopicPartition, list[Record]] = {}
        for record in source:
            self.source.setdefault(record.tp, []).append(record)
        self.fail = fail
        self.lost: list[Exception] = []
        self.positions = dict.fromkeys(self.source, 0)
        self.committed: dict[TopicPartition, int] = {}
        self.outputs: list[Message] = []
        self.dead: list[Message] = []
        self.commits: list[int] = []
        self.recoveries = 0
        self.kept_alive = 0
        self.broken = False
        self.lag_error: Exception | None = None

    @property
    def exhausted(self) -> bool:
        return all(self.committed.get(tp, 0) == len(records) for tp, records in self.source.items())

    def poll(self, timeout_s: float, max_records: int) -> Batch:
        assert not self.broken, "polled after a failed commit without recovering"
        found: list[Record] = []
        for tp in list(self.positions):
            taken = self.source[tp][self.positions[tp] : self.positions[tp] + max_records - len(found)]
            found += taken
            # the next poll begins with another partition
            self.positions[tp] = self.positions.pop(tp) + len(taken)
        return Batch(tuple(found), membership="m")

    def commit(
        self, batch: Batch, offsets: Offsets, outputs: Sequence[Message], dead_letters: Sequence[Message]
    ) -> None:
        error = self.fail([*outputs, *dead_letters], offsets)
        if error is not None:
            self.broken = True
            raise error
        self.committed.update(offsets)
        self.outputs += outputs
        self.dead += dead_letters
        self.commits.append(len(outputs) + len(dead_letters))
        if self.lost:
            self.broken = True
            raise self.lost.pop()

    def recover(self, batch: Batch) -> Offsets:
        self.broken = False
        self.recoveries += 1
        resumed = {tp: max(first, self.committed.get(tp, 0)) for tp, first in batch.first_offsets.items()}
        self.positions |= resumed
        return resumed

    def keep_alive(self) -> None:
        self.kept_alive += 1

    def assignment(self) -> frozenset[TopicPartition]:
        return frozenset(self.source)

    def lag(self) -> dict[TopicPartition, int]:
        if self.lag_error is not None:
            raise self.lag_error
        return dict.fromkeys(self.source, 0)

    def close(self) -> None:
        pass
