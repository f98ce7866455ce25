"""Expressions that several panels share; every selector is narrowed by the dashboard's variables."""

from __future__ import annotations

FILTER = 'job=~"$job",instance=~"$instance"'
WINDOW = "[$__rate_interval]"

SERVICES = ("ingest", "extract", "aggregate", "query", "lag")
"""The scrape jobs, as `deploy/prometheus/prometheus.yml` names them."""

FRESHNESS_S = "60.0"
"""The freshness objective in seconds, as the histogram's bucket is labelled."""

OBJECTIVE = 0.99
"""Both objectives: 99 % of articles are not dead-lettered; 99 % are on record within a minute."""


def series(metric: str, *matchers: str) -> str:
    """A selector of ``metric`` for the chosen jobs and instances."""
    return f"{metric}{{{','.join((FILTER, *matchers))}}}"


def rate(metric: str, *matchers: str, by: str = "") -> str:
    """Increase per second, summed over instances, ``by`` labels."""
    return f"{_sum(by)}(rate({series(metric, *matchers)}{WINDOW}))"


def per_minute(metric: str, *matchers: str, by: str = "") -> str:
    """Increase per minute, summed over instances."""
    return f"60 * {rate(metric, *matchers, by=by)}"


def total(metric: str, *matchers: str, by: str = "") -> str:
    """Increase over the whole time range shown; 0 when the counter has not been born."""
    return f"{_sum(by)}(increase({series(metric, *matchers)}[$__range]))"


def or_zero(expression: str) -> str:
    """0 where a counter that counts only trouble does not exist yet."""
    return f"{expression} or vector(0)"


def nonzero(expression: str) -> str:
    """Only what happened: every counter of trouble is exposed from the start, and dozens of zeros would hide
    the one that counts."""
    return f"{expression} > 0"


def quantile(q: float, histogram: str, *matchers: str, by: str = "") -> str:
    """A quantile of a histogram (name without ``_bucket``)."""
    labels = ", ".join(label for label in ("le", by) if label)
    return (
        f"histogram_quantile({q}, sum by ({labels})"
        f" (rate({series(histogram + '_bucket', *matchers)}{WINDOW})))"
    )


def mean(histogram: str, *matchers: str, by: str = "") -> str:
    """The mean of a histogram's observations."""
    return f"{rate(histogram + '_sum', *matchers, by=by)} / {rate(histogram + '_count', *matchers, by=by)}"


def buckets(histogram: str, *matchers: str) -> str:
    """Observations per bucket and interval, for a heat map."""
    return f"sum by (le) (increase({series(histogram + '_bucket', *matchers)}{WINDOW}))"


def fresh_share(window: str) -> str:
    """Share of articles that were on record within the objective."""
    histogram = "onrecord_event_age_seconds"
    fresh = series(f"{histogram}_bucket", f'le="{FRESHNESS_S}"')
    return f"sum(increase({fresh}{window})) / sum(increase({series(f'{histogram}_count')}{window}))"


def dead_share(window: str) -> str:
    """Share of articles that extract finished by dead-lettering them."""
    finished = series("onrecord_articles_processed_total", 'service="extract"')
    dead = series("onrecord_articles_processed_total", 'service="extract"', 'outcome="dead_lettered"')
    return f"(sum(increase({dead}{window})) or vector(0)) / sum(increase({finished}{window}))"


def budget_left(bad_share: str) -> str:
    """What is left of the error budget when ``bad_share`` of the range's articles missed the objective: 1 =
    all, below 0 = overspent."""
    return f"1 - ({bad_share}) / {1 - OBJECTIVE:.2f}"


def _sum(by: str) -> str:
    return f"sum by ({by}) " if by else "sum"
