"""The registry of one process: the metrics of :data:`services.chassis.metric_table.TABLE`, and its scrape.

One process exposes one registry; scale by replicas.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import product
from time import perf_counter

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from services.chassis.metric_table import PREFIX, TABLE, Metric

__all__ = ["PREFIX", "TABLE", "Metric", "Metrics"]


class Metrics:
    """The table's metrics on one registry.

    ``metrics.counter("retries", service="extract").inc()``: an unknown name or label raises :class:`KeyError`
    or :class:`ValueError` at once, so a typo cannot make a silent series.
    """

    def __init__(self, *, process: bool = False) -> None:
        """``process`` adds CPU, memory and garbage-collector metrics of this process."""
        self.registry = CollectorRegistry()
        self._by_name: dict[str, Counter | Gauge | Histogram] = {}
        self._replaced: dict[str, set[tuple[str, ...]]] = {}
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
        return Histogram(
            name, row.help, row.labels, unit=row.unit, buckets=row.buckets, registry=self.registry
        )

    def seed(self, service: str) -> None:
        """Expose every series that ``service`` may count, at zero, so that ``rate()`` sees the first
        increment of each.

        Histograms are seeded alike; of gauges only what is true before any work: nothing in flight, and
        progress as of now.
        """
        for row in TABLE:
            if service not in row.by:
                continue
            metric = self._by_name[row.name]
            for labels in _known_series(row, service):
                metric.labels(**labels)
        if service in _row("in_flight").by:
            self.gauge("in_flight", service=service).set(0)
        if service in _row("last_progress_timestamp").by:
            self.gauge("last_progress_timestamp", service=service).set_to_current_time()

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

    def replace(self, name: str, values: Mapping[tuple[str, ...], float]) -> None:
        """Make ``values`` (by label values, in the table's order) all the series the gauge ``name`` has:
        vanished ones go.

        For gauges that one caller measures as a whole; series set in another way are left alone.
        """
        gauge = self._by_name[name]
        assert isinstance(gauge, Gauge), f"{name} is not a gauge"
        for labels, value in values.items():
            gauge.labels(*labels).set(value)
        for gone in self._replaced.get(name, set()) - values.keys():
            gauge.remove(*gone)
        self._replaced[name] = set(values)

    def remove_lag(self, service: str, topic: str, partition: int) -> None:
        """Forget the lag of a partition this process no longer reads, so that no ghost lag is scraped."""
        gauge = self._by_name["consumer_lag_records"]
        assert isinstance(gauge, Gauge)
        try:
            gauge.remove(service, topic, str(partition))
        except KeyError:
            return


def _row(name: str) -> Metric:
    return next(row for row in TABLE if row.name == name)


def _known_series(row: Metric, service: str) -> Iterator[dict[str, str]]:
    """The label sets of a counter or histogram that are known before the first event; none where one label's
    values are not."""
    own = {"service": service} if "service" in row.labels else {}
    others = [label for label in row.labels if label != "service"]
    if row.kind == "gauge" or not row.labels:
        return
    if row.series:
        yield from (own | dict(zip(others, values, strict=True)) for values in row.series.get(service, ()))
    elif row.values.keys() >= set(others):
        yield from (
            own | dict(zip(others, values, strict=True))
            for values in product(*(row.values[label] for label in others))
        )
