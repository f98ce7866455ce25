"""Dead letters: the original record byte for byte, and why it is here (header contract v1).

The original headers travel unchanged; the contract's own headers are stripped and written anew on every hop, so that they
never accumulate.
"""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from datetime import UTC, datetime

from services.chassis.build import app_version
from services.chassis.errors import PoisonError
from services.chassis.log.topics import dlq_of
from services.chassis.log.types import Headers, Message, Record, TopicPartition

CONTRACT_VERSION = b"1"
MAX_MESSAGE_BYTES = 1024
MAX_STACK_BYTES = 4096

CONTRACT_HEADERS = frozenset({
    "dlq-version", "original-topic", "original-partition", "original-offset", "original-timestamp", "stage", "reason", "error-class",
    "error-message", "error-stack", "attempts", "first-failed-at", "consumer-group", "app-version", "replay-count",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A dead letter read back: the original record's coordinates and bytes, and what went wrong."""

    source: TopicPartition
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    stage: str
    reason: str
    error_class: str
    error_message: str
    attempts: int
    first_failed_at: str
    consumer_group: str
    app_version: str
    replay_count: int


def dead_letter(record: Record, error: BaseException, *, group: str, attempts: int = 1, now: datetime | None = None) -> Message:
    """The dead letter for a record that failed with ``error``.

    The message goes to ``<topic>.dlq`` with the record's key, value, headers and timestamp unchanged. ``replay-count`` counts the
    times the record was replayed before (0 for a first failure).
    """
    stage = error.stage if isinstance(error, PoisonError) else "process"
    reason = error.reason if isinstance(error, PoisonError) else "unexpected"
    stack = "".join(traceback.format_exception(error))
    contract = {
        "dlq-version": CONTRACT_VERSION,
        "original-topic": record.topic.encode(),
        "original-partition": b"%d" % record.partition,
        "original-offset": b"%d" % record.offset,
        "original-timestamp": b"%d" % record.timestamp_ms,
        "stage": stage.encode(),
        "reason": reason.encode(),
        "error-class": f"{type(error).__module__}.{type(error).__qualname__}".encode(),
        "error-message": _clip(str(error), MAX_MESSAGE_BYTES),
        # the end of a stack names the failing line
        "error-stack": _clip(stack, MAX_STACK_BYTES, keep_end=True),
        "attempts": b"%d" % attempts,
        "first-failed-at": (now or datetime.now(UTC)).isoformat(timespec="milliseconds").encode(),
        "consumer-group": group.encode(),
        "app-version": app_version().encode(),
        "replay-count": b"%d" % _count(record.headers),
    }
    kept = tuple((name, value) for name, value in record.headers if name not in CONTRACT_HEADERS)
    return Message(dlq_of(record.topic), record.key, record.value, kept + tuple(contract.items()), timestamp_ms=record.timestamp_ms)


def read_dead_letter(record: Record) -> DeadLetter:
    """Read a record of a dead-letter topic back.

    Raises:
        PoisonError: the record does not keep the header contract.
    """
    fields = {name: value.decode("utf-8", "replace") for name, value in record.headers if name in CONTRACT_HEADERS}
    if fields.get("dlq-version") != CONTRACT_VERSION.decode():
        raise PoisonError(
            f"{record.topic} offset {record.offset}: not a dead letter of contract v1", stage="decode", reason="not_dead_letter"
        )
    try:
        return DeadLetter(
            source=TopicPartition(fields["original-topic"], int(fields["original-partition"])),
            offset=int(fields["original-offset"]),
            timestamp_ms=int(fields["original-timestamp"]),
            key=record.key,
            value=record.value,
            headers=tuple((name, value) for name, value in record.headers if name not in CONTRACT_HEADERS),
            stage=fields["stage"],
            reason=fields["reason"],
            error_class=fields["error-class"],
            error_message=fields["error-message"],
            attempts=int(fields["attempts"]),
            first_failed_at=fields["first-failed-at"],
            consumer_group=fields["consumer-group"],
            app_version=fields["app-version"],
            replay_count=int(fields["replay-count"]),
        )
    except (KeyError, ValueError) as error:
        raise PoisonError(
            f"{record.topic} offset {record.offset}: broken dead-letter header ({error})", stage="decode", reason="not_dead_letter"
        ) from error


def replayed(letter: DeadLetter) -> Message:
    """The original record, to be put on its topic again, carrying only ``replay-count`` raised by one.

    It is dated anew: Kafka deletes by a record's own time, and letters wait longer than topics keep records.
    """
    headers = (*letter.headers, ("replay-count", b"%d" % (letter.replay_count + 1)))
    return Message(letter.source.topic, letter.key, letter.value, headers)


def _count(headers: Headers) -> int:
    value = next((value for name, value in reversed(headers) if name == "replay-count"), b"0")
    return int(value) if value.isdigit() and len(value) < 10 else 0


def _clip(text: str, limit: int, *, keep_end: bool = False) -> bytes:
    data = text.encode("utf-8", "backslashreplace")
    if len(data) <= limit:
        return data
    clipped = data[-limit:] if keep_end else data[:limit]
    return clipped.decode("utf-8", "ignore").encode()
