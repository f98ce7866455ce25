"""The dashboards: generated equals committed, readable, valid for Grafana and Prometheus, and in step with
the code's metrics."""

from __future__ import annotations

import importlib
import importlib.util
import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from services.chassis.metrics import PREFIX, TABLE
from tests.support.patience import PATIENCE_S
from tests.support.prometheus import Prometheus, require

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "grafana"
FILES = sorted((FOLDER / "dashboards").glob("*.json"))
DEPLOY = FOLDER.parent
SCHEMA = Path(__file__).parent / "grafana-dashboard.schema.json"

DIAGNOSTIC: dict[str, str] = {
    "exports": (
        "how much is taken away says nothing of the pipeline's state; a refused one shows among the answers"
    ),
    "live_readers": "an idle one costs next to nothing; that there are too many shows among the answers",
}
"""Metrics that are on no panel, each with the reason."""

OTHERS = {
    "ALERTS", "up", "scrape_duration_seconds", "scrape_samples_scraped",  # made by Prometheus
    "process_resident_memory_bytes", "process_virtual_memory_bytes", "process_cpu_seconds_total", "process_open_fds", "process_max_fds",
    "process_start_time_seconds", "python_gc_collections_total", "python_gc_objects_collected_total",
    "python_gc_objects_uncollectable_total",
}  # fmt: skip
KAFKA = re.compile(
    r"kafka_client_((?:consumer|producer)(?:_coordinator|_fetch_manager|_topic)?_metrics)_(\w+)"
)

UNITS = {"short", "percentunit", "s", "ms", "bytes", "Bps", "none"}
GRAFANA = {"__rate_interval", "__range", "__interval"}
PICTURE_BYTES = 250_000

_WORD = re.compile(r"(?<![\w.])[a-zA-Z_:][\w:]*")
_KEYWORDS = {
    "by",
    "without",
    "on",
    "ignoring",
    "group_left",
    "group_right",
    "and",
    "or",
    "unless",
    "offset",
    "bool",
}

Panel = dict[str, Any]


def boards() -> Iterator[tuple[str, dict[str, Any]]]:
    for file in FILES:
        yield file.stem, json.loads(file.read_text(encoding="utf-8"))


def panels() -> Iterator[tuple[str, Panel]]:
    for name, board in boards():
        for panel in board["panels"]:
            if panel["type"] != "row":
                yield f"{name} / {panel['title']}", panel


def queries() -> Iterator[tuple[str, str]]:
    for name, panel in panels():
        for target in panel["targets"]:
            yield name, target["expr"]


BOARDS = pytest.mark.parametrize(("name", "board"), list(boards()), ids=[file.stem for file in FILES])


def names_in(expression: str) -> set[str]:
    """The metrics of an expression: what is left when matchers, ranges, groupings, functions and numbers are
    taken away."""
    text = re.sub(r"\{[^}]*\}|\[[^\]]*\]", " ", expression)
    text = re.sub(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)", " ", text)
    found = set()
    for word in _WORD.finditer(text):
        called = text[word.end() :].lstrip().startswith("(")
        if not called and word[0] not in _KEYWORDS:
            found.add(word[0])
    return found


