"""Every metric of onrecord, in one typed table.

Code, documentation and dashboards are made from or checked against :data:`TABLE`. No label may be unbounded: never an actor,
an address or an outlet. One process exposes one registry; scale by replicas.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

PREFIX = "onrecord_"

Kind = Literal["counter", "gauge", "histogram"]

FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Seconds: from one SQLite transaction to the longest page extraction."""
AGE = (0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 21600.0, 86400.0)
"""Seconds from an article coming in to its statements being on record; 60 s is the freshness objective."""
BYTES = (1e3, 3e3, 1e4, 3e4, 1e5, 3e5, 1e6, 3e6, 1e7)


@dataclass(frozen=True, slots=True)
class Metric:
    """One row of the table. ``name`` has neither prefix nor ``_total``."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    unit: str = ""
    buckets: tuple[float, ...] = ()


TABLE: tuple[Metric, ...] = (
    Metric("build_info", "gauge", "Constant 1, labelled with the running version.", ("version", "service")),
    Metric("model_info", "gauge", "Constant 1, labelled with the extraction model in use.", ("name", "version", "sha256")),
    # the flow of records through a stage's loop
    Metric("records_consumed", "counter", "Records read from the log, whatever became of them; replays count again.", ("service", "topic")),
    Metric(
        "articles_processed",
        "counter",
        "Articles finished by this service, exactly one outcome each, counted after the commit.",
        ("service", "outcome"),
    ),
    Metric("events_published", "counter", "Events committed to the log.", ("service", "topic")),
    Metric("dead_letters", "counter", "Records committed to a dead-letter topic.", ("service", "stage", "reason")),
    Metric("retries", "counter", "Tries of a record after a transient error.", ("service",)),
    Metric("duplicates", "counter", "Articles or events seen before and left out.", ("service", "kind")),
    Metric("transactions", "counter", "Transactions by outcome: committed or failed.", ("service", "outcome")),
    Metric("transaction_duration", "histogram", "Duration of one transaction, from begin to commit.", ("service",), "seconds", FAST),
    Metric("producer_rebuilds", "counter", "Transactional producers discarded and rebuilt, by cause.", ("service", "cause")),
    Metric("rebalances", "counter", "Partitions assigned, revoked or lost.", ("service", "kind")),
    Metric(
        "consumer_lag_records",
        "gauge",
        "Records between the read position and the end of the partition.",
        ("service", "topic", "partition"),
    ),
    Metric("consumer_lag", "gauge", "Age of the record last read, 0 when caught up.", ("service",), "seconds"),
    Metric("last_progress_timestamp", "gauge", "Unix time of the last committed batch.", ("service",), "seconds"),
    Metric("loop_turn_timestamp", "gauge", "Unix time of the loop's last turn, idle or not.", ("service",), "seconds"),
    Metric("in_flight", "gauge", "Records read and not yet committed.", ("service",)),
    Metric("backpressure", "counter", "Time spent waiting to retry while the source was held back.", ("service",), "seconds"),
    # ingest
    Metric("articles_ingested", "counter", "Articles offered, by outcome: published, duplicate, revised, rejected.", ("source", "outcome")),
    Metric("article_size", "histogram", "Size of an article's raw content.", (), "bytes", BYTES),
    Metric("feed_polls", "counter", "Feed polls by outcome: changed, unchanged, refused, failed.", ("outcome",)),
    Metric("push_requests", "counter", "Push requests by HTTP status.", ("status",)),
    # extract
    Metric("stage_duration", "histogram", "Duration of one step of extraction.", ("stage",), "seconds", FAST),
    Metric("extraction_duration", "histogram", "Duration of one whole extraction.", (), "seconds", FAST),
    Metric("tokens", "counter", "Word pieces the tagger read."),
    Metric("quotes_extracted", "counter", "Quotes committed, by kind.", ("kind",)),
    Metric("claims_extracted", "counter", "Claims committed, by kind.", ("kind",)),
    Metric(
        "statement_confidence",
        "histogram",
        "Confidence of committed quotes and claims.",
        ("type",),
        "ratio",
        (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0),
    ),
    # aggregate
    Metric("store_transaction_duration", "histogram", "Duration of one transaction of the record's database.", (), "seconds", FAST),
    Metric("store_rows", "counter", "Rows of the record written, by table.", ("table",)),
    Metric("actor_records_published", "counter", "Actor records published to the compacted topic."),
    Metric("event_age", "histogram", "From an article coming in to its document being on record.", (), "seconds", AGE),
    # query
    Metric("http_requests", "counter", "Requests answered by the read API, by route and status class.", ("route", "status")),
    Metric("http_request_duration", "histogram", "Duration of one request of the read API.", ("route",), "seconds", FAST),
)


class Metrics:
    """The table's metrics on one registry.

    ``metrics.counter("retries", service="extract").inc()``: an unknown name or label raises :class:`KeyError` or
    :class:`ValueError` at once, so a typo cannot make a silent series.
    """

    def __init__(self, *, process: bool = False) -> None:
        """``process`` adds CPU, memory and garbage-collector metrics of this process."""
        self.registry = CollectorRegistry()
        self._by_name: dict[str, Counter | Gauge | Histogram] = {}
        for row in TABLE:
            self._by_name[row.name] = self._make(row)
        if process:
            ProcessCollector(registry=self.registry)
            PlatformCollector(registry=self.registry)
            GCCollector(registry=self.registry)

    def _make(self, row: Metric) -> Counter | Gauge | Histogram:
        name = PREFIX + row.name
        if row.kind == "counter":
            return Counter(name, row.help, row.labels, unit=row.unit, registry=self.registry)
        if row.kind == "gauge":
            return Gauge(name, row.help, row.labels, unit=row.unit, registry=self.registry)
        return Histogram(name, row.help, row.labels, unit=row.unit, buckets=row.buckets, registry=self.registry)

    def counter(self, name: str, /, **labels: str) -> Counter:
        """The counter ``name`` with these labels."""
        metric = self._by_name[name]
        assert isinstance(metric, Counter), f"{name} is not a counter"
        return metric.labels(**labels) if labels else metric

    def gauge(self, name: str, /, **labels: str) -> Gauge:
        """The gauge ``name`` with these labels."""
        metric = self._by_name[name]
        assert isinstance(metric, Gauge), f"{name} is not a gauge"
        return metric.labels(**labels) if labels else metric

    def histogram(self, name: str, /, **labels: str) -> Histogram:
        """The histogram ``name`` with these labels."""
        metric = self._by_name[name]
        assert isinstance(metric, Histogram), f"{name} is not a histogram"
        return metric.labels(**labels) if labels else metric

    @contextmanager
    def timed(self, name: str, /, **labels: str) -> Iterator[None]:
        """Observe the block's duration, in seconds, on the histogram ``name``."""
        started = perf_counter()
        try:
            yield
        finally:
            self.histogram(name, **labels).observe(perf_counter() - started)

    def remove_lag(self, service: str, topic: str, partition: int) -> None:
        """Forget the lag of a partition this process no longer reads, so that no ghost lag is scraped."""
        gauge = self._by_name["consumer_lag_records"]
        assert isinstance(gauge, Gauge)
        try:
            gauge.remove(service, topic, str(partition))
        except KeyError:
            return
