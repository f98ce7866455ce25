"""Rules, alerts, routing and runbooks hold together: with promtool and amtool, and with the code they are
about."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer.main
import yaml

from services.chassis.metrics import TABLE
from services.cli.main import app
from services.cli.service import Name
from tests.support.patience import PATIENCE_S
from tests.support.prometheus import require

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
PROMETHEUS = DEPLOY / "prometheus"
RUNBOOKS = DEPLOY / "runbooks"
NOTICED = {"WrongPerson"}
"""Runbooks of what no alert can see: a reader notices."""
ALERTMANAGER = DEPLOY / "alertmanager" / "alertmanager.yml"
CONFIGS = (PROMETHEUS / "prometheus.yml", PROMETHEUS / "local.yml")
RULES = sorted((PROMETHEUS / "rules").glob("*.yml"))
TESTS = sorted((PROMETHEUS / "tests").glob("*.test.yml"))

NOT_OURS = {"up", "process_start_time_seconds", "ALERTS"}
"""Made by Prometheus, and by prometheus_client's process collector."""

KEYWORDS = {
    "and", "or", "unless", "on", "ignoring", "by", "without", "offset", "sum", "max", "min", "count", "avg", "topk", "rate", "increase",
    "changes", "deriv", "absent", "vector", "clamp_min", "histogram_quantile", "avg_over_time", "max_over_time", "group_left", "bool",
    "time",
}  # fmt: skip

CASE_PATIENCE_S = 240
"""Ten seconds on an idle machine for the longest file: weeks of evaluations."""


def load(path: Path) -> dict[str, Any]:
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")))


def rules() -> Iterator[Mapping[str, Any]]:
    for path in RULES:
        for group in load(path)["groups"]:
            yield from group["rules"]


ALERTS = {rule["alert"]: rule for rule in rules() if "alert" in rule}
RECORDED = {rule["record"] for rule in rules() if "record" in rule}


def metrics() -> set[str]:
    """Every series name the program exposes."""
    suffixes = {"histogram": ("_bucket", "_sum", "_count"), "counter": ("",), "gauge": ("",)}
    return {row.exposed + suffix for row in TABLE for suffix in suffixes[row.kind]}


def names(expression: str) -> set[str]:
    """The series that PromQL selects."""
    bare = re.sub(r'"[^"]*"|\{[^}]*\}|\[[^\]]*\]', " ", expression)
    bare = re.sub(r"\b(by|without|on|ignoring)\s*\([^)]*\)", " ", bare)
    bare = re.sub(r"\boffset \w+", " ", bare)
    return set(re.findall(r"[a-zA-Z_][\w:]*", bare)) - KEYWORDS


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("deploy_prometheus_generate", PROMETHEUS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


# -- the tools' own checks -----------------------------------------------------------------------------------


def run(*command: str, timeout_s: float = PATIENCE_S) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"


def test_the_objectives_rules_are_as_generated() -> None:
    slo = generator()
    assert slo.RULES.read_text(encoding="utf-8") == slo.render(), "run python deploy/prometheus/generate.py"


def test_promtool_takes_rules_and_configuration() -> None:
    run(require("promtool"), "check", "rules", *map(str, RULES))
    for config in CONFIGS:
        run(require("promtool"), "check", "config", str(config))


@pytest.mark.slow
@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.name.removesuffix(".test.yml"))
def test_alerts_fire_and_stay_quiet_as_their_cases_say(path: Path) -> None:
    run(require("promtool"), "test", "rules", str(path), timeout_s=CASE_PATIENCE_S)


def test_amtool_takes_the_routing() -> None:
    run(
        require("amtool", "install Debian's package `prometheus-alertmanager`"),
        "check-config",
        str(ALERTMANAGER),
    )


# -- every alert is whole ------------------------------------------------------------------------------------


