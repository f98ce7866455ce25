"""kafka-python's own metrics for Prometheus: diagnostics beside our counters."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from services.chassis.log.kafka.log import KafkaLog

EMPTY = 1e18
"""An empty minimum is 9.2e18; no real measurement of the client comes near."""

TOPIC_GROUP = "producer-topic-metrics."
"""The producer puts the topic into the group's name instead of a tag."""

NODE_GROUP = "-node-metrics"

_UNFIT = re.compile(r"[^a-zA-Z0-9_]")


class KafkaClientCollector(Collector):
    """Walks the metrics of a log's live clients at scrape time:
    ``kafka_client_<group>_<name>{client_id,topic}``."""

    def __init__(self, log: KafkaLog) -> None:
        self._log = log

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Finite values only: empty statistics return infinities and 9.2e18."""
        return iter(families(dict(client.metrics(raw=True) or {}) for client in self._log.clients()))

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Nothing: names are known at scrape time only."""
        return []


def families(clients: Iterable[dict[Any, Any]]) -> list[GaugeMetricFamily]:
    """Gauge families of several clients' raw metrics (``{MetricName: KafkaMetric}``)."""
    found: dict[str, GaugeMetricFamily] = {}
    seen: set[tuple[str, str, str]] = set()
    for metrics in clients:
        for name, metric in metrics.items():
            value = metric.value()
            if not isinstance(value, (int, float)) or not math.isfinite(value) or abs(value) >= EMPTY:
                continue
            group, topic = name.group, name.tags.get("topic", "")
            if NODE_GROUP in group:
                continue  # one metric name per broker and connection, and nothing the totals do not say
            if group.startswith(TOPIC_GROUP):
                group, topic = TOPIC_GROUP.rstrip("."), group.removeprefix(TOPIC_GROUP)
            full = "kafka_client_" + _UNFIT.sub("_", f"{group}_{name.name}")
            series = (full, name.tags.get("client-id", ""), topic)
            if series in seen:
                continue
            seen.add(series)
            if full not in found:
                found[full] = GaugeMetricFamily(
                    full, name.description or name.name, labels=("client_id", "topic")
                )
            found[full].add_metric((series[1], topic), value)
    return list(found.values())
