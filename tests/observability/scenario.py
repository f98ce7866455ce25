"""The pipeline with its Prometheus, in health and in trouble: real processes on a real Kafka and a real
PostgreSQL.

``python -m tests.observability.scenario`` plays it outside pytest, for pictures and for looking at it:
``--exec COMMAND`` runs a command against the finished scenario (``PROMETHEUS_URL``, ``SCENARIO_START`` and
``SCENARIO_END`` in its environment), ``--keep`` leaves everything running until Ctrl-C, ``--healthy`` leaves
the faults out.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pg8000.dbapi

from schemas.events import Article
from services.chassis.cloudevents import encode
from services.chassis.devkafka import KafkaCluster
from services.chassis.log.types import Message
from services.chassis.probe import ask
from services.embedded import SAMPLES
from tests.observability import scaled
from tests.support.pipeline import Pipeline, free_port
from tests.support.postgres import USER, find_binaries, running
from tests.support.prometheus import LOOK_S, Prometheus
from tests.support.web import Answer, Respond, Site

SERVICES = ("ingest", "extract", "aggregate", "query", "lag")

PATIENCE_S = 600.0 * 20 / scaled.SCALE
"""Longest wait for an alert or a figure; on a quiet machine the slowest takes 60 s."""

ANSWER_S = 30.0
"""Longest wait for an answer of the push API."""

PORTION = 4
"""Articles pushed at once in health."""

READ_PAUSE_S = 0.25
"""Between two requests of the reader that keeps the API busy."""

POISON = 40
"""Enough for a burn rate; fewer than the 100 in a row at which a stage holds."""

FEED_ITEM = "<item><title>Edition {n}</title><link>{site}/{n}</link></item>"


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that breaks: the alerts it must raise, and those that may come along, each with the
    reason."""

    name: str
    expected: Mapping[str, Mapping[str, str]]
    companions: Mapping[str, str] = field(default_factory=dict)


FAULTS = {
    fault.name: fault
    for fault in (
        Fault(
            "late",
            {"FreshnessBurnRateFast": {"slo": "freshness"}},
            {
                "FreshnessBurnRateSlow": "the same objective over longer windows; Alertmanager inhibits it",
                "ClockSkew": (
                    "that machine's clock is ahead; where the other alert takes long, this one has its"
                    " time, too"
                ),
            },
        ),
        Fault(
            "extract stopped",
            {"ServiceDown": {"job": "extract"}, "ConsumerStalled": {"group": "onrecord-extract"}},
            {
                "TargetDown": "the service's one instance is a target too; inhibited by ServiceDown",
                "LagGrowing": "what waits gets older; inhibited by ConsumerStalled",
            },
        ),
        Fault(
            "poison",
            {
                "ArticleSuccessBurnRateFast": {"slo": "article_success"},
                "DeadLetterRateHigh": {"job": "extract"},
            },
            {"ArticleSuccessBurnRateSlow": "the same objective over longer windows; inhibited"},
        ),
        Fault(
            "broker pauses",
            {},
            {
                "LogUnreachable": "on a busy machine the pause is long enough; it ends with it",
                "PublishErrors": "of what was on its way",
                **dict.fromkeys(
                    ("ConsumerStalled", "LagGrowing", "FreshnessBurnRateFast", "FreshnessBurnRateSlow"),
                    "on a busy machine what waits for the broker, a whole dump, waits long enough",
                ),
            },
        ),
        Fault(
            "store killed",
            {"StoreErrors": {"job": "aggregate"}},
            {
                "ReadApiErrors": "the pages read the same database; inhibited by StoreErrors",
                "ConsumerStalled": "aggregate cannot commit without its database; inhibited by StoreErrors",
                "LagGrowing": "what waits gets older; inhibited",
            },
        ),
        Fault(
            "broker killed",
            {"LogUnreachable": {"job": "lag"}},
            {
                "PublishErrors": (
                    "of what was on its way; ingest reads the log before it writes, and is not let as far as"
                    " that again"
                ),
                **dict.fromkeys(
                    ("StoreErrors", "ReadApiErrors", "ConsumerStalled", "LagGrowing"),
                    "the store is still gone; what it raised may have rested for a moment",
                ),
            },
        ),
    )
}