def test_every_alert_has_a_case_that_fires_it_and_one_that_does_not() -> None:
    fires: dict[str, set[str]] = defaultdict(set)
    quiet: dict[str, set[str]] = defaultdict(set)
    for path in TESTS:
        for case in load(path)["tests"]:
            for check in case["promql_expr_test"]:
                if not check["expr"].startswith("ALERTS"):
                    continue
                meant = re.search(r'alertname=~?"([^"]+)"', check["expr"])
                assert meant, check["expr"]
                expected = {
                    re.search(r'alertname="(\w+)"', sample["labels"])[1]  # type: ignore[index]
                    for sample in check.get("exp_samples", [])
                }
                for alert in ALERTS:
                    if re.fullmatch(meant[1], alert):
                        (fires if alert in expected else quiet)[alert].add(case["name"])
    assert set(fires) == set(ALERTS)
    for alert in ALERTS:
        assert quiet[alert] - fires[alert], f"{alert}: no case in which it never fires"


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_says_how_urgent_it_is_what_it_means_and_where_to_read_on(alert: str) -> None:
    rule = ALERTS[alert]
    assert rule["labels"]["severity"] in {"page", "ticket"}
    notes = rule["annotations"]
    assert set(notes) == {"summary", "description", "runbook"}
    assert notes["runbook"] == f"{{{{ $externalLabels.runbook_base }}}}deploy/runbooks/{alert}.md"
    title = (RUNBOOKS / f"{alert}.md").read_text(encoding="utf-8").splitlines()[0]
    assert title == f"# {alert} ({rule['labels']['severity']})"


def test_every_runbook_is_of_an_alert_or_of_what_none_can_see_and_has_all_its_parts() -> None:
    found = {path.stem for path in RUNBOOKS.glob("*.md")} - {"README"}
    assert found == set(ALERTS) | NOTICED
    for alert in found:
        text = (RUNBOOKS / f"{alert}.md").read_text(encoding="utf-8")
        places = [
            text.find(part) for part in ("**Means.**", "**Look", "**Do", "**Over when**", "**False alarm.**")
        ]
        assert -1 not in places, alert
        assert places == sorted(places), alert


def test_rules_name_only_metrics_that_exist() -> None:
    known = metrics() | RECORDED | NOT_OURS
    for rule in rules():
        unknown = names(rule["expr"]) - known
        assert not unknown, f"{rule.get('alert') or rule.get('record')}: {sorted(unknown)}"


def test_the_freshness_objective_is_a_bucket_of_the_histogram() -> None:
    (age,) = (row for row in TABLE if row.name == "event_age")
    bounds = {f'le="{bound}"' for bound in age.buckets}
    used = {found for rule in rules() for found in re.findall(r'le="[^"]+"', rule["expr"])}
    assert used
    assert used <= bounds


def test_jobs_are_the_services() -> None:
    services = {name.value for name in Name}
    for config in map(load, CONFIGS):
        assert {job["job_name"] for job in config["scrape_configs"]} == services | {"prometheus"}
    for rule in rules():
        for listed in re.findall(r'job=~?"([^"]+)"', rule["expr"]):
            assert set(listed.split("|")) <= services


# -- routing -------------------------------------------------------------------------------------------------


def test_the_readme_starts_services_where_the_local_configuration_scrapes_them() -> None:
    readme = (PROMETHEUS.parent / "README.md").read_text(encoding="utf-8")
    (started,) = re.findall(r"^for at in (.*); do$", readme, re.MULTILINE)
    jobs = {
        job["job_name"]: job["static_configs"][0]["targets"]
        for job in load(PROMETHEUS / "local.yml")["scrape_configs"]
    }
    assert jobs == {
        **{name: [f"127.0.0.1:{port}"] for name, port in (at.split(":") for at in started.split())},
        "prometheus": ["127.0.0.1:9090"],
    }


def test_routes_and_inhibitions_name_alerts_and_labels_that_exist() -> None:
    config = load(ALERTMANAGER)
    severities = {matcher for route in config["route"]["routes"] for matcher in route["matchers"]}
    assert severities == {'severity = "page"', 'severity = "ticket"'}
    receivers = {receiver["name"] for receiver in config["receivers"]}
    assert {
        config["route"]["receiver"],
        *(route["receiver"] for route in config["route"]["routes"]),
    } <= receivers
    for inhibition in config["inhibit_rules"]:
        for matcher in (*inhibition["source_matchers"], *inhibition["target_matchers"]):
            name, pattern = re.fullmatch(r'(\w+) =~? "([^"]+)"', matcher).groups()  # type: ignore[union-attr]
            if name == "alertname":
                for part in pattern.split("|"):
                    assert any(re.fullmatch(part, alert) for alert in ALERTS), f"no alert {part}"
            else:
                assert name in {"job", "group"}


