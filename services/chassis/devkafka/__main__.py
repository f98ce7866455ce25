"""``python -m services.chassis.devkafka up|down``: a Kafka that stays up in the background.

``up`` prints ``KAFKA_BOOTSTRAP_SERVERS=…`` (the fixtures of the tests take it) and
``ONRECORD_KAFKA__BOOTSTRAP_SERVERS=…`` (onrecord takes it); ``down`` stops the brokers and removes their
data.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from services.chassis.devkafka.broker import POLL_S, STOP_S
from services.chassis.devkafka.cluster import KafkaCluster
from services.chassis.devkafka.jars import CACHE
from services.chassis.errors import OnrecordError

STATE = "cluster.json"


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m services.chassis.devkafka",
        description="Real Apache Kafka on loopback, without Docker.",
    )
    parser.add_argument(
        "command",
        choices=("up", "down"),
        help="start a cluster in the background, or stop it and remove its data",
    )
    parser.add_argument(
        "--brokers", type=int, choices=(1, 3), default=1, help="how many brokers to start (default 1)"
    )
    parser.add_argument(
        "--dir", type=Path, default=CACHE / "dev", help="where data, logs and the state file live"
    )
    given = parser.parse_args(arguments)
    try:
        return up(given.dir.resolve(), given.brokers) if given.command == "up" else down(given.dir.resolve())
    except OnrecordError as error:
        print(f"kafka: {error}", file=sys.stderr)
        return 1


@dataclass(frozen=True, slots=True)
class Running:
    """A broker that was left running."""

    pid: int
    address: str
    config: str

    def alive(self) -> bool:
        """Whether that process is still the broker that was started: its number may be another process's by
        now."""
        command = ["ps", "-ww", "-p", str(self.pid), "-o", "stat=,command="]  # -ww: never cut the line
        shown = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        return self.config in shown and not shown.startswith("Z")


def up(folder: Path, brokers: int) -> int:
    """Start a cluster unless one runs there already, and print where it listens."""
    left = _left_running(folder)
    if left and all(broker.alive() for broker in left):
        print(f"kafka: already up in {folder}", file=sys.stderr)
    else:
        down(folder)
        folder.mkdir(parents=True, exist_ok=True)
        left = _start(folder, brokers)
        (folder / STATE).write_text(json.dumps([asdict(broker) for broker in left], indent=1))
    bootstrap = ",".join(broker.address for broker in left)
    print(f"KAFKA_BOOTSTRAP_SERVERS={bootstrap}")
    print(f"ONRECORD_KAFKA__BOOTSTRAP_SERVERS={bootstrap}")
    return 0


def down(folder: Path) -> int:
    """Stop the cluster of that folder, if any, and remove its data."""
    running = [broker for broker in _left_running(folder) if broker.alive()]
    for broker in running:
        os.kill(broker.pid, signal.SIGTERM)
    _wait_ended(running)
    for broker in running:
        if broker.alive():
            with suppress(ProcessLookupError):
                os.kill(broker.pid, signal.SIGKILL)
    _wait_ended(running)  # a dying process may still write to the folder
    for data in folder.glob("broker-*"):
        shutil.rmtree(data, ignore_errors=True)
    (folder / STATE).unlink(missing_ok=True)
    if running:
        print(f"kafka: stopped {len(running)} broker(s)", file=sys.stderr)
    return 0


def _wait_ended(running: Sequence[Running]) -> None:
    deadline = time.monotonic() + STOP_S
    while any(broker.alive() for broker in running) and time.monotonic() < deadline:
        time.sleep(POLL_S)


def _start(folder: Path, brokers: int) -> list[Running]:
    cluster = KafkaCluster(brokers, folder, die_with_parent=False)
    try:
        cluster.start()
    except BaseException:
        cluster.stop()
        raise
    return [
        Running(broker.pid, broker.address, str(broker.config))
        for broker in cluster.brokers
        if broker.pid is not None
    ]


def _left_running(folder: Path) -> list[Running]:
    path = folder / STATE
    return [Running(**broker) for broker in json.loads(path.read_text())] if path.exists() else []


if __name__ == "__main__":
    raise SystemExit(main())
