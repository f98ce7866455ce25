"""A few minutes in the life of a small onrecord, for the pictures: waves of articles, a rush, some poison, a
consumer that dies.

Real processes on a real Kafka and PostgreSQL, scraped by a real Prometheus with the committed rules; only
addresses and the scrape interval differ from `deploy/prometheus`.
"""

from __future__ import annotations

import json
import math
import random
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import yaml
from boards.queries import SERVICES

from schemas.events import Article
from services.chassis.devkafka import KafkaCluster
from services.chassis.log.types import Message
from services.embedded import SAMPLES
from tests.support.pipeline import Pipeline, free_port
from tests.support.postgres import USER, find_binaries, running
from tests.support.prometheus import Prometheus

DEPLOY = Path(__file__).resolve().parents[2]

LENGTH_S = 280.0
TURN_S = 2.0
"""Between two batches: a wave is smooth when there are several in a rate's window of 20 s."""

RUSH_S = (80.0, 100.0)
POISON_S = 135.0
STOP_S, BACK_S = 180.0, 195.0

BACKLOG = 40
"""Articles that may wait: on a machine too busy to keep up the feed pauses, so that a picture ends where its
story ends."""

INTERVAL_S = 5
"""Seconds between scrapes; a few minutes of 15 s would be a handful of points."""

PATIENCE_S = 600.0
"""For everything to be up, or on record, on a busy machine."""