def test_no_alert_inhibits_itself_in_a_circle() -> None:
    held: dict[str, set[str]] = defaultdict(set)
    for inhibition in load(ALERTMANAGER)["inhibit_rules"]:
        sources, targets = (
            {alert for alert in ALERTS for matcher in inhibition[side] if _matches(matcher, alert)}
            for side in ("source_matchers", "target_matchers")
        )
        for source in sources:
            held[source] |= targets

    def below(alert: str, path: tuple[str, ...]) -> None:
        assert alert not in path, f"{path} {alert}"
        for target in held.get(alert, ()):
            below(target, (*path, alert))

    for alert in list(held):
        below(alert, ())


def _matches(matcher: str, alert: str) -> bool:
    found = re.fullmatch(r'alertname =~? "([^"]+)"', matcher)
    return bool(found and re.fullmatch(found[1], alert))


# -- what the runbooks tell people to type and to look at ----------------------------------------------------


def lines(path: Path) -> Iterator[str]:
    """Commands of a runbook: lines of its code blocks, and what stands in back quotes."""
    text = path.read_text(encoding="utf-8")
    for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL):
        yield from block.splitlines()
    yield from re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))


PAGES = sorted(path for path in RUNBOOKS.glob("*.md") if path.stem != "README")


def test_queries_of_the_runbooks_are_promql_about_metrics_that_exist(tmp_path: Path) -> None:
    found = {}
    for path in PAGES:
        for number, line in enumerate(lines(path)):
            if line.startswith("query "):
                found[f"{path.stem}:{number}"] = shlex.split(line, comments=True)[1]
    assert len(found) > len(PAGES)
    for where, expression in found.items():
        unknown = names(expression) - metrics() - RECORDED - NOT_OURS
        assert not unknown, f"{where}: {sorted(unknown)}"
    written = tmp_path / "queries.yml"
    written.write_text(json.dumps({"groups": [{"name": "q", "rules": [
        {"record": f"q:{index}", "expr": expression} for index, expression in enumerate(found.values())
    ]}]}))  # fmt: skip
    run(require("promtool"), "check", "rules", str(written))


def test_commands_of_the_runbooks_exist_with_their_options() -> None:
    root = typer.main.get_command(app)
    seen = 0
    for path in PAGES:
        for line in lines(path):
            words = shlex.split(line, comments=True)
            at = next(
                (
                    place
                    for place, word in enumerate(words)
                    if word == "onrecord" and words[place - 1] != "-n"
                ),
                None,
            )
            if words[:1] == ["on"]:
                at = 0
            if at is None:
                continue
            rest = words[at + 1 :]
            _resolve(root, rest[: rest.index("|")] if "|" in rest else rest, f"{path.stem}: {line}")
            seen += 1
    assert seen > 10


def _resolve(command: Any, words: list[str], where: str) -> None:
    """Walk down typer's commands (its own copy of click, so not click's classes)."""
    while hasattr(command, "commands"):
        assert words, where
        if words[0] == "…":
            return
        assert words[0] in command.commands, f"{where}: no command {words[0]}"
        command, words = command.commands[words[0]], words[1:]
    options = {option for parameter in command.params for option in parameter.opts}
    for word in words:
        assert not word.startswith("--") or word in options, f"{where}: no option {word}"


def test_panels_named_in_the_runbooks_exist() -> None:
    titles: dict[str, set[str]] = {}
    for file in (DEPLOY / "grafana" / "dashboards").glob("*.json"):
        board = json.loads(file.read_text(encoding="utf-8"))
        titles[board["title"].rpartition(" ")[2]] = {panel["title"] for panel in _panels(board["panels"])}
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        for board, panel in re.findall(rf"\*({'|'.join(titles)})\*, \*([^*]+)\*", text):
            assert panel in titles[board], f"{path.stem}: {board} has no panel {panel}"


def _panels(items: list[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for item in items:
        yield item
        yield from _panels(item.get("panels", []))


def test_links_between_runbooks_lead_somewhere() -> None:
    for path in RUNBOOKS.glob("*.md"):
        for target in re.findall(r"\]\(([^)]+)\)", path.read_text(encoding="utf-8")):
            assert (RUNBOOKS / target).is_file(), f"{path.name}: {target}"