class Scenario:
    """Everything started on entering. ``start``: Unix time of the first figures; ``up_at``: from then on
    every service was up."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._stack = ExitStack()
        self._quiet = threading.Event()
        self._numbers = iter(range(1_000_000))
        self.start = self.up_at = 0.0

    def __enter__(self) -> Self:
        try:
            self._open()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._quiet.set()
        self._stack.close()

    def _open(self) -> None:
        binaries = find_binaries()
        assert binaries is not None, "PostgreSQL's server is missing"
        self.kafka = self._stack.enter_context(KafkaCluster())
        self._store = self._stack.enter_context(running(binaries))
        site = self._stack.enter_context(Site())
        site.answers |= _web(site.url)
        self._ports = {name: free_port() for name in (*SERVICES, "push", "read", "prometheus")}
        self.pipeline = self._stack.enter_context(Pipeline(self.folder / "services", self._variables(site)))
        self.pipeline.onrecord("topics", "create")
        for name in SERVICES:
            self.start_service(name)
        targets = {job: f"127.0.0.1:{self._ports[job]}" for job in (*SERVICES, "prometheus")}
        config = scaled.configuration(self.folder, targets)
        self.prometheus = self._stack.enter_context(
            Prometheus(self.folder, config=config, port=self._ports["prometheus"])
        )
        self.start = time.time()
        self.wait(f"count(up == 1) == {len(targets)}")
        # scraped is not ready: the ops port answers before the push server does
        self.pipeline.wait(
            lambda: not any(ask("127.0.0.1", self._ports[name], "/readyz") for name in SERVICES),
            "services to be ready",
        )
        self.up_at = time.time()
        self._reader = threading.Thread(target=self._read_pages, name="reader", daemon=True)
        self._reader.start()

    def _variables(self, site: Site) -> dict[str, str]:
        slower = 30 / scaled.SCALE
        return {
            "ONRECORD_LOG__ENGINE": "kafka",
            "ONRECORD_LOG__PARTITIONS": "3",
            "ONRECORD_KAFKA__BOOTSTRAP_SERVERS": self.kafka.bootstrap,
            # waits shortened like the rules' windows, so that failures are as frequent in them
            "ONRECORD_KAFKA__REQUEST_TIMEOUT_S": f"{1.5 * slower:g}",
            "ONRECORD_KAFKA__DELIVERY_TIMEOUT_S": f"{2 * slower:g}",
            "ONRECORD_KAFKA__TRANSACTION_TIMEOUT_S": f"{4 * slower:g}",
            "ONRECORD_KAFKA__BOOTSTRAP_TIMEOUT_S": f"{4 * slower:g}",
            "ONRECORD_KAFKA__SESSION_TIMEOUT_S": f"{6 * slower:g}",
            "ONRECORD_STAGE__BACKOFF_MAX_S": "0.5",
            "ONRECORD_STAGE__MAX_RECORDS": "2",
            "ONRECORD_LAG__INTERVAL_S": str(scaled.INTERVAL_S),
            "ONRECORD_STORE__URL": f"postgresql+pg8000://{USER}@{self._store}/postgres",
            "ONRECORD_INGEST__PUSH_PORT": str(self._ports["push"]),
            "ONRECORD_INGEST__FEEDS": f"{site.url}/feed",
            "ONRECORD_INGEST__ALLOW_PRIVATE_ADDRESSES": "true",
            "ONRECORD_QUERY__PORT": str(self._ports["read"]),
        }

    # -- what the world does ---------------------------------------------------------------------------------

    def start_service(self, name: str) -> None:
        """Start a service, at the address it is scraped at."""
        self.pipeline.start(name, ONRECORD_OPS__PORT=str(self._ports[name]))

    def push(self, texts: Sequence[str], **fields: object) -> list[dict[str, Any]]:
        """Push articles, as new ones, until they are taken; returns them as pushed."""
        articles = [self._article(text) | fields for text in texts]
        deadline = time.monotonic() + PATIENCE_S
        # what was taken is known to ingest, and not taken twice
        while (status := self._post(articles)) != HTTPStatus.ACCEPTED:
            assert time.monotonic() < deadline, f"the push API goes on answering {status}"
            time.sleep(LOOK_S)
        return articles

    def _article(self, text: str) -> dict[str, Any]:
        number = next(self._numbers)
        return {
            "url": f"https://outlet{number % 4}.example/{number}", "outlet": f"outlet{number % 4}.example",
            "content_type": "text/plain", "language": "en", "content": f"{text}\n\nEdition {number}.",
        }  # fmt: skip

    def _post(self, articles: Sequence[Mapping[str, object]]) -> int:
        address = f"http://127.0.0.1:{self._ports['push']}/v1/articles"
        request = urllib.request.Request(
            address, json.dumps(articles).encode(), {"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_S) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code
        except (OSError, http.client.HTTPException):  # no answer in time is an answer to it, too
            return 0

    def _read_pages(self) -> None:
        """A reader of the API, until the end; what fails is what ReadApiErrors is about."""
        paths = ("/", "/v1/actors", "/v1/search?q=the", "/v1/actors/person:nobody")
        while True:
            for path in paths:
                with suppress(OSError, http.client.HTTPException):
                    urllib.request.urlopen(
                        f"http://127.0.0.1:{self._ports['read']}{path}", timeout=ANSWER_S
                    ).close()
                if self._quiet.wait(READ_PAUSE_S):
                    return

    def healthy(self, articles: int = 12) -> None:
        """A working day: so many of the sample articles, two twice, one refused, one corrected; everything
        comes on record. In between a second extract lends a hand: partitions are handed over."""
        texts = samples()[:articles]
        pushed = self.push(texts[:PORTION])
        for first in range(PORTION, len(texts), PORTION):
            self.drained()  # a slow machine would be late with a whole dump
            pushed += self.push(texts[first : first + PORTION])
        self._post(pushed[:2])
        self._post(
            [{"content_type": "text/plain"}, pushed[0] | {"content": f"{pushed[0]['content']} Corrected."}]
        )
        self._scale_out()
        self.drained()

    def _scale_out(self) -> None:
        """A second member joins extract's group, until the first has given partitions up for it, and leaves
        again."""
        moves = 'sum(onrecord_rebalances_total{service="extract"})'
        before = self.value(moves)
        self.pipeline.start("extract", instance="-2", ONRECORD_LOG__INSTANCE="2")
        self.wait(f"{moves} > {before:g}")
        self.pipeline.stop("extract-2")

    def drained(self) -> None:
        """Wait until everything on the log is on record: two measurements from now on, the second begun after
        all this, say so."""
        for _ in range(2):
            self.wait(f'max(onrecord_last_progress_timestamp_seconds{{service="lag"}}) > {time.time():.3f}')
        self.wait("max(onrecord_group_lag_seconds) == 0")

    # -- faults ----------------------------------------------------------------------------------------------

    def play(self, name: str) -> set[str]:
        """Break something, wait for the alerts it must raise, and mend it if it can be; returns the alerts it
        raised.

        Raises:
            AssertionError: an expected alert did not fire in time, or another one did.
        """
        fault = FAULTS[name]
        self.evaluated()  # what the last fault still raises has begun before this one
        began = time.time()
        mend = {
            "late": self._late, "extract stopped": self._stop_extract, "poison": self._poison, "broker pauses": self._pause_broker,
            "store killed": self._kill_store, "broker killed": self._kill_broker,
        }[name]()  # fmt: skip
        try:
            for alert, labels in fault.expected.items():
                self._firing(alert, labels, name)
            raised = self.raised(began)
            strangers = raised - fault.expected.keys() - fault.companions.keys()
            assert not strangers, (
                f"{name}: {sorted(strangers)} fired too\n{json.dumps(self.prometheus.alerts(), indent=1)}"
            )
        finally:
            mend()
        return raised

    def _late(self) -> Callable[[], None]:
        """A dump of articles that came in ten minutes ago, put on the log by a machine whose clock is a
        minute ahead."""
        came_in = datetime.now(UTC) - timedelta(minutes=10)
        ahead_ms = int((time.time() + 60) * 1000)
        events = [
            Article(
                article_id=f"late-{n}",
                content_type="text/plain",
                language="en",
                content=text,
                origin="dump",
                fetched_at=came_in,
            )
            for n, text in enumerate(short(12))
        ]
        self._append([replace(encode(event, source="/scenario"), timestamp_ms=ahead_ms) for event in events])
        return self.drained

    def _stop_extract(self) -> Callable[[], None]:
        self.pipeline.kill("extract")
        self.push(short(4))

        def mend() -> None:
            self.start_service("extract")
            self.drained()

        return mend

    def _poison(self) -> Callable[[], None]:
        """A producer gone wrong: bytes that are no article."""
        self._append([Message(Article.topic, b"poison-%d" % n, b"{not json") for n in range(POISON)])
        return lambda: None

    def _pause_broker(self) -> Callable[[], None]:
        """The broker stands still in the middle of work, until extract has given a transaction up; then
        extract's producer is new."""
        failed = '(sum(onrecord_transactions_total{service="extract",outcome="failed"}) or vector(0))'
        self.wait('up{job="extract"} == 1')
        before = self.value(failed)
        self.push(samples())
        self.wait('sum(onrecord_in_flight{service="extract"}) > 0')
        (broker,) = self.kafka.brokers
        broker.pause()
        try:
            self.wait(f"{failed} > {before:g}")
        finally:
            broker.resume()
        self.wait('sum(onrecord_producer_rebuilds_total{service="extract"}) > 0')
        return self.drained

    def _append(self, messages: Sequence[Message]) -> None:
        context = self.pipeline.context()
        with context.log, context.log.producer("scenario") as producer:
            producer.append(messages)

    def _kill_store(self) -> Callable[[], None]:
        """The database server dies at once, as if its machine had."""
        host, _, port = self._store.partition(":")
        connection = pg8000.dbapi.connect(
            USER, host=host, port=int(port), database="postgres", timeout=PATIENCE_S
        )
        cursor = connection.cursor()
        cursor.execute("SHOW data_directory")
        folder = Path(cursor.fetchone()[0])
        connection.close()
        os.kill(int((folder / "postmaster.pid").read_text().splitlines()[0]), signal.SIGQUIT)
        self.push(short(4))
        return lambda: None

    def _kill_broker(self) -> Callable[[], None]:
        """The broker dies at once, in the middle of work; a sender goes on trying."""
        self.push(samples())
        self.kafka.brokers[0].kill()
        mended = threading.Event()

        def send() -> None:
            while not mended.wait(READ_PAUSE_S):
                self._post([self._article(text) for text in short(1)])

        sender = threading.Thread(target=send, name="sender", daemon=True)
        sender.start()

        def mend() -> None:
            mended.set()
            sender.join()

        return mend

    # -- what Prometheus says --------------------------------------------------------------------------------

    def wait(self, expression: str) -> None:
        """Wait until an expression has a value."""
        self.prometheus.wait(expression, PATIENCE_S)

    def value(self, expression: str) -> float:
        """The only value of an expression."""
        ((_, value),) = [found["value"] for found in self.prometheus.wait(expression, PATIENCE_S)]
        return float(value)

    def evaluated(self) -> None:
        """Wait until every rule was evaluated on figures from now on."""
        now = time.time()
        for job in SERVICES:
            self.wait(f'(timestamp(up{{job="{job}"}}) > {now:.3f}) or (absent(up{{job="{job}"}}))')
        # twice: an alert may come before the recording rule that it reads
        self.wait(
            "min(prometheus_rule_group_last_evaluation_timestamp_seconds) >"
            f" {time.time() + 2 * scaled.INTERVAL_S:.3f}"
        )

    def _firing(self, alert: str, labels: Mapping[str, str], fault: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not any(
            _is(found, alert, labels) and found["state"] == "firing" for found in self.prometheus.alerts()
        ):
            assert time.monotonic() < deadline, (
                f"{fault}: {alert} {dict(labels)} did not fire\n{self._said()}"
            )
            time.sleep(LOOK_S)

    def raised(self, since: float) -> set[str]:
        """Alerts that fire now and became active after ``since``."""
        return {
            str(found["labels"]["alertname"])
            for found in self.prometheus.alerts()
            if found["state"] == "firing"
            and datetime.fromisoformat(_microseconds(found["activeAt"])).timestamp() >= since
        }

    def _said(self) -> str:
        tails = "\n".join(f"== {name}\n{self.pipeline.tail(name)[-1500:]}" for name in SERVICES)
        return f"{json.dumps(self.prometheus.alerts(), indent=1)}\n{tails}"


def samples() -> list[str]:
    """The texts of the sample articles."""
    return [file.read_text(encoding="utf-8") for file in sorted(SAMPLES.glob("*.txt"))]


def short(count: int) -> list[str]:
    """Articles of two sentences: extracted in a moment."""
    return [
        f"“The bridge will open in {2030 + n},” Mayor Ida Holm said on Tuesday. The council agreed."
        for n in range(count)
    ]


def _web(site: str) -> dict[str, Answer | Respond]:
    """A feed and its pages."""
    texts = short(3)
    items = "".join(FEED_ITEM.format(n=n, site=site) for n in range(len(texts)))
    feed = f'<?xml version="1.0"?><rss version="2.0"><channel><title>Feed</title>{items}</channel></rss>'
    pages = {
        f"/{n}": _page(f"<html lang='en'><body><article><p>{text * 5}</p></article></body></html>")
        for n, text in enumerate(texts)
    }
    return {"/feed": (200, {"Content-Type": "application/rss+xml"}, feed.encode()), **pages}


def _page(html: str) -> Answer:
    return 200, {"Content-Type": "text/html; charset=utf-8"}, html.encode()


def _is(alert: Mapping[str, Any], name: str, labels: Mapping[str, str]) -> bool:
    return bool(alert["labels"].items() >= {"alertname": name, **labels}.items())


def _microseconds(time_text: str) -> str:
    """RFC 3339 with up to nine decimals, as Go writes it → what Python reads."""
    whole, _, decimals = time_text.rstrip("Z").partition(".")
    return f"{whole}.{decimals[:6]:0<6}+00:00"


def main() -> int:
    """Play the scenario and hand it to a command or a person."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--exec", dest="command", help="run this shell command against it")
    parser.add_argument("--keep", action="store_true", help="leave it running until Ctrl-C or SIGTERM")
    parser.add_argument("--healthy", action="store_true", help="no faults")
    parser.add_argument(
        "--articles", type=int, default=12, help="sample articles of the healthy part (21 at most)"
    )
    parser.add_argument("--folder", type=Path, help="where data and logs go (a temporary folder by default)")
    options = parser.parse_args()
    # a shell starts background jobs with SIGINT ignored: SIGTERM ends those as cleanly
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder = options.folder or Path(tempfile.mkdtemp(prefix="onrecord-scenario-"))
    folder.mkdir(parents=True, exist_ok=True)
    code = 0
    with Scenario(folder) as scenario:
        print(f"Prometheus: {scenario.prometheus.address}  data and logs: {folder}", flush=True)
        scenario.healthy(options.articles)
        print(f"healthy after {time.time() - scenario.start:.0f} s", flush=True)
        for name in () if options.healthy else FAULTS:
            raised = scenario.play(name)
            print(
                f"{name}: {', '.join(sorted(raised))} after {time.time() - scenario.start:.0f} s", flush=True
            )
        if options.command:
            known = {"SCENARIO_START": f"{scenario.start:.0f}", "SCENARIO_END": f"{time.time():.0f}"}
            environment = {**os.environ, "PROMETHEUS_URL": scenario.prometheus.address, **known}
            code = subprocess.run(options.command, shell=True, env=environment, check=False).returncode  # noqa: S602 - the caller's own
        if options.keep:
            print("running until Ctrl-C or SIGTERM", flush=True)
            try:
                signal.pause()
            except KeyboardInterrupt:
                print("stopping")
    return code


if __name__ == "__main__":
    sys.exit(main())
