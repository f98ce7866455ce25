"""Another process on the same embedded log: ``python -m tests.support.log_process copy|create|hold|append
PATH …``."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from services.chassis.log.sqlite import SqliteLog
from services.chassis.log.types import EventLog, Message, Record, TopicSpec
from tests.support.patience import PATIENCE_S

SOURCE, TARGET, DEAD, GROUP = "in", "out", "in.dlq", "copy"
PARTITIONS = 3
POISON = b"poison"

ROOT = Path(__file__).parents[2]


def create(log: EventLog) -> None:
    """The topics these programs use."""
    log.create_topics(
        [TopicSpec(SOURCE, PARTITIONS, None), TopicSpec(TARGET, PARTITIONS, None), TopicSpec(DEAD, 1, None)]
    )


def start(
    command: str, path: Path, *arguments: object, failpoint: str | None = None
) -> subprocess.Popen[str]:
    """Run one of the programs below."""
    environment = dict(os.environ) | ({"ONRECORD_FAILPOINT": failpoint} if failpoint else {})
    words = [sys.executable, "-m", "tests.support.log_process", command, str(path), *map(str, arguments)]
    return subprocess.Popen(
        words, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def outputs(record: Record) -> Message:
    """A copy in the target topic, or a dead letter."""
    poison = record.value is not None and record.value.startswith(POISON)
    return Message(
        DEAD if poison else TARGET, record.key, record.value, record.headers, timestamp_ms=record.timestamp_ms
    )


def copy(log: EventLog, *, batch_size: int = 10) -> None:
    """A small stage: copy until there is nothing left."""
    with log.stage_consumer(GROUP, [SOURCE], "0") as consumer:
        while (batch := consumer.poll(0.0, batch_size)).records:
            consumer.commit(batch, batch.next_offsets, [outputs(record) for record in batch.records])


def hold(log: EventLog) -> None:
    """Take the group, say so, and keep it until the standard input ends."""
    with log.stage_consumer(GROUP, [SOURCE], "0") as consumer:
        consumer.poll(0.0)
        print("holding", flush=True)
        sys.stdin.read()


def append(log: EventLog, name: str, chunks: int, chunk: int) -> None:
    """Append ``chunks`` × ``chunk`` numbered messages under the key ``name``."""
    with log.producer(name) as producer:
        for first in range(0, chunks * chunk, chunk):
            producer.append(
                [
                    Message(SOURCE, name.encode(), b"%s-%06d" % (name.encode(), n))
                    for n in range(first, first + chunk)
                ]
            )


def main() -> None:
    """Run one program."""
    command, path, *arguments = sys.argv[1:]
    with SqliteLog(Path(path), busy_timeout_s=PATIENCE_S) as log:
        if command == "copy":
            copy(log)
        elif command == "create":
            create(log)
        elif command == "hold":
            hold(log)
        else:
            append(log, arguments[0], int(arguments[1]), int(arguments[2]))


if __name__ == "__main__":
    main()