class Day:
    """The running pipeline, and what happens to it."""

    def __init__(
        self, pipeline: Pipeline, prometheus: Prometheus, push: int, read: int, ports: dict[str, int]
    ) -> None:
        self._pipeline, self._prometheus, self._push, self._read, self._ports = (
            pipeline,
            prometheus,
            push,
            read,
            ports,
        )
        self._chance = random.Random(4)  # noqa: S311 - the same day every time
        self._texts = [file.read_text(encoding="utf-8") for file in sorted(SAMPLES.glob("*.txt"))]
        self._fed = 0

    def live(self) -> None:
        """From the first article until all are on record."""
        events = [
            (POISON_S, self._poison),
            (STOP_S, lambda: self._pipeline.kill("extract")),
            (BACK_S, lambda: self.start("extract")),
        ]
        began = time.monotonic()
        while (elapsed := time.monotonic() - began) < LENGTH_S:
            while events and elapsed > events[0][0]:
                events.pop(0)[1]()
            rate = 0.45 + 0.3 * math.sin(elapsed / 25) + (1.0 if RUSH_S[0] < elapsed < RUSH_S[1] else 0)
            if self._waiting() < BACKLOG:
                self._feed(max(1, round(rate * TURN_S)))
            self._look()
            time.sleep(TURN_S)
        self.wait(lambda: self._waiting() == 0, "the articles to be on record")

    def start(self, name: str) -> None:
        """Start a service at the port it is scraped at."""
        self._pipeline.start(name, ONRECORD_OPS__PORT=str(self._ports[name]))

    def wait(self, condition: Any, what: str) -> None:
        """Wait for a condition; raises :class:`TimeoutError` naming it."""
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError(
                    f"waited {PATIENCE_S:.0f} s for {what}; logs are in {self._pipeline.folder}"
                )
            time.sleep(1)

    def _waiting(self) -> float:
        found = self._prometheus.query('sum(onrecord_group_lag_records{group=~"onrecord-.*"})')
        return float(found[0]["value"][1]) if found else math.inf  # a missed scrape is no empty queue

    def _feed(self, count: int) -> None:
        """New articles; now and then one again, one corrected, and one that nobody can read."""
        batch = [self._article() for _ in range(count)]
        if self._chance.random() < 0.12:
            batch.append(batch[0])
        if self._chance.random() < 0.08:
            batch.append({**batch[0], "content": f"{batch[0]['content']}\n\nCorrected."})
        if self._chance.random() < 0.05:
            batch.append({"content_type": "text/plain"})
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._push}/v1/articles",
            json.dumps(batch).encode(),
            {"Content-Type": "application/json"},
        )
        # a batch with an unreadable article is answered with what became of each
        with suppress(urllib.error.HTTPError):
            urllib.request.urlopen(request, timeout=60).close()  # noqa: S310

    def _article(self) -> dict[str, Any]:
        """Two thirds of a sample article's paragraphs: many different articles from few."""
        number, self._fed = self._fed, self._fed + 1
        paragraphs = self._texts[number % len(self._texts)].split("\n\n")
        kept = sorted(self._chance.sample(range(len(paragraphs)), max(1, len(paragraphs) * 2 // 3)))
        outlet = f"outlet{number % 5}.example"
        return {
            "url": f"https://{outlet}/{number}", "outlet": outlet, "content_type": "text/plain", "language": "en",
            "content": "\n\n".join(paragraphs[index] for index in kept),
        }  # fmt: skip

    def _look(self) -> None:
        """A few readers."""
        paths = ["/", "/v1/actors", "/v1/search?q=the", "/v1/actors/person:nobody"]
        for path in self._chance.choices(paths, weights=[4, 4, 2, 1], k=self._chance.randint(1, 5)):
            with suppress(urllib.error.HTTPError):  # nobody is not found
                urllib.request.urlopen(f"http://127.0.0.1:{self._read}{path}", timeout=60).close()

    def _poison(self) -> None:
        """Bytes that are no article, put on the log past ingest's checks."""
        context = self._pipeline.context()
        with context.log, context.log.producer("poison") as producer:
            producer.append(
                [Message(Article.topic, b"poison-%d" % number, b"{not json") for number in range(3)]
            )


@contextmanager
def lived(folder: Path) -> Iterator[tuple[str, float, float]]:
    """Live through it; gives Prometheus's address and the time range, and stops everything at the block's
    end.

    Raises:
        TimeoutError: something took too long; it says where the logs are.
    """
    binaries = find_binaries()
    if binaries is None:
        raise SystemExit("PostgreSQL's server is missing: install Debian's package `postgresql`")
    ports = {name: free_port() for name in (*SERVICES, "prometheus")}
    push, read = free_port(), free_port()
    with running(binaries) as store, KafkaCluster() as kafka:
        variables = {
            "ONRECORD_LOG__ENGINE": "kafka",
            "ONRECORD_KAFKA__BOOTSTRAP_SERVERS": kafka.bootstrap,
            "ONRECORD_STORE__URL": f"postgresql+pg8000://{USER}@{store}/postgres",
            "ONRECORD_INGEST__PUSH_PORT": str(push),
            "ONRECORD_QUERY__PORT": str(read),
        }
        prometheus = Prometheus(folder, config=_configuration(ports), port=ports["prometheus"])
        with Pipeline(folder / "services", variables) as pipeline, prometheus:
            pipeline.onrecord("topics", "create")
            day = Day(pipeline, prometheus, push, read, ports)
            for name in SERVICES:
                day.start(name)
            day.wait(
                lambda: prometheus.query(f"count(up == 1) == {len(ports)}"), "every service to be scraped"
            )
            start = time.time()
            day.live()
            yield prometheus.address, start, time.time()


def _configuration(ports: dict[str, int]) -> dict[str, Any]:
    """The committed configuration with the jobs at this machine's ports, and no Alertmanager."""
    config: dict[str, Any] = yaml.safe_load(
        (DEPLOY / "prometheus" / "prometheus.yml").read_text(encoding="utf-8")
    )
    times = {
        "scrape_interval": f"{INTERVAL_S}s",
        "scrape_timeout": f"{INTERVAL_S - 1}s",
        "evaluation_interval": f"{INTERVAL_S}s",
    }
    config["global"] |= times
    config["rule_files"] = [str(file) for file in sorted((DEPLOY / "prometheus" / "rules").glob("*.yml"))]
    config.pop("alerting")
    config["scrape_configs"] = [
        {
            "job_name": job["job_name"],
            "static_configs": [{"targets": [f"127.0.0.1:{ports[job['job_name']]}"]}],
        }
        for job in config["scrape_configs"]
        if job["job_name"] in ports
    ]
    return config
