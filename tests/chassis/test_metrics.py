"""The table of metrics, its documentation, and the code that moves them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import generate_latest

import services
from services.chassis import metrics_doc
from services.chassis.build import SCHEMA_VERSION, build_labels
from services.chassis.metric_table import BOUNDS, EVERY, TABLE
from services.chassis.metric_values import DEAD_LETTERS
from services.chassis.metrics import Metrics

ROOT = Path(services.__file__).parent
TABLE_FILES = {ROOT / "chassis" / "metric_table.py", ROOT / "chassis" / "metric_values.py"}
MOVERS = {"counter", "gauge", "histogram", "timed", "replace"}
ROWS = {row.name: row for row in TABLE}


def calls() -> Iterator[tuple[Path, ast.Call, str]]:
    """Every call in the services, with the name of what is called."""
    for file in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                yield file, node, getattr(node.func, "attr", getattr(node.func, "id", ""))


def literals(node: ast.expr) -> set[str]:
    """The text a literal may be, either branch of a conditional one."""
    if isinstance(node, ast.IfExp):
        return literals(node.body) | literals(node.orelse)
    return {node.value} if isinstance(node, ast.Constant) and isinstance(node.value, str) else set()


def emitted() -> dict[str, list[set[str] | None]]:
    """Metric name → label names of each place that moves it; None where they are not written out."""
    found: dict[str, list[set[str] | None]] = {}
    for file, call, name in calls():
        if name not in MOVERS or file in TABLE_FILES or not call.args:
            continue
        names = {keyword.arg for keyword in call.keywords}
        labels = None if None in names or name == "replace" else {label for label in names if label}
        for metric in literals(call.args[0]):
            found.setdefault(metric, []).append(labels)
    # which of the two is said by the statement's type
    found["quotes_extracted"] = found["claims_extracted"] = [{"kind"}]
    return found


def test_documentation_is_the_generated_one() -> None:
    assert metrics_doc.PATH.read_text(encoding="utf-8") == metrics_doc.document(), (
        "run `python -m services.chassis.metrics_doc`"
    )


def test_documentation_names_every_metric_and_every_label() -> None:
    text = metrics_doc.document()
    assert all(f"| `{row.exposed}` |" in text for row in TABLE)
    assert all(f"| `{label}` |" in text for label in BOUNDS)


def test_no_label_is_without_a_stated_bound() -> None:
    used = {label for row in TABLE for label in row.labels}
    assert used == set(BOUNDS)
    assert not used & {"actor", "actor_id", "article_id", "feed", "host", "outlet", "path", "speaker", "url"}
    for row in TABLE:
        assert row.by, f"{row.name}: who exposes it?"
        assert set(row.by) <= set(EVERY)
        assert set(row.values) <= set(row.labels)
        assert set(row.series) <= set(row.by)


def test_every_metric_is_moved_somewhere_with_the_labels_of_the_table() -> None:
    found = emitted()
    assert set(ROWS) - set(found) == set(), "declared, but no code moves it"
    for name, places in found.items():
        if name in ROWS:
            for labels in places:
                assert labels is None or labels == set(ROWS[name].labels), name


def test_names_are_those_the_registry_exposes() -> None:
    metrics = Metrics()
    for row in TABLE:
        labels = dict.fromkeys(row.labels, "x")
        {"counter": metrics.counter, "gauge": metrics.gauge, "histogram": metrics.histogram}[row.kind](
            row.name, **labels
        )
    exposed = generate_latest(metrics.registry).decode()
    for row in TABLE:
        assert f"# TYPE {row.exposed} {row.kind}\n" in exposed


@pytest.mark.parametrize("service", EVERY)
def test_known_series_are_there_from_the_start(service: str) -> None:
    metrics = Metrics()
    metrics.seed(service)
    samples = [sample for family in metrics.registry.collect() for sample in family.samples]
    labelled = [
        sample for sample in samples if sample.labels and not sample.name.endswith(("_created", "_bucket"))
    ]
    assert all(sample.value == 0 for sample in labelled if not sample.name.endswith("timestamp_seconds"))
    assert {sample.labels["service"] for sample in labelled if "service" in sample.labels} <= {service}
    series = {(sample.name, *sorted(sample.labels.values())) for sample in labelled}
    if service in DEAD_LETTERS:
        for stage, reason in DEAD_LETTERS[service]:
            assert ("onrecord_dead_letters_total", *sorted((service, stage, reason))) in series
        assert ("onrecord_publish_failures_total", *sorted((service, "timeout"))) in series
    if service == "extract":
        assert ("onrecord_articles_processed_total", "dead_lettered", "extract") in series
        assert ("onrecord_records_consumed_total", "extract", "onrecord.articles") in series
        assert ("onrecord_stage_duration_seconds_count", "tag") in series
    if service == "ingest":
        assert ("onrecord_push_requests_total", "503") in series
        assert ("onrecord_articles_ingested_total", "published", "push") in series
    if service == "query":
        assert {name for name, *_ in series} == {"onrecord_exports_total"}


def test_reasons_of_dead_letters_are_listed() -> None:
    """Stage and reason that the code writes out are among those that are exposed from the start."""
    listed = {pair for pairs in DEAD_LETTERS.values() for pair in pairs}
    found = set()
    for file, call, name in calls():
        if (
            name in ("PoisonError", "LimitExceeded")
            and "dead_letters" not in file.name
            and file.name != "cli_json.py"
        ):
            given = {keyword.arg: literals(keyword.value) for keyword in call.keywords}
            found |= {
                (stage, reason) for stage in given.get("stage", ()) for reason in given.get("reason", ())
            }
        if name == "Unreadable":
            stage = next(iter(literals(call.args[2])), "decode") if len(call.args) > 2 else "decode"
            found |= {(stage, reason) for reason in literals(call.args[0])}
    assert len(found) > 15, "the scan finds what it looks for"
    assert found <= listed


def test_vanished_series_of_a_measured_gauge_go() -> None:
    metrics = Metrics()
    metrics.replace("group_lag", {("g", "a"): 1.0, ("g", "b"): 2.0})
    metrics.replace("group_lag", {("g", "b"): 3.0})
    text = generate_latest(metrics.registry).decode()
    assert 'onrecord_group_lag_seconds{group="g",topic="b"} 3.0' in text
    assert 'topic="a"' not in text


def test_build_info_tells_revision_and_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ONRECORD_REVISION", raising=False)
    assert build_labels()["revision"] == "unknown"
    monkeypatch.setenv("ONRECORD_REVISION", "0123abc")
    assert build_labels()["revision"] == "0123abc"
    released = (folder.name for folder in (ROOT.parent / "schemas" / "released").iterdir())
    assert max(released, key=lambda name: tuple(map(int, name.split(".")))) == SCHEMA_VERSION