def test_generated_is_committed() -> None:
    command = [sys.executable, str(FOLDER / "generate.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 0, f"run `make generate`\n{done.stderr}"


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """Imports a module of `deploy/grafana` as its scripts do."""
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module


# the SDK's; Grafana 12 reads both
@pytest.mark.filterwarnings("ignore:Prefer using dashboardv2:DeprecationWarning")
def test_changed_and_leftover_files_are_found(module: Callable[[str], Any], tmp_path: Path) -> None:
    folder = shutil.copytree(FOLDER / "dashboards", tmp_path / "dashboards")
    assert module("generate").stale(folder) == []
    (folder / "record.json").write_text((folder / "record.json").read_text().replace("Actors", "Speakers", 1))
    (folder / "left.json").write_text("{}")
    assert module("generate").stale(folder) == ["left.json", "record.json"]


def test_the_four_dashboards_keep_their_addresses() -> None:
    assert {board["uid"] for _, board in boards()} == {
        f"onrecord-{name}" for name in ("pipeline", "extraction", "record", "runtime")
    }


@BOARDS
def test_grafana_schema(name: str, board: dict[str, Any]) -> None:
    """Grafana's own schema; it does not know the fields of annotations that the Prometheus data source
    reads."""
    left_out = {"target", "textFormat", "titleFormat", "tagKeys"}
    annotations = [
        {key: value for key, value in one.items() if key not in left_out}
        for one in board["annotations"]["list"]
    ]
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.validate({**board, "annotations": {"list": annotations}}, schema)


@BOARDS
def test_what_every_dashboard_has(name: str, board: dict[str, Any]) -> None:
    assert board["editable"] is False
    assert board["description"]
    assert board["tags"] == ["onrecord"]
    variables = {variable["name"]: variable for variable in board["templating"]["list"]}
    assert variables.keys() == {"datasource", "job", "instance", "runbooks"}
    assert variables["datasource"]["type"] == "datasource"
    assert all(variables[each]["includeAll"] and variables[each]["multi"] for each in ("job", "instance"))
    (link,) = board["links"]
    assert (link["type"], link["tags"], link["includeVars"], link["keepTime"]) == (
        "dashboards",
        ["onrecord"],
        True,
        True,
    )
    (annotation,) = board["annotations"]["list"]
    assert "ALERTS" in annotation["target"]["expr"]


@BOARDS
def test_layout(name: str, board: dict[str, Any]) -> None:
    """Panels tile the grid without overlaps or holes at the right, are numbered once, and begin with a row of
    figures."""
    taken: dict[tuple[int, int], str] = {}
    for panel in board["panels"]:
        grid = panel["gridPos"]
        for cell in (
            (x, y)
            for x in range(grid["x"], grid["x"] + grid["w"])
            for y in range(grid["y"], grid["y"] + grid["h"])
        ):
            assert cell not in taken, f"{panel['title']} covers {taken[cell]}"
            taken[cell] = panel["title"]
    last = max(y for _, y in taken)
    assert len(taken) == 24 * (last + 1), "the rows are not filled"
    numbers = [panel["id"] for panel in board["panels"]]
    assert numbers == list(range(1, len(numbers) + 1))
    top = [panel for panel in board["panels"] if panel["gridPos"]["y"] == 0]
    assert {panel["type"] for panel in top} == {"stat"}
    assert len(top) == 8


@pytest.mark.parametrize(("name", "panel"), list(panels()), ids=[name for name, _ in panels()])
def test_panel(name: str, panel: Panel) -> None:
    defaults = panel["fieldConfig"]["defaults"]
    assert panel["title"]
    assert len(panel["title"]) <= 40
    assert len(panel["description"].partition("\n")[0]) >= 40, (
        "the description says what it means and what bad looks like"
    )
    assert defaults["unit"] in UNITS
    assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    assert panel["targets"]
    references = [target["refId"] for target in panel["targets"]]
    assert len(references) == len(set(references))
    for target in panel["targets"]:
        assert target["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    if panel["type"] == "stat" and panel["options"]["colorMode"] == "background":
        assert len(defaults["thresholds"]["steps"]) == 3


@pytest.mark.parametrize(("name", "expression"), list(queries()))
def test_expression(name: str, expression: str) -> None:
    """Narrowed by the variables; counters only as rates or increases, over a window that Grafana chooses."""
    for selector in re.findall(r"(\w+)\{([^}]*)\}", expression):
        if selector[0] != "ALERTS":
            assert 'job=~"$job"' in selector[1], selector
            assert 'instance=~"$instance"' in selector[1], selector
    for window in re.findall(r"\[([^\]]*)\]", expression):
        assert window in ("$__rate_interval", "$__range")
    counters = re.findall(r"(?:(\w+)\()?(\w+(?:_total|_bucket|_sum|_count))\{", expression)
    for function, counter in counters:
        if counter.startswith("kafka_client_"):
            continue  # kafka-python's own figures are all gauges, whatever their names
        assert function in ("rate", "increase"), f"{counter} is a counter: rate or increase it"
    for variable in re.findall(r"\$(\w+)", expression):
        assert variable in {"job", "instance"} | GRAFANA


def test_expressions_are_promql(tmp_path: Path) -> None:
    values = {"__rate_interval": "1m", "__range": "1h", "__interval": "15s", "job": ".*", "instance": ".*"}
    rules = [
        {"record": f"panel:{number}", "expr": re.sub(r"\$(\w+)", lambda found: values[found[1]], expression)}
        for number, (_, expression) in enumerate(queries())
    ]
    file = tmp_path / "panels.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}), encoding="utf-8")
    done = subprocess.run(
        [require("promtool"), "check", "rules", str(file)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(rules)} rules found" in done.stdout


def exposed() -> dict[str, str]:
    """Series name → name in the table."""
    found: dict[str, str] = {}
    for row in TABLE:
        name = PREFIX + row.name + (f"_{row.unit}" if row.unit else "")
        suffixes = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}[
            row.kind
        ]
        found |= {name + suffix: row.name for suffix in suffixes}
    return found


def test_every_metric_of_a_panel_exists() -> None:
    known = exposed().keys() | OTHERS
    for name, expression in queries():
        names = names_in(expression)
        assert names, f"{name}: no metric found in {expression}"
        strangers = {each for each in names - known if not KAFKA.fullmatch(each)}
        assert not strangers, f"{name}: {sorted(strangers)} exist nowhere in the code"


def test_every_metric_of_the_code_is_on_a_panel() -> None:
    shown = {exposed().get(each, each) for _, expression in queries() for each in names_in(expression)}
    table = {row.name for row in TABLE}
    missing = table - shown - DIAGNOSTIC.keys()
    assert not missing, f"on no panel, and not listed as diagnostic: {sorted(missing)}"
    assert DIAGNOSTIC.keys() <= table - shown, "listed as diagnostic, yet on a panel or gone"


def test_bridged_names_are_metrics_of_the_client() -> None:
    """``kafka_client_<group>_<name>``: the client's source defines a metric of that name."""
    spec = importlib.util.find_spec("kafka")
    assert spec is not None
    assert spec.origin is not None
    source = "\n".join(file.read_text(encoding="utf-8") for file in Path(spec.origin).parent.rglob("*.py"))
    bridged = {found for _, expression in queries() for found in KAFKA.findall(expression)}
    assert len(bridged) > 10
    for group, name in bridged:
        hyphened = name.replace("_", "-")
        stem = re.sub(r"-(avg|max|rate|total)$", "", hyphened)
        assert re.search(rf"['\"]({re.escape(hyphened)}|{re.escape(stem)})['\"]", source), f"{group}: {name}"


def test_runbooks_exist() -> None:
    rules = "\n".join(
        file.read_text(encoding="utf-8") for file in (DEPLOY / "prometheus" / "rules").glob("*.yml")
    )
    alerts = set(re.findall(r"alert: (\w+)", rules))
    linked = {
        (name, link["url"])
        for name, panel in panels()
        for link in panel["links"]
        if link["title"].startswith("Runbook")
    }
    assert linked
    for name, url in linked:
        found = re.fullmatch(r"\$\{runbooks\}/(\w+)\.md", url)
        assert found, url
        assert found[1] in alerts, f"{name}: there is no alert {found[1]}"
        assert (DEPLOY / "runbooks" / f"{found[1]}.md").is_file(), f"{name}: no runbook {found[1]}"


def test_every_alert_is_linked_from_a_panel() -> None:
    """Whoever is paged finds a panel that shows the trouble."""
    rules = "\n".join(
        file.read_text(encoding="utf-8") for file in (DEPLOY / "prometheus" / "rules").glob("*.yml")
    )
    linked = {
        link["url"].rpartition("/")[2].removesuffix(".md") for _, panel in panels() for link in panel["links"]
    }
    assert set(re.findall(r"alert: (\w+)", rules)) <= linked


def test_provisioning() -> None:
    """One fixed data source, told the scrape interval that Prometheus has, and one read-only folder where
    compose mounts the JSON."""
    provisioning = FOLDER / "provisioning"
    (source,) = yaml.safe_load(
        (provisioning / "datasources" / "prometheus.yaml").read_text(encoding="utf-8")
    )["datasources"]
    prometheus = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    assert source["jsonData"]["timeInterval"] == prometheus["global"]["scrape_interval"]
    for _, board in boards():
        assert board["templating"]["list"][0]["current"]["value"] == source["uid"]
    (provider,) = yaml.safe_load((provisioning / "dashboards" / "onrecord.yaml").read_text(encoding="utf-8"))[
        "providers"
    ]
    assert provider["allowUiUpdates"] is False
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))["services"]["grafana"][
        "volumes"
    ]
    assert f"./grafana/dashboards:{provider['options']['path']}:ro" in compose
    for _, board in boards():
        address = board["templating"]["list"][3]["query"]
        assert f"./runbooks:/usr/share/grafana{address}:ro" in compose, (
            "where Grafana's public folder is, and what it serves at that address"
        )


@BOARDS
def test_picture(name: str, board: dict[str, Any]) -> None:
    """There is one, a reader's page loads it quickly, and its shape is the dashboard's present layout."""
    data = (FOLDER / "screenshots" / f"{name}.png").read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert len(data) < PICTURE_BYTES
    rows = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in board["panels"])
    width, height = int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
    assert (width, height) == (
        24 * 62 + 14,
        46 + 33 * rows + 7,
    ), "the layout has changed: run `make screenshots`"


