"""Brokers that go away again and again: what a service's process holds open afterwards.

By hand, for as long as wanted::

    python -m tests.faults.outages --minutes 60

starts a broker of its own, ingest, extract, aggregate and the lag exporter, offers articles all the time, and
plays outages in turn: the broker stopped (connections are refused) or frozen (they are taken, and nobody
answers). After each, once every service is ready again, it prints what each process holds; at the end the
slopes per hour. It ends with 1 when files or threads grew. The seed is printed first.

The broker is stopped in order, not killed: one that is killed and comes back alone, with no controller that
lived on, can complete a transaction without writing its markers (hazard H10, Apache Kafka 4.3: "these
partitions are likely deleted already and hence can be skipped"), and its partitions stand still for ever
after. That is about once in thirty kills, and no client's doing; see the runbooks.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from services.chassis.devkafka import KafkaCluster
from services.chassis.devkafka.broker import Broker
from tests.support.pipeline import Pipeline, free_port, ready

SERVICES = ("ingest", "extract", "aggregate", "lag")
QUICK = {
    "ONRECORD_KAFKA__REQUEST_TIMEOUT_S": "2",
    "ONRECORD_KAFKA__DELIVERY_TIMEOUT_S": "3",
    "ONRECORD_KAFKA__TRANSACTION_TIMEOUT_S": "6",
    "ONRECORD_KAFKA__BOOTSTRAP_TIMEOUT_S": "6",
    "ONRECORD_KAFKA__SESSION_TIMEOUT_S": "10",
    "ONRECORD_LAG__INTERVAL_S": "2",
}
"""Timeouts that end well within an outage, so that clients are given up and built anew in each."""
OFFER_S = 1.0
"""Between two articles: there is always a transaction to fail."""
WARM = 10
"""Articles until a process holds all that its work needs."""
SPARE = 3
"""Connections that come and go: one to a coordinator that was not needed yet, a scrape, an article being
pushed."""


@dataclass(frozen=True)
class Usage:
    """What a process holds: open files (sockets among them), threads, resident memory in MB."""

    files: int
    sockets: int
    threads: int
    rss_mb: float

    @classmethod
    def of(cls, pid: int) -> Usage:
        """As of now, from ``/proc``."""
        names = []
        for entry in os.scandir(f"/proc/{pid}/fd"):
            with suppress(FileNotFoundError):  # closed while we looked
                names.append(os.readlink(entry.path))
        status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        rss_kb = int(status["VmRSS"].split()[0])
        return cls(
            len(names),
            sum(name.startswith("socket:") for name in names),
            int(status["Threads"]),
            rss_kb / 1024,
        )

    def within(self, base: Usage) -> bool:
        """Whether no more files and threads are held than in ``base``, but for connections that come and
        go."""
        return self.files <= base.files + SPARE and self.threads <= base.threads + SPARE


@dataclass
class Pipe:
    """Services on a broker that outages are played to."""

    cluster: KafkaCluster
    pipeline: Pipeline
    ops: Mapping[str, int]
    push: int
    offered: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)

    @property
    def broker(self) -> Broker:
        """The only one."""
        (broker,) = self.cluster.brokers
        return broker

    def usage(self) -> dict[str, Usage]:
        """Of every service."""
        return {name: Usage.of(process.pid) for name, process in self.pipeline.processes.items()}

    def wait_ready(self) -> None:
        """Until no service has a complaint."""
        self.pipeline.wait(
            lambda: all(ready(port) for port in self.ops.values()), "every service to be ready"
        )

    def at_work(self) -> dict[str, Usage]:
        """Of every service once articles have come in again: one just built anew has not met every
        coordinator yet."""
        told = self.offered + WARM
        self.pipeline.wait(lambda: self.offered >= told, "articles to come in")
        return self.usage()

    def outage(self, kind: str, seconds: float) -> None:
        """Stop or freeze the broker for a while (``stop``, ``freeze``), and wait until every service is ready
        again."""
        if kind == "freeze":
            self.broker.pause()
            time.sleep(seconds)
            self.broker.resume()
        else:
            self.broker.stop()
            time.sleep(seconds)
            self.cluster.restart(self.broker)
        self.wait_ready()

    def offer(self) -> None:
        """Push articles until told to stop; one that is refused is not offered again: it is the failing that
        is wanted."""
        while not self._stop.wait(OFFER_S):
            self.offered += 1
            content = (
                f"Report {self.offered}\n\n“Measure number {self.offered} will be taken,” Ida Holm, the"
                " minister, said on Monday."
            )
            body = json.dumps(
                {
                    "url": f"https://example.org/{self.offered}",
                    "content_type": "text/plain",
                    "content": content,
                }
            )
            connection = http.client.HTTPConnection("127.0.0.1", self.push, timeout=60)
            with suppress(OSError, http.client.HTTPException):
                connection.request("POST", "/v1/articles", body, {"content-type": "application/json"})
                connection.getresponse().read()
            connection.close()

    def stop(self) -> None:
        """Offer no more."""
        self._stop.set()


@contextmanager
def running(folder: Path, services: Sequence[str] = SERVICES) -> Iterator[Pipe]:
    """A broker, the services on it, all ready, and articles coming in."""
    with KafkaCluster(1) as cluster:
        ops = {name: free_port() for name in services}
        push = free_port()
        variables = {
            **QUICK,
            "ONRECORD_LOG__ENGINE": "kafka",
            "ONRECORD_LOG__PARTITIONS": "3",
            "ONRECORD_KAFKA__BOOTSTRAP_SERVERS": cluster.bootstrap,
            "ONRECORD_INGEST__PUSH_PORT": str(push),
        }
        with Pipeline(folder, variables) as pipeline:
            pipeline.onrecord("topics", "create")
            for name in services:
                pipeline.start(name, ONRECORD_OPS__PORT=str(ops[name]))
            pipe = Pipe(cluster, pipeline, ops, push)
            pipe.wait_ready()
            offering = threading.Thread(target=pipe.offer, name="offering")
            offering.start()
            try:
                yield pipe
            finally:
                pipe.stop()
                offering.join()


def slope(points: Sequence[tuple[float, float]]) -> float:
    """By least squares, per unit of the first figure."""
    mean_x, mean_y = (sum(column) / len(points) for column in zip(*points, strict=True))
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0


def main() -> int:
    """Play outages for ``--minutes`` and print what the processes hold; 1 when files or threads grew."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    parser.add_argument(
        "--down",
        type=float,
        nargs=2,
        default=(5.0, 25.0),
        metavar=("LEAST", "MOST"),
        help="seconds of an outage",
    )
    parser.add_argument(
        "--up",
        type=float,
        nargs=2,
        default=(5.0, 15.0),
        metavar=("LEAST", "MOST"),
        help="seconds between two",
    )
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    draw = random.Random(given.seed)
    seen: list[tuple[float, dict[str, Usage]]] = []
    with tempfile.TemporaryDirectory(prefix="onrecord-outages-") as folder, running(Path(folder)) as pipe:
        began = time.monotonic()
        print(
            f"{'minute':>6} {'outage':<12} "
            + " ".join(f"{name:>22}" for name in SERVICES)
            + "   files/sockets/threads/MB",
            flush=True,
        )
        while time.monotonic() - began < given.minutes * 60:
            kind, seconds = draw.choice(("stop", "freeze")), draw.uniform(*given.down)
            pipe.outage(kind, seconds)
            time.sleep(draw.uniform(*given.up))
            minute, usage = (time.monotonic() - began) / 60, pipe.usage()
            seen.append((minute, usage))
            figures = " ".join(
                f"{f'{one.files}/{one.sockets}/{one.threads}/{one.rss_mb:.0f}':>22}" for one in usage.values()
            )
            print(f"{minute:6.1f} {kind:<6} {seconds:4.0f} s {figures}", flush=True)
        print(f"{len(seen)} outages, {pipe.offered} articles offered")
    return report(seen)


def report(seen: Sequence[tuple[float, Mapping[str, Usage]]]) -> int:
    """Print the slopes per hour; 1 when a service holds more at the end than after the first outage."""
    grew = 0
    print(f"{'service':<10} {'files/h':>10} {'threads/h':>10} {'MB/h':>10}")
    for name in seen[0][1]:
        rows = [(minute / 60, usage[name]) for minute, usage in seen]
        slopes = [
            slope([(hour, figure) for hour, figure in ((hour, getattr(one, of)) for hour, one in rows)])
            for of in ("files", "threads", "rss_mb")
        ]
        flat = rows[-1][1].within(rows[0][1])
        grew |= not flat
        print(
            f"{name:<10} " + " ".join(f"{figure:>+10.1f}" for figure in slopes) + ("" if flat else "   grew")
        )
    return int(grew)


if __name__ == "__main__":
    sys.exit(main())
