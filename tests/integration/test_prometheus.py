"""A real Prometheus scrapes the running pipeline, and the figures are the pipeline's."""

from __future__ import annotations

import subprocess
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from services.chassis import probe
from tests.support.patience import PATIENCE_S
from tests.support.pipeline import Pipeline, free_port
from tests.support.prometheus import Prometheus, require

pytestmark = pytest.mark.prometheus

Record = dict[str, list[tuple[object, ...]]]


def test_scraped_figures_agree_with_the_record(
    embedded: tuple[Pipeline, Record, str],
    pipeline_at: Callable[..., Pipeline],
    articles: Path,
    tmp_path: Path,
) -> None:
    targets = {name: f"127.0.0.1:{free_port()}" for name in ("extract", "aggregate", "query")}
    pipeline = pipeline_at(ONRECORD_QUERY__PORT=str(free_port()))
    pipeline.onrecord("topics", "create")
    pipeline.onrecord("ingest", str(articles))
    for name, target in targets.items():
        pipeline.start(name, ONRECORD_OPS__PORT=target.rpartition(":")[2])
    with Prometheus(tmp_path, targets) as prometheus:
        pipeline.drain()
        count, statements = len(list(articles.iterdir())), len(embedded[1]["statements"])
        for expression in (
            f"count(up == 1) == {len(targets)}",
            f'sum(onrecord_articles_processed_total{{service="extract"}}) == {count}',
            f'sum(onrecord_articles_processed_total{{service="aggregate"}}) == {count}',
            f"sum(onrecord_quotes_extracted_total) + sum(onrecord_claims_extracted_total) == {statements}",
            f"onrecord_event_age_seconds_count == {count}",
            'sum(onrecord_consumer_lag_records{service="aggregate"}) == 0',
            f"onrecord_extraction_duration_seconds_count == {count}",
            "onrecord_model_info == 1",
            f"count(onrecord_build_info == 1) == {len(targets)}",
            f"count(process_resident_memory_bytes > 1e6) == {len(targets)}",
        ):
            assert prometheus.wait(expression), expression
    for target in targets.values():
        with urllib.request.urlopen(f"http://{target}/metrics", timeout=PATIENCE_S) as answer:
            lint = subprocess.run(
                [require("promtool"), "check", "metrics"],
                input=answer.read(),
                capture_output=True,
                check=False,
            )
        assert lint.returncode == 0, lint.stdout + lint.stderr
        for endpoint in ("/livez", "/readyz"):
            pipeline.wait(
                lambda at=target, path=endpoint: not probe.ask(*_place(at), path),  # type: ignore[misc]
                f"{target}{endpoint}",
            )
    pipeline.stop()


def _place(target: str) -> tuple[str, int]:
    host, _, port = target.partition(":")
    return host, int(port)