@pytest.mark.parametrize(
    ("value", "unit", "decimals", "shown"),
    [
        (0.0123, "s", None, "12.3 ms"), (75, "s", None, "1.25 min"), (0, "s", None, "0 s"), (12.5, "ms", None, "12.5 ms"),
        (0.9912, "percentunit", 1, "99.1%"), (1, "percentunit", None, "100%"), (186 * 2**20, "bytes", None, "186 MiB"),
        (1500, "Bps", None, "1.5 kB/s"), (1024, "short", None, "1.02 K"), (0.5, "short", 2, "0.50"), (-3, "short", None, "-3"),
    ],
)  # fmt: skip
def test_units_of_pictures(
    module: Callable[[str], Any], value: float, unit: str, decimals: int | None, shown: str
) -> None:
    assert module("pictures.units").text(value, unit, decimals) == shown


def test_variables_of_pictures(module: Callable[[str], Any]) -> None:
    """As Grafana fills them in: a rate's window is never shorter than four scrapes."""
    source = module("screenshots").everything("http://127.0.0.1:9", 0, 3600, 15)
    assert (
        source.fill('rate(x{job=~"$job",instance=~"$instance"}[$__rate_interval])')
        == 'rate(x{job=~"ingest|extract|aggregate|query|lag",instance=~".*"}[60s])'
    )
    long = module("screenshots").everything("http://127.0.0.1:9", 0, 86400, 15)
    assert long.fill("[$__rate_interval] [$__range] [$__interval]") == "[375s] [86400s] [360s]"


@pytest.mark.prometheus
def test_every_panel_draws_without_data(module: Callable[[str], Any], tmp_path: Path) -> None:
    """A real server takes every query of every panel; an installation that has just been started shows empty
    panels, not errors."""
    with Prometheus(tmp_path, {}) as prometheus:
        prometheus.wait("vector(1)")
        now = time.time()
        drawn = module("screenshots").draw(
            module("screenshots").everything(prometheus.address, now - 600, now, 15), tmp_path / "out"
        )
    assert sorted(path.stem for path in drawn) == [file.stem for file in FILES]
    assert all(path.stat().st_size > 5_000 for path in drawn)
