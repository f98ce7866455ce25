"""Every panel and every rule on real figures; every fault raises its alerts and no others."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from services.chassis.devkafka.jars import ToolMissing, java, libraries
from tests.observability import expressions
from tests.observability.expressions import Expression
from tests.observability.scenario import FAULTS, Scenario
from tests.support.postgres import find_binaries
from tests.support.prometheus import require

pytestmark = [
    pytest.mark.prometheus,
    pytest.mark.kafka,
    pytest.mark.postgres,
    pytest.mark.slow,
    pytest.mark.timeout(3600),
]

STEP_S = 2.0
"""Between two values of a range query: less than the shortest scaled window."""

WITHOUT_DATA = {
    "alerts.yml / CrashLoop": "four starts in a row: promtool test",
    "alerts.yml / NoArticlesReceived": (
        "compares with last week, which is hours ago even when divided: promtool test"
    ),
    "alerts.yml / SourceSilent": (
        "a source must have published for a week: promtool test; the gauge itself in tests/aggregate"
    ),
    "alerts.yml / ExtractionYieldDrop": "needs a baseline of 500 articles: promtool test",
}
"""Expressions that have no data in any scenario here, and where they are tested."""

NOT_PLAYED = {
    "onrecord_positions_forgotten_total": (
        "needs another log under the same record: tests/contract/test_replaced_log.py"
    ),
    "onrecord_pages_skipped_total": (
        "needs an archive of pages that are no articles: tests/ingest/test_warc.py"
    ),
    "onrecord_actor_records_too_large_total": (
        "needs an actor with thousands of statements: tests/aggregate/test_service.py"
    ),
}
"""Counters of what no scenario here does, and where they are tested."""

BY_CHANCE = {
    "alerts.yml / RebalanceStorm": (
        "where the machine stands still, members lose their sessions and come back: promtool test"
    ),
    "alerts.yml / PublishErrors": (
        "counts what was on its way when the broker died, sometimes enough: promtool test"
    ),
}
"""Expressions that need not have data here, and where they are tested."""


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    """Health first; the tests below play the faults, in their order."""
    require("prometheus")
    try:
        java(), libraries()
        missing = (
            "" if find_binaries() else "PostgreSQL's server is missing: install Debian's package `postgresql`"
        )
    except ToolMissing as error:
        missing = f"no Kafka for this test: {error}"
    if missing:
        if os.environ.get("REQUIRE_SERVICES") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    with Scenario(tmp_path_factory.mktemp("scenario")) as played:
        played.healthy()
        yield played


def test_no_alert_fires_in_health(scenario: Scenario) -> None:
    assert scenario.raised(scenario.up_at) == set()


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_raises_its_alerts_and_no_others(scenario: Scenario, name: str) -> None:
    raised = scenario.play(name)
    assert raised >= FAULTS[name].expected.keys()
    for alert in scenario.prometheus.alerts():
        for note in alert["annotations"].values():
            assert note
            assert "<" not in note, f"{alert['labels']['alertname']}: a template failed: {note}"


@pytest.mark.parametrize("kind", ["rules", "panels"])
def test_every_expression_has_data_in_health_or_in_trouble(scenario: Scenario, kind: str) -> None:
    found = list(
        expressions.rules() if kind == "rules" else expressions.panels(int(time.time() - scenario.start))
    )
    assert len(found) > 30
    not_played = [expression for expression in found if any(name in expression.text for name in NOT_PLAYED)]
    found = [expression for expression in found if expression not in not_played]
    assert not any(has_data(scenario, expression) for expression in not_played), (
        "these have data after all: take them off the list"
    )
    allowed = {expression.where for expression in found} & WITHOUT_DATA.keys()
    empty = {
        expression.where: expression.strict for expression in found if not has_data(scenario, expression)
    }
    strangers = {where: text for where, text in empty.items() if where not in allowed | BY_CHANCE.keys()}
    assert not strangers, "no data at any time for:\n" + "\n".join(
        f"{where}\n    {text}" for where, text in strangers.items()
    )
    assert allowed <= empty.keys(), (
        f"no longer without data, take it off the list: {sorted(allowed - empty.keys())}"
    )


def has_data(scenario: Scenario, expression: Expression) -> bool:
    """Whether Prometheus takes the expression, as it is and without its fallback zeros, and the latter had a
    value at some time."""
    scenario.prometheus.query(expression.text)
    return bool(scenario.prometheus.query_range(expression.strict, scenario.start, time.time(), STEP_S))


def test_every_dashboard_is_looked_at() -> None:
    assert {expression.where.partition(" / ")[0] for expression in expressions.panels(60)} == {
        f"onrecord · {name}" for name in ("Pipeline", "Extraction", "Record", "Runtime")
    }
