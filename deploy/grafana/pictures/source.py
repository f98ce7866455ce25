"""A panel's data, from Prometheus's HTTP API, with Grafana's variables put in."""

from __future__ import annotations

import json
import math
import re
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any

POINTS = 240
"""Points across a panel: about one for every two pixels of a third of the width."""


class QueryFailed(Exception):
    """Prometheus refused an expression; the message holds both."""


@dataclass(frozen=True, slots=True)
class Series:
    """One series: its name in the legend, its labels, times (Unix seconds) and values. NaN is left out."""

    name: str
    labels: dict[str, str]
    times: list[float]
    values: list[float]

    @property
    def last(self) -> float:
        """The latest value."""
        return self.values[-1]


@dataclass(frozen=True, slots=True)
class Source:
    """A Prometheus, and the time range to show. ``interval`` is the data source's scrape interval in seconds,
    as Grafana is told it."""

    address: str
    start: float
    end: float
    interval: float
    variables: dict[str, str]

    @property
    def step(self) -> float:
        """Seconds between points: Grafana's ``$__interval``."""
        return max(self.interval, math.ceil((self.end - self.start) / POINTS))

    def fill(self, expression: str) -> str:
        """The expression with the variables that Grafana would fill in."""
        rate_interval = max(self.step + self.interval, 4 * self.interval)
        values = {
            "__rate_interval": f"{rate_interval:.0f}s",
            "__interval": f"{self.step:.0f}s",
            "__range": f"{self.end - self.start:.0f}s",
            **self.variables,
        }
        return re.sub(r"\$(\w+)", lambda found: values[found[1]], expression)

    def read(self, target: dict[str, Any]) -> list[Series]:
        """The series of one target of a panel; an instant query gives series of one point."""
        expression = self.fill(target["expr"])
        if target.get("instant"):
            found = self._get("query", {"query": expression, "time": f"{self.end}"})
            pairs = [(item["metric"], [item["value"]]) for item in found]
        else:
            asked = {
                "query": expression,
                "start": f"{self.start}",
                "end": f"{self.end}",
                "step": f"{self.step}",
            }
            pairs = [(item["metric"], item["values"]) for item in self._get("query_range", asked)]
        series = []
        for labels, points in pairs:
            kept = [(float(time), float(value)) for time, value in points if math.isfinite(float(value))]
            if kept:
                times, values = zip(*kept, strict=True)
                series.append(
                    Series(_legend(target["legendFormat"], labels), labels, list(times), list(values))
                )
        return sorted(series, key=lambda one: one.name)

    def _get(self, endpoint: str, parameters: dict[str, str]) -> list[dict[str, Any]]:
        url = f"{self.address}/api/v1/{endpoint}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310
                return list(json.load(answer)["data"]["result"])
        except urllib.error.HTTPError as error:
            raise QueryFailed(f"{parameters['query']}: {json.load(error)['error']}") from error


def _legend(template: str, labels: dict[str, str]) -> str:
    if template == "__auto":
        shown = ", ".join(f"{name}={value}" for name, value in sorted(labels.items()) if name != "__name__")
        return shown or labels.get("__name__", "value")
    return re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda found: labels.get(found[1], ""), template).strip()
