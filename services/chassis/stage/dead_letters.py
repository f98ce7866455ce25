"""Dead letters: the original record byte for byte, and why it is here (header contract v2).

A letter's headers are the original's, all of them, in order, and behind them the contract's: one block of
fixed names in fixed order, :data:`CONTRACT_HEADERS`. The block is found by its place, so an original may
carry headers of any name, these included. Letters of contract v1, whose names had no prefix and took the
place of an original's headers of the same names, are read as well.

The one header that a replayed record carries besides its own is :data:`REPLAY_COUNT`, its last: taken off
again when the record fails anew, so that nothing accumulates.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from services.chassis.build import app_version
from services.chassis.errors import PoisonError
from services.chassis.log.topics import dlq_of
from services.chassis.log.types import Headers, Message, Record, TopicPartition

CONTRACT_VERSION = b"2"
MAX_MESSAGE_BYTES = 1024
MAX_STACK_BYTES = 4096

PREFIX = "onrecord-dlq-"
"""What all the contract's names begin with; reserved for it."""
_NAMES = (
    "version", "original-topic", "original-partition", "original-offset", "original-timestamp", "stage", "reason", "error-class",
    "error-message", "error-stack", "attempts", "replay-count", "first-failed-at", "consumer-group", "app-version",
)  # fmt: skip
# the replay count is not the last of them: that place is a replayed record's
CONTRACT_HEADERS = tuple(PREFIX + name for name in _NAMES)
REPLAY_COUNT = PREFIX + "replay-count"

_V1_NAMES = frozenset({"dlq-version", *_NAMES} - {"version"})


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


def dead_letter(
    record: Record, error: BaseException, *, group: str, attempts: int = 1, now: datetime | None = None
) -> Message:
    """The dead letter for a record that failed with ``error``.

    The message goes to ``<topic>.dlq`` with the record's key, value and headers unchanged. The log dates it
    when it is written, because Kafka deletes by a record's own date: an old article's letter must wait for
    its person as long as a new one's. ``replay-count`` counts the times the record was replayed before (0 for
    a first failure).
    """
    stage = error.stage if isinstance(error, PoisonError) else "process"
    reason = error.reason if isinstance(error, PoisonError) else "unexpected"
    stack = "".join(traceback.format_exception(error))
    headers, replays = _without_count(record.headers)
    contract = {
        "version": CONTRACT_VERSION,
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
        "replay-count": b"%d" % replays,
        "first-failed-at": (now or datetime.now(UTC)).isoformat(timespec="milliseconds").encode(),
        "consumer-group": group.encode(),
        "app-version": app_version().encode(),
    }
    block = tuple((PREFIX + name, contract[name]) for name in _NAMES)
    return Message(dlq_of(record.topic), record.key, record.value, headers + block)


def contract_of(headers: Headers) -> dict[str, str]:
    """What a dead letter's headers say of it, by the contract's names without their prefix; nothing where
    they keep no contract."""
    at = _block_at(headers)
    if at is not None:
        block = headers[at : at + len(_NAMES)]
        return {name.removeprefix(PREFIX): value.decode("utf-8", "replace") for name, value in block}
    fields = {name: value.decode("utf-8", "replace") for name, value in headers if name in _V1_NAMES}
    if fields.pop("dlq-version", None) != "1":
        return {}
    return {"version": "1", **fields}


def read_dead_letter(record: Record) -> DeadLetter:
    """Read a record of a dead-letter topic back, of contract v2 or v1.

    Raises:
        PoisonError: the record does not keep the header contract.
    """
    fields = contract_of(record.headers)
    if not fields:
        message = (
            f"{record.topic} {record.partition}:{record.offset} is not a dead letter: it lacks the headers of"
            " contract v2 or v1"
        )
        raise PoisonError(message, stage="decode", reason="not_dead_letter")
    try:
        return _letter(record, fields)
    except (KeyError, ValueError) as error:
        message = (
            f"{record.topic} {record.partition}:{record.offset} is no dead letter that can be read: broken"
            f" header ({error})"
        )
        raise PoisonError(message, stage="decode", reason="not_dead_letter") from error


def replayed(letter: DeadLetter) -> Message:
    """The original record, to be put on its topic again, carrying only its replay count besides, raised by
    one.

    It is dated anew: Kafka deletes by a record's own time, and letters wait longer than topics keep records.
    """
    headers = (*letter.headers, (REPLAY_COUNT, b"%d" % (letter.replay_count + 1)))
    return Message(letter.source.topic, letter.key, letter.value, headers)


def replays_of(headers: Headers) -> int:
    """How often a record of an ordinary topic was put back from the dead letters."""
    return _without_count(headers)[1]


def _letter(record: Record, fields: Mapping[str, str]) -> DeadLetter:
    return DeadLetter(
        source=TopicPartition(fields["original-topic"], int(fields["original-partition"])),
        offset=int(fields["original-offset"]),
        timestamp_ms=int(fields["original-timestamp"]),
        key=record.key,
        value=record.value,
        headers=_originals(record.headers),
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


def _originals(headers: Headers) -> Headers:
    """The headers that a letter's original had; contract v1 lost those with its own names."""
    at = _block_at(headers)
    if at is not None:
        return headers[:at]
    return tuple((name, value) for name, value in headers if name not in _V1_NAMES)


def _block_at(headers: Headers) -> int | None:
    """Where the contract's block begins: the last one there is, because an original may hold another."""
    for at in range(len(headers) - len(CONTRACT_HEADERS), -1, -1):
        names = tuple(name for name, _ in headers[at : at + len(CONTRACT_HEADERS)])
        if headers[at] == (CONTRACT_HEADERS[0], CONTRACT_VERSION) and names == CONTRACT_HEADERS:
            return at
    return None


def _without_count(headers: Headers) -> tuple[Headers, int]:
    """The producer's own headers, and how often the record was replayed."""
    if headers:
        name, value = headers[-1]
        if name == REPLAY_COUNT and value.isdigit() and len(value) < 10:
            return headers[:-1], int(value)
    return headers, 0


def _clip(text: str, limit: int, *, keep_end: bool = False) -> bytes:
    data = text.encode("utf-8", "backslashreplace")
    if len(data) <= limit:
        return data
    clipped = data[-limit:] if keep_end else data[:limit]
    return clipped.decode("utf-8", "ignore").encode()
