"""``docs/metrics.md``: ``python -m services.chassis.metrics_doc [--check]`` writes or checks it against the
table of metrics."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from services.chassis.metric_table import BOUNDS, PREFIX, TABLE, Metric

PATH = Path(__file__).parents[2] / "docs" / "metrics.md"

INTRODUCTION = f"""# Metrics

Made from `services/chassis/metric_table.py` by `python -m services.chassis.metrics_doc`; do not edit.

Every process serves `/metrics` on its ops port (9464). A counter or histogram whose label values are all known beforehand is there from
the start with the value 0, so that `rate()` sees its first increment. Outcomes are counted after the commit, once per record, whatever
was retried before. All names begin with `{PREFIX}`; no label names an actor, an address or an outlet.
"""

ELSEWHERE = """## Of libraries

| Name | Exposed by | Meaning |
|---|---|---|
| `process_*` | every service | processor time, memory and file descriptors of the process |
| `python_info`, `python_gc_*` | every service | interpreter and garbage collector |
| `kafka_client_<group>_<name>` | ingest, extract, aggregate; on Kafka only | every finite figure of the client's own statistics as a \
gauge, labels `client_id` and `topic`; groups `consumer_metrics`, `consumer_fetch_manager_metrics`, `consumer_coordinator_metrics`, \
`producer_metrics`, `producer_topic_metrics` and others of the client. Empty statistics and those of single brokers are left out |

Client ids are `onrecord-<group>-<instance>` or name a role, so there are as many as there are replicas. The client's figures are
diagnostics: alerts use the project's own.

## Exemplars

`onrecord_event_age_seconds` carries a `trace_id` exemplar per bucket in the OpenMetrics format (`Accept: application/openmetrics-text`);
see [logs and traces](logs.md).

## While something is out of reach

- `/readyz` of a service answers 503 once the log, the database or ingest's index has not answered for 30 seconds, and says since when;
  `onrecord_last_answer_timestamp_seconds` is the same fact. It is about answers: an idle topic, a rebalance and a long extraction change
  nothing. `/livez` stays as it is, because a restart would mend nothing.
- The lag exporter removes its gauges while the log cannot be read: a figure nobody measured would be a lie. It stays alive, `/readyz`
  says why, and `onrecord_last_progress_timestamp_seconds{service="lag"}` stands still.
- `onrecord run` is its groups' only member and needs no lag exporter: it exposes `onrecord_consumer_lag_records` itself.
- `onrecord_consumer_lag_records` of a partition goes when the process no longer reads it.
- `onrecord_group_lag_records` counts offsets. On Kafka a transaction leaves a marker in each partition it wrote to, so the figure is a
  little high while a group is behind; it is exactly 0 when no record is left. `onrecord_group_lag_seconds` is the age of a record that
  was read, and is exact.
"""


def document() -> str:
    """The whole page."""
    return "\n".join([INTRODUCTION, *_metrics(), *_labels(), ELSEWHERE])


def _metrics() -> Iterator[str]:
    yield "## By name\n"
    yield "| Name | Kind | Unit | Labels | Exposed by | Meaning |"
    yield "|---|---|---|---|---|---|"
    for row in TABLE:
        labels = ", ".join(f"`{label}`" for label in row.labels)
        yield f"| `{row.exposed}` | {row.kind} | {row.unit} | {labels} | {', '.join(row.by)} | {row.help} |"
    yield ""
    yield "Buckets of the histograms, upper bounds:\n"
    for row in TABLE:
        if row.buckets:
            yield f"- `{row.exposed}`: {', '.join(f'{bound:g}' for bound in row.buckets)}"
    yield ""


def _labels() -> Iterator[str]:
    yield "## Labels and their bounds\n"
    yield "| Label | Bound | Values known beforehand |"
    yield "|---|---|---|"
    for label, bound in BOUNDS.items():
        known = "; ".join(f"`{row.name}`: {_listed(row, label)}" for row in TABLE if label in row.values)
        yield f"| `{label}` | {bound} | {known} |"
    yield ""
    letters = next(row for row in TABLE if row.name == "dead_letters")
    yield "Stage and reason of dead letters:\n"
    for service, pairs in letters.series.items():
        yield f"- {service}: {', '.join(f'{stage} {reason}' for stage, reason in pairs)}"
    yield ""


def _listed(row: Metric, label: str) -> str:
    return ", ".join(row.values[label])


def main() -> int:
    """Write or check; 1 when the committed page is not the generated one."""
    parser = argparse.ArgumentParser(prog="python -m services.chassis.metrics_doc", description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="fail instead of writing when the page is out of date"
    )
    if not parser.parse_args().check:
        PATH.parent.mkdir(exist_ok=True)
        PATH.write_text(document(), encoding="utf-8")
        return 0
    if PATH.is_file() and PATH.read_text(encoding="utf-8") == document():
        return 0
    print(
        f"{PATH.name} is out of date: run `python -m services.chassis.metrics_doc` and commit it",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
